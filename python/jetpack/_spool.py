"""The spool: where a message waits while the daemon is away. The daemon drains it in the order of the names.

A file is there whole or not at all, also after a power cut: written beside, synced, renamed, and the folder synced.
"""

from __future__ import annotations

import os
import re
import stat

from ._errors import REMEDIES, UserError, system_code

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Any, Dict

#: What may wait. Writers at the same moment may pass it by one message each.
_MAX_FILES = 10000
_MAX_BYTES = 256 * 1024 * 1024

#: "TIME-ID.BYTES.json".
_SIZED = re.compile(r"[0-9]{15}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.([1-9][0-9]{0,7})\.json\Z")

_FOR_OWNER_AND_GROUP = 0o750

#: Any cluster user may add a file, none may take away another's.
_DROP_BOX = 0o1770


def _trouble(code: str, message: str) -> UserError:
    return UserError(message, REMEDIES[code], code)


def _make_folder(folder: str, mode: int) -> None:
    """A folder that exists keeps its mode. One of ours is private from its first instant: a umask only takes away."""
    try:
        os.mkdir(folder, mode)
        os.chmod(folder, stat.S_IMODE(os.lstat(folder).st_mode) | mode)
        return
    except FileExistsError:
        pass
    except OSError as error:
        raise _trouble("home_unusable", "%s cannot be made (%s)" % (folder, system_code(error))) from None
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode):
        raise _trouble("home_unusable", "%s is not a folder" % folder)
    if status.st_mode & stat.S_IWOTH:
        raise _trouble("home_unusable", "%s is writable by everyone: chmod o-w takes that away" % folder)


def _prepare(home: str) -> str:
    """Makes the spool where it is missing. The home must exist: a mistyped one would take messages that nobody reads."""
    try:
        os.lstat(home)
    except OSError as error:
        what = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be looked at (%s)" % system_code(error)
        raise _trouble("home_unusable", "the home folder %s %s: name another with JETPACK_HOME" % (home, what)) from None
    run = os.path.join(home, "run")
    spool = os.path.join(run, "spool")
    _make_folder(run, _FOR_OWNER_AND_GROUP)
    _make_folder(spool, _DROP_BOX)
    _make_folder(os.path.join(spool, "rejected"), _FOR_OWNER_AND_GROUP)
    return spool


def _size(spool: str, name: str) -> int:
    try:
        status = os.lstat(os.path.join(spool, name))
    except FileNotFoundError:  # drained meanwhile
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _told_size(spool: str, name: str) -> int:
    """To look at ten thousand files takes its time."""
    told = _SIZED.match(name)
    return _size(spool, name) if told is None else int(told.group(1))


def _check_room(spool: str, more: int) -> None:
    names = os.listdir(spool)
    if len(names) >= _MAX_FILES:
        raise _trouble("spool_unwritable", "%s holds %d messages, as many as it may" % (spool, _MAX_FILES))
    room = _MAX_BYTES - more
    # By what the names say; where that leaves no room each is looked at, for a name may say anything.
    if sum(_told_size(spool, name) for name in names) > room and sum(_size(spool, name) for name in names) > room:
        raise _trouble("spool_unwritable", "%s holds %d bytes, as many as it may" % (spool, _MAX_BYTES))


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_durably(file: str, beside: str, data: bytes) -> None:
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640)
        with open(descriptor, "wb") as opened:
            os.fchmod(descriptor, 0o640)
            opened.write(data)
            opened.flush()
            os.fsync(descriptor)
        os.rename(beside, file)
    except BaseException:
        try:
            os.unlink(beside)
        except OSError:
            pass
        raise
    _sync_folder(os.path.dirname(file))


def write(home: str, request: Dict[str, Any], text: bytes) -> str:
    """Puts a request, encoded as ``text``, into the spool of a home, durable when this returns: gives the spool's folder.

    Raises ``UserError``.
    """
    try:
        spool = _prepare(home)
        size = len(text) + 1
        _check_room(spool, size)
        name = "%015d-%s.%d.json" % (request["at"], request["id"], size)
        _write_durably(os.path.join(spool, name), os.path.join(spool, ".%d.%s.tmp" % (os.getpid(), request["id"])), text + b"\n")
        return spool
    except OSError as error:
        where = os.path.join(home, "run", "spool")
        raise _trouble("spool_unwritable", "%s cannot be written (%s)" % (where, system_code(error))) from None
