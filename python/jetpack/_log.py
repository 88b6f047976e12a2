"""``jetpack.log``: an event for the cluster, as ``jetpack log`` makes it (reference, section 5.5)."""

from __future__ import annotations

from ._bounds import check_known
from ._deliver import deliver

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Optional

#: The priority of a message that names none.
_DEFAULT_PRIORITY = {"info": "medium", "warn": "medium", "error": "high"}
_PRIORITIES = ("low", "medium", "high")


def log(message: str, level: str = "info", priority: Optional[str] = None) -> None:
    """Reports a message to the event log of the server, and from priority medium on to the cluster page.

    ``level``: info, warn or error. ``priority``: low, medium or high; by default high for an error, else medium. While
    the daemon is away the message waits on disk. Raises ``UserError``.
    """
    check_known("level", level, tuple(_DEFAULT_PRIORITY))
    prominence = priority or _DEFAULT_PRIORITY[level]
    check_known("priority", prominence, _PRIORITIES)
    deliver("log", {"message": str(message), "level": level, "priority": prominence})
