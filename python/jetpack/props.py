"""The node's properties, read from ``config/properties.json`` and the configuration: no process, no daemon.

Answers as ``jetpack props get`` does (reference, section 5.2): what the configuration says, under the names that
properties have for it, and over that what somebody set.
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

#: Where each comes from in the configuration: the same table as that of the command line.
_SOURCES = {
    "os.id": "os_release.id",
    "os.id_like": "os_release.id_like",
    "os.version": "os_release.version",
    "os.version_id": "os_release.version_id",
    "azure.subscription_id": "azure.metadata.compute.subscriptionId",
    "azure.vm_size": "azure.metadata.compute.vmSize",
    "azure.location": "azure.metadata.compute.location",
    "azure.resource_group": "azure.metadata.compute.resourceGroupName",
    "cyclecloud.url": "cyclecloud.config.web_server",
    "cyclecloud.cluster": "cyclecloud.cluster.name",
    "cyclecloud.node": "cyclecloud.node.name",
    "cyclecloud.owner": "cyclecloud.cluster.user.name",
    "vm.hostname": "hostname",
    "vm.ipv4": "ipaddress",
    "vm.physical_hostname": "virtualization.hypervisor_host",
}


def get(key: Optional[str] = None, default: Any = MISSING) -> Any:
    """What stands under a dotted key, such as ``azure.vm_size``; without a key all properties as a dict.

    A missing key gives ``default``, which may be None, and without one raises ``ConfigError``, as do files that
    cannot be read.
    """
    were_set: Dict[str, Any] = {}
    trouble: Optional[ConfigError] = None
    try:
        were_set = _were_set()
    except ConfigError as error:
        trouble = error
    try:
        configuration = _config.get()
    except ConfigError:
        # What was set is an answer all the same; that something was not is none.
        found = MISSING if key is None else look_up(were_set, key)
        if found is MISSING or isinstance(found, dict):
            raise
        return found
    if trouble is not None:
        raise trouble
    tree = _over(_derived(configuration), were_set)
    found = tree if key is None else look_up(tree, key)
    if found is not MISSING:
        return found
    if default is not MISSING:
        return default
    raise ConfigError("the node has no property '%s'" % key, "key_missing")


def _derived(configuration: Dict[str, Any]) -> Dict[str, Any]:
    tree: Dict[str, Any] = {}
    for name, source in _SOURCES.items():
        value = look_up(configuration, source)
        if value is not MISSING:
            group, _, last = name.partition(".")
            tree.setdefault(group, {})[last] = _as_property(value)
    return tree


def _as_property(value: Any) -> Any:
    """The words of a list stand in one text, as in /etc/os-release."""
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return " ".join(value)
    return value


def _over(lower: Dict[str, Any], upper: Dict[str, Any]) -> Dict[str, Any]:
    tree = dict(lower)
    for name, value in upper.items():
        below = tree.get(name)
        tree[name] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return tree


def _were_set() -> Dict[str, Any]:
    file = os.path.join(home(), "config", "properties.json")
    try:
        return read_tree(file)
    except Unusable as error:
        if error.kind == "missing":
            return {}
        if error.kind == "forbidden":
            raise ConfigError("%s may be read by root and the group cyclecloud only" % file, "file_unreadable") from None
        raise ConfigError("%s %s" % (file, error), "config_damaged") from None
