"""A message's way out of a script: to the daemon, or into the spool while the daemon is away, under one id either way."""

from __future__ import annotations

import os
import time

from . import _spool
from ._bounds import invalid
from ._errors import REMEDIES, UserError
from ._home import home
from ._local import Away, call, encode, find_socket
from ._tree import MAX_DEPTH, nests_too_deep
from ._warn import warn

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Any, Dict

#: Bytes of a message: one event's bound, less what the daemon adds.
_MAX_BYTES = 1024 * 1024 - 1024

#: Refusals that pass by themselves: the spool keeps the message until then.
_PASSING = frozenset(["busy", "timeout", "daemon_unreachable", "actor_crashed", "actor_stopped"])


def new_id(at: int) -> str:
    """A UUID of version 7 (RFC 9562, section 5.7): 48 bits of wall-clock milliseconds, then randomness."""
    data = bytearray(at.to_bytes(6, "big") + os.urandom(10))
    data[6] = data[6] & 0x0F | 0x70
    data[8] = data[8] & 0x3F | 0x80
    digits = data.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def deliver(verb: str, fields: Dict[str, Any]) -> None:
    """Ends when the message is durable, with the daemon or in the spool; the latter is a warning to the log.

    Raises ``UserError`` when the daemon refuses it or neither can take it.
    """
    at = int(time.time() * 1000)
    request = dict(fields, verb=verb, id=new_id(at), at=at)
    if nests_too_deep(request):
        raise invalid("the message nests deeper than %d levels" % MAX_DEPTH)
    text = encode(request)
    if len(text) > _MAX_BYTES:
        message = "the message takes %d bytes: at most %d are allowed" % (len(text), _MAX_BYTES)
        raise UserError(message, REMEDIES["message_too_large"], "message_too_large")
    where = home()
    try:
        reply = call(find_socket(where), request)
    except Away as away:
        return _keep(where, request, text, str(away))
    if reply["ok"]:
        return None
    code, said = reply["code"], reply["message"]
    if code in _PASSING:
        return _keep(where, request, text, "answers: %s (%s)" % (said, code))
    raise UserError(said, REMEDIES.get(code), code)


def _keep(where: str, request: Dict[str, Any], text: bytes, reason: str) -> None:
    try:
        spool = _spool.write(where, request, text)
    except UserError as error:
        raise UserError("%s, and jetpackd %s" % (error.message, reason), error.recommendation, error.code) from None
    warn("jetpackd %s: the message waits in %s", reason, spool)
