"""The home of the node a script is about: the folder that holds what the node is."""

from __future__ import annotations

import os

_STANDARD = "/opt/cycle/jetpack"


def home() -> str:
    """An absolute path: ``JETPACK_HOME``, else ``CYCLECLOUD_HOME``, else the standard place. Empty counts as unset."""
    return os.path.abspath(os.environ.get("JETPACK_HOME") or os.environ.get("CYCLECLOUD_HOME") or _STANDARD)
