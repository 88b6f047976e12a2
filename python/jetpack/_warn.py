"""Warnings go to the logger ``jetpack``: to standard error, unless the script has set up logging."""

from __future__ import annotations


def warn(message: str, *words: object) -> None:
    """Logs a warning, its words put in for each ``%s``."""
    # Here and not above: loading it would double the time of a script that only reads a value.
    import logging

    logging.getLogger("jetpack").warning(message, *words)
