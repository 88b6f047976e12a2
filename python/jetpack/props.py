"""The node's properties, read from ``config/properties.json`` and the configuration: no process, no daemon.

Answers as ``jetpack props get`` does (reference, section 5.2): what was set as a property goes before what the
configuration has under the same key, so both agree about everything that nobody set.
"""

from __future__ import annotations

import os

from . import config as _config
from ._errors import ConfigError
from ._home import home
from ._tree import MISSING, Unusable, look_up, read_tree

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

__all__ = ["ConfigError", "get"]


def get(key: Optional[str] = None, default: Any = MISSING) -> Any:
    """What stands under a dotted key, such as ``azure.vm_size``; without a key the properties that were set, as a dict.

    A missing key gives ``default``, which may be None, and without one raises ``ConfigError``, as does a file that
    cannot be read.
    """
    tree = _tree()
    found = tree if key is None else look_up(tree, key)
    return found if found is not MISSING else _config.get(key, default)


def _tree() -> Dict[str, Any]:
    file = os.path.join(home(), "config", "properties.json")
    try:
        return read_tree(file)
    except Unusable as error:
        if error.kind == "missing":
            return {}
        if error.kind == "forbidden":
            raise ConfigError("%s may be read by root and the group cyclecloud only" % file, "file_unreadable") from None
        raise ConfigError("%s %s" % (file, error), "config_damaged") from None
