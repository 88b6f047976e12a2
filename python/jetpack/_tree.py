"""Files of the home's ``config/`` that hold a tree of values in JSON: reading one, and what stands under a key.

Both are what ``jetpack config`` does, to the last rule: bounds on the file, keys with dots in names, indices of lists.
"""

from __future__ import annotations

import json
import os
import re
import stat

from ._errors import system_code

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Any, Dict

#: Stands for "nothing": None is a value like any other.
MISSING: Any = object()

_MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64

_INDEX = re.compile(r"(0|[1-9][0-9]{0,9})(?:\.|\Z)")


class Unusable(Exception):
    """A file without a tree; the text completes "it …". ``kind``: ``missing``, ``forbidden`` to this user, or ``damaged``."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def _integer(text: str) -> Any:
    try:
        return int(text)
    except ValueError:  # more digits than this Python is willing to convert
        return float(text)


def _no_constant(_name: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")


def nests_too_deep(tree: Any) -> bool:
    """Whether lists and dicts stand in each other deeper than the agent reads."""
    level = [tree]
    for _ in range(MAX_DEPTH):
        members = (each.values() if isinstance(each, dict) else each for each in level)
        level = [member for each in members for member in each if isinstance(member, (dict, list))]
        if not level:
            return False
    return True


def _parse(data: bytes) -> Dict[str, Any]:
    too_deep = Unusable("damaged", "nests deeper than %d levels" % MAX_DEPTH)
    if not data:
        raise Unusable("damaged", "is empty")
    try:
        tree = json.loads(data.decode("utf-8"), parse_int=_integer, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Unusable("damaged", "is not valid UTF-8") from None
    except RecursionError:
        raise too_deep from None
    except ValueError:
        raise Unusable("damaged", "is not JSON") from None
    if not isinstance(tree, dict):
        raise Unusable("damaged", "is not a JSON object")
    if nests_too_deep(tree):
        raise too_deep
    return tree


def _read(file: str) -> bytes:
    # Without waiting: a pipe in its place has no end.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unusable("damaged", "is not a regular file")
        if status.st_size > _MAX_BYTES:
            raise Unusable("damaged", "has %d bytes: at most %d are allowed" % (status.st_size, _MAX_BYTES))
        with open(descriptor, "rb", closefd=False) as opened:
            return opened.read(_MAX_BYTES)
    finally:
        os.close(descriptor)


def read_tree(file: str) -> Dict[str, Any]:
    """The tree in a file. Raises ``Unusable``, and nothing else."""
    try:
        return _parse(_read(file))
    except FileNotFoundError:
        raise Unusable("missing", "does not exist") from None
    except PermissionError:
        raise Unusable("forbidden", "may not be read") from None
    except OSError as error:
        raise Unusable("damaged", "cannot be read (%s)" % system_code(error)) from None


def look_up(value: Any, key: str) -> Any:
    """What stands under a dotted key; ``MISSING`` when nothing does.

    Elements of lists are named by their index, from 0. A member's name may have dots itself: where a name and a path
    both fit, the longer name wins. Each value of the tree is looked at once at most, whatever the key.
    """
    if isinstance(value, list):
        found = _INDEX.match(key)
        if found is None or int(found.group(1)) >= len(value):
            return MISSING
        return _under(value[int(found.group(1))], key, len(found.group(1)))
    if not isinstance(value, dict):
        return MISSING
    end = len(key)
    while end != -1:
        if key[:end] in value:
            under = _under(value[key[:end]], key, end)
            if under is not MISSING:
                return under
        end = key.rfind(".", 0, end)
    return MISSING


def _under(member: Any, key: str, end: int) -> Any:
    """What stands under the rest of a key whose first ``end`` characters named ``member``."""
    return member if end == len(key) else look_up(member, key[end + 1 :])
