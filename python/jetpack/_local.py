"""One request to the daemon over ``run/jetpack.sock``: one JSON object a line, handshake and request in one write, then
lines of progress, if any, and the line that answers.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import time

from ._errors import system_code

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Any, Dict

#: Seconds a daemon that is away or does not answer may hold up a script.
PATIENCE = 1.0

#: The daemon's queue of clients was full: it empties in no time.
_RETRY = 0.02

_VERSION = 1
_MAX_LINE = 6 * 1024 * 1024

#: Bytes of a socket's path that Linux takes: 108 with the terminating zero (unix(7)).
_LONGEST_PATH = 107

#: The daemon's sockets stand in one folder, so the longest of their names decides which.
_LONGEST_NAME = "front-admin.sock"


class Away(Exception):
    """Nobody answered; the text completes "jetpackd …". Whether the daemon has the message is not known."""


def encode(value: Any) -> bytes:
    """JSON in UTF-8; half a surrogate pair, which UTF-8 has no place for, as its escape."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def _fits(folder: str) -> bool:
    return len(os.fsencode(os.path.join(folder, _LONGEST_NAME))) <= _LONGEST_PATH


def find_socket(home: str) -> str:
    """Where the daemon of a home listens.

    In ``run/``, unless that path is too long: then in a folder whose name ``run/sockets`` records, and which is trusted
    only when none but the daemon's user can have put a socket there. Raises ``Away``.
    """
    run = os.path.join(home, "run")
    if _fits(run):
        return os.path.join(run, "jetpack.sock")
    record = os.path.join(run, "sockets")
    try:
        with open(record, encoding="utf-8") as opened:
            folder = opened.read(4096).strip()
        status = os.lstat(folder)
        owners = (0, os.lstat(run).st_uid)
        private = stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) & 0o777 == 0o700 and status.st_uid in owners
        if os.path.isabs(folder) and private and _fits(folder):
            return os.path.join(folder, "jetpack.sock")
    except (OSError, ValueError):
        pass
    raise Away("cannot be found: %s names no folder of sockets that can be trusted" % record)


def _read_line(line: bytes, ident: str) -> Dict[str, Any]:
    """A line of the daemon's about this request. Raises ``Away`` for anything else."""
    unreadable = Away("gave an answer that cannot be read")
    try:
        said = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise unreadable from None
    if not isinstance(said, dict):
        raise unreadable
    ours = said.get("id") == ident
    if isinstance(said.get("progress"), str) or said.get("ok") is True:
        known = ours
    else:
        texts = isinstance(said.get("code"), str) and isinstance(said.get("message"), str)
        known = said.get("ok") is False and texts and (ours or said.get("id") is None)
    if not known:
        raise unreadable
    return said


def _answer(client: socket.socket, ident: str, end: float) -> Dict[str, Any]:
    received = bytearray()
    while True:
        while b"\n" in received:
            line, _, received = received.partition(b"\n")
            said = _read_line(bytes(line), ident)
            if not isinstance(said.get("progress"), str):
                return said
        if len(received) > _MAX_LINE:
            raise Away("gave an answer that cannot be read")
        _limit(client, end)
        chunk = client.recv(65536)
        if not chunk:
            raise Away("closed the connection")
        received += chunk


def _limit(client: socket.socket, end: float) -> None:
    remaining = end - time.monotonic()
    if remaining <= 0:
        raise Away("does not answer")
    client.settimeout(remaining)


def _attempt(path: str, lines: bytes, ident: str, end: float) -> Dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            _limit(client, end)
            client.connect(path)
            _limit(client, end)
            client.sendall(lines)
            return _answer(client, ident, end)
        except BlockingIOError:
            raise
        except socket.timeout:
            raise Away("does not answer") from None
        except (FileNotFoundError, ConnectionRefusedError):
            raise Away("is not running") from None
        except PermissionError:
            raise Away("may not be asked by this user") from None
        except OSError as error:
            raise Away("cannot be reached (%s)" % system_code(error)) from None


def call(path: str, request: Dict[str, Any], within: float = PATIENCE) -> Dict[str, Any]:
    """What the daemon answers to a request within so many seconds in all. Raises ``Away``."""
    end = time.monotonic() + within
    while True:
        remaining = max(0, int((end - time.monotonic()) * 1000))
        hello = encode({"jetpack": {"min": _VERSION, "max": _VERSION}})
        lines = b"%s\n%s\n" % (hello, encode(dict(request, remainingMs=remaining)))
        try:
            return _attempt(path, lines, request["id"], end)
        except BlockingIOError:
            if end - time.monotonic() <= _RETRY:
                raise Away("is asked by too many at once") from None
        time.sleep(_RETRY)
