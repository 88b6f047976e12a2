"""How much of each node array the cluster should have (reference, sections 5.9 and 6; the autoscale API of the documentation).

What is asked for: cores or instances of a node array, by its name. It holds for five minutes, so callers ask again and
again. The other attributes that callers give an array (its machine type, its configuration, dynamic arrays) go with it, for
whoever makes machines. While the daemon is away the request waits on disk; what waits longer than it holds has no effect.
Everything here raises ``UserError``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ._bounds import ATTRIBUTES, COUNT, NAME, TARGETS, as_json, check_length, invalid
from ._deliver import deliver
from ._warn import warn

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional, Union

#: The array of jobs that name none.
_DEFAULT_ARRAY = "execute"

#: How many, by an attribute of an array or by those of its groups. Attributes are written in any case.
_COUNTS = {"targetcorecount": "coreCount", "targetcount": "instanceCount", "targetinstancecount": "instanceCount"}
_GROUP_COUNTS = {"groupcorecount": "coreCount", "groupinstancecount": "instanceCount"}
_GROUPS = "targetgroupcount"

#: Characters of a number in text, with its spaces.
_LONGEST_NUMBER = 64


def set(name: str, corecount: Optional[int] = None, instancecount: Optional[int] = None) -> None:
    """Asks for so many cores, or so many instances, of one node array."""
    array = {"Name": name, "TargetCoreCount": corecount, "TargetCount": instancecount}
    update([{attribute: value for attribute, value in array.items() if value is not None}])


def update(
    arrays: Union[Mapping[str, Any], Iterable[Mapping[str, Any]]],
    expiration_interval: Optional[float] = None,
    request_set: Optional[str] = None,
) -> None:
    """Asks for node arrays, each ``{"Name": …, "TargetCoreCount": …}`` or with ``TargetCount``, a number of instances.

    Groups (``TargetGroupCount`` with ``GroupCoreCount`` or ``GroupInstanceCount``) are asked for as their total. An array
    that comes more than once is asked for with its sum: some callers send one entry a job. An empty list says that this
    node asks for nothing any more. ``expiration_interval`` and ``request_set`` are taken from older callers and change
    nothing.
    """
    targets: Dict[str, Dict[str, Any]] = {}
    left_out: Dict[str, None] = {}
    if expiration_interval is not None:
        left_out["expiration_interval"] = None
    if request_set is not None:
        left_out["request_set"] = None
    for array in [arrays] if isinstance(arrays, Mapping) else arrays:
        _add(targets, array)
    _check(targets)
    if left_out:
        warn("autoscale takes no notice of: %s", ", ".join(left_out))
    deliver("autoscale", {"targets": list(targets.values())})


def scale_by_jobs(
    jobs: Iterable[Mapping[str, Any]], array_definitions: Optional[Iterable[Mapping[str, Any]]] = None
) -> None:
    """Asks for the cores that jobs want: the sum of their ``request_cpus`` for each ``nodearray``.

    A job without ``request_cpus`` counts one, one without ``nodearray`` counts for ``execute``. How long a job takes and
    whether it is grouped change nothing. ``array_definitions`` are attributes of arrays by their ``Name``, as for
    ``update``. No jobs ask for nothing any more.
    """
    cores: Dict[str, int] = {}
    for job in jobs:
        name = job.get("nodearray") or _DEFAULT_ARRAY
        wanted = job.get("request_cpus")
        cores[name] = cores.get(name, 0) + _count(1 if wanted is None else wanted, "request_cpus", name)
    definitions = {definition.get("Name"): definition for definition in array_definitions or ()}
    arrays: List[Dict[str, Any]] = []
    for name, count in cores.items():
        arrays.append(dict(definitions.get(name, {}), Name=name, TargetCoreCount=count))
    update(arrays)


def _count(value: Any, attribute: str, name: str) -> int:
    """A number of something; from text as well, as schedulers print it."""
    whole = value
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and value.strip().isdecimal():
        whole = int(value)
    elif isinstance(value, float) and value.is_integer():
        whole = int(value)
    if not isinstance(whole, int) or isinstance(whole, bool) or not 0 <= whole <= COUNT:
        raise invalid("%s of %s is %r: a whole number from 0 on is wanted" % (attribute, name, value))
    return whole


def _plain(value: Any, attribute: str, name: str) -> Any:
    """As whoever reads it will have it, tuples being lists."""
    try:
        return json.loads(as_json(value))
    except (TypeError, ValueError, RecursionError):
        raise invalid("%s of %s cannot be written as JSON" % (attribute, name)) from None


def _check(targets: Dict[str, Dict[str, Any]]) -> None:
    """What only the whole request shows."""
    if len(targets) > TARGETS:
        raise invalid("%d node arrays are asked for: at most %d are allowed" % (len(targets), TARGETS))
    for name, target in targets.items():
        if max(target.get("coreCount", 0), target.get("instanceCount", 0)) > COUNT:
            raise invalid("more is asked for of %s than can be counted: at most %d" % (name, COUNT))
        check_length("what else is said of %s" % name, as_json(target.get("attributes", {})), ATTRIBUTES)


def _add(targets: Dict[str, Dict[str, Any]], array: Mapping[str, Any]) -> None:
    name = next((value for attribute, value in array.items() if attribute.lower() == "name"), None)
    if not isinstance(name, str) or not name:
        raise invalid("a node array has no Name")
    check_length("the Name of a node array", name, NAME)
    groups = next((_count(value, key, name) for key, value in array.items() if key.lower() == _GROUPS), 1)
    wanted: Dict[str, int] = {}
    attributes: Dict[str, Any] = {}
    for attribute, value in array.items():
        key = attribute.lower()
        if key in _COUNTS:
            wanted[_COUNTS[key]] = _count(value, attribute, name)
        elif key in _GROUP_COUNTS:
            wanted[_GROUP_COUNTS[key]] = groups * _count(value, attribute, name)
        elif key not in ("name", _GROUPS):
            attributes[attribute] = _plain(value, attribute, name)
    if not wanted:
        raise invalid("neither cores nor instances are asked for of %s" % name)
    target = targets.setdefault(name, {"name": name})
    for what, count in wanted.items():
        target[what] = target.get(what, 0) + count
    if attributes:
        target["attributes"] = dict(target.get("attributes", {}), **attributes)
