"""One instance of a script at a time, by the file that holds its process id.

The running instance holds a lock on the file for as long as it lives, so that neither a file left behind nor a process
id given to somebody else makes a script stay away.
"""

from __future__ import annotations

import fcntl
import os
from typing import Dict

#: Files this process holds the lock of, by path: closing a descriptor gives up its lock.
_held: Dict[str, int] = {}


def _same_file(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def already_running(pidfile: str) -> bool:
    """Whether another process that called this with the same file still runs; if not, the file is now this process's.

    Whoever got False may remove the file when done. Raises what the file system says of a file that cannot be written.
    """
    path = os.path.abspath(pidfile)
    if path in _held and _same_file(_held[path], path):
        return False
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return True
        # The instance before may have removed the file between opening it here and locking it.
        if _same_file(descriptor, path):
            break
        os.close(descriptor)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
    if path in _held:
        os.close(_held[path])
    _held[path] = descriptor
    return False
