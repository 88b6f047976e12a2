"""The node's configuration, read from ``config/node.json`` alone: no process, no daemon.

Answers as ``jetpack config`` does (reference, section 5.1 and 6), with Python's own values: booleans are booleans, null is
None, lists and objects are lists and dicts. The file is read at each call, so an answer is never stale.
"""

from __future__ import annotations

import os

from ._errors import ConfigError
from ._home import home
from ._tree import MISSING, Unusable, look_up, read_tree
from ._warn import warn

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

__all__ = ["ConfigError", "get"]


def get(key: Optional[str] = None, default: Any = MISSING) -> Any:
    """What stands under a dotted key, such as ``cyclecloud.node.name``; without a key the whole configuration as a dict.

    A missing key gives ``default``, which may be None, and without one raises ``ConfigError``. A configuration that
    cannot be read raises ``ConfigError`` whatever the default: that is no answer about the key. A damaged node.json is
    replaced by its last good copy, with a warning to the log.
    """
    tree = _tree()
    found = tree if key is None else look_up(tree, key)
    if found is not MISSING:
        return found
    if default is not MISSING:
        return default
    raise ConfigError("the configuration has no key '%s'" % key, "key_missing")


def _forbidden(file: str) -> ConfigError:
    return ConfigError("%s may be read by root and the group cyclecloud only" % file, "file_unreadable")


def _tree() -> Dict[str, Any]:
    folder = os.path.join(home(), "config")
    node, last_good = os.path.join(folder, "node.json"), os.path.join(folder, "node.last-good.json")
    try:
        return read_tree(node)
    except Unusable as error:
        trouble = error
    if trouble.kind == "forbidden":
        raise _forbidden(node)
    wrong = "%s %s" % (node, trouble)
    try:
        tree = read_tree(last_good)
    except Unusable as error:
        if error.kind == "forbidden":
            raise _forbidden(last_good) from None
        if error.kind == "damaged":
            raise ConfigError("%s, and %s %s" % (wrong, last_good, error), "config_damaged") from None
        if trouble.kind == "missing":
            raise ConfigError("%s: jetpackd writes it when it first starts" % wrong, "file_unreadable") from None
        raise ConfigError("%s, and there is no earlier good one" % wrong, "config_damaged") from None
    warn("%s: this is from %s", wrong, last_good)
    return tree
