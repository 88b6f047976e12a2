"""Bounds that the agent puts on what it is told. What goes beyond them is refused here, where the caller hears of it: a
message that has waited in the spool would be refused when nobody listens any more.
"""

from __future__ import annotations

import json

from ._errors import REMEDIES, UserError

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Any, Tuple

#: Characters of the name of a node array.
NAME = 255

#: Node arrays of one request.
TARGETS = 1000

#: Characters of the attributes of one node array, as JSON.
ATTRIBUTES = 8192

#: Cores or instances: the largest number that every reader of JSON has whole.
COUNT = 2**53 - 1

#: Characters of the message of an installation.
MESSAGE = 10000


def invalid(message: str) -> UserError:
    """What is raised for a value that the agent would not take."""
    return UserError(message, REMEDIES["request_invalid"], "request_invalid")


def characters(text: str) -> int:
    """How many a text has as the agent counts them: one beyond U+FFFF counts two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def as_json(value: Any) -> str:
    """A value as the agent writes it. Raises like ``json.dumps``."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def check_length(what: str, text: str, most: int) -> None:
    """``what`` completes "… has 300 characters"."""
    found = characters(text)
    if found > most:
        raise invalid("%s has %d characters: at most %d are allowed" % (what, found, most))


def check_known(what: str, given: Any, known: Tuple[str, ...]) -> None:
    """That a word is one of a few."""
    if not isinstance(given, str) or given not in known:
        raise invalid("%r is no %s: known are %s" % (given, what, ", ".join(known)))
