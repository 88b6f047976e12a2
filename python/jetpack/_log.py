"""``jetpack.log``: an event for the cluster, as ``jetpack log`` makes it (reference, section 5.5)."""

from __future__ import annotations


from ._deliver import deliver
from ._errors import REMEDIES, UserError

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Optional, Tuple

#: The priority of a message that names none.
_DEFAULT_PRIORITY = {"info": "medium", "warn": "medium", "error": "high"}
_PRIORITIES = ("low", "medium", "high")


def log(message: str, level: str = "info", priority: Optional[str] = None) -> None:
    """Reports a message to the event log of the server, and from priority medium on to the cluster page.

    ``level``: info, warn or error. ``priority``: low, medium or high; by default high for an error, else medium. While
    the daemon is away the message waits on disk. Raises ``UserError``.
    """
    _check("level", level, tuple(_DEFAULT_PRIORITY))
    prominence = priority or _DEFAULT_PRIORITY[level]
    _check("priority", prominence, _PRIORITIES)
    deliver("log", {"message": str(message), "level": level, "priority": prominence})


def _check(what: str, given: str, known: Tuple[str, ...]) -> None:
    if given not in known:
        message = "%r is no %s: known are %s" % (given, what, ", ".join(known))
        raise UserError(message, REMEDIES["request_invalid"], "request_invalid")
