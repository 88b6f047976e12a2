"""The exceptions of this package. ``jetpack.config`` and ``jetpack.util`` are where callers find them."""

from __future__ import annotations

import errno

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Optional

#: What to do about a code of the agent: the same words as in its own list of codes.
REMEDIES = {
    "home_unusable": "Check that the home exists, is writable and its disk has room, or name another with --home.",
    "message_too_large": "Send a shorter message, or put the content elsewhere and send its address.",
    "spool_unwritable": "Check that run/spool exists, is writable and its disk has room.",
    "handshake_unsupported": "Use the jetpack command that came with this jetpackd.",
    "request_invalid": "The line names the field or parameter.",
    "outbox_full": "Restore the connection to the broker, or raise the bound.",
    "outbox_unwritable": "Check the disk under run/: space, permissions, read-only mount.",
    "internal": "Report it with the log.",
}


class ConfigError(Exception):
    """A configuration key that is not there, or a configuration that cannot be read.

    ``code`` tells them apart: ``key_missing``, ``file_unreadable`` (no file, or not for this user), ``config_damaged``.
    The text names a missing key in full: callers look for it there.
    """

    __module__ = "jetpack.config"  # the name that callers know, in tracebacks too

    def __init__(self, message: str, code: Optional[str] = None) -> None:
        super().__init__(message)
        self.code = code


class UserError(Exception):
    """Something the user can mend: ``message`` says what is wrong, ``recommendation`` what to do about it.

    ``code`` is that of the agent's list of codes where it has one.
    """

    __module__ = "jetpack.util"

    def __init__(self, message: str, recommendation: Optional[str] = None, code: Optional[str] = None) -> None:
        super().__init__(message, recommendation)
        self.message = message
        self.recommendation = recommendation
        self.code = code

    def __str__(self) -> str:
        if self.recommendation is None:
            return self.message
        return "%s. Recommendation: %s" % (self.message, self.recommendation)


def system_code(error: OSError) -> str:
    """What the system calls an error (``ENOENT``), or the error's own words when it has no such name."""
    return errno.errorcode.get(error.errno or 0) or error.strerror or str(error)
