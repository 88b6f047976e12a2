"""What Python scripts on a node import: the node's configuration, and messages to its agent.

The modules are the public ones; a name that begins with an underscore is not, except the one function of ``converge``
that installers call. Scripts write ``import jetpack`` and go on with ``jetpack.config.get(...)``, so a module is loaded
when it is first named, and a script pays for no other. Nothing in here writes to standard output.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Any

_MODULES = ("autoscale", "config", "converge", "props", "util")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module("." + name, __name__)
    if name == "log":
        return importlib.import_module("._log", __name__).log
    raise AttributeError("module 'jetpack' has no attribute '%s'" % name)
