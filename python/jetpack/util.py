"""What scripts around the agent share: logging, one instance at a time, requests to the server (reference, section 6)."""

from __future__ import annotations

import datetime
import io
import logging
import logging.handlers
import os
import sys
from typing import Union

from ._errors import UserError
from ._home import home
from ._pidfile import already_running
from ._server import get_cyclecloud_connection, query_cyclecloud, test_cyclecloud_connection
from ._settings import parse_config

__all__ = [
    "UserError",
    "already_running",
    "get_cyclecloud_connection",
    "is_linux",
    "iso_8601_timestamp",
    "parse_config",
    "query_cyclecloud",
    "setup_logging",
    "test_cyclecloud_connection",
]


class _AgentLog(logging.handlers.WatchedFileHandler):
    """``logs/jetpack.log``, which the agent moves away when it has grown: then the new one is written."""

    def _open(self) -> io.TextIOWrapper:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return open(os.open(self.baseFilename, flags, 0o640), "a", encoding="utf-8", errors="backslashreplace")


def setup_logging(level: Union[int, str] = logging.INFO) -> None:
    """Sends what a script logs to ``logs/jetpack.log``, or to standard error where this user may not write that file.

    Called again, it only changes the level. Other handlers of the root logger stay.
    """
    root = logging.getLogger()
    root.setLevel(level)
    if any(getattr(handler, "_of_jetpack", False) for handler in root.handlers):
        return
    try:
        handler: logging.Handler = _AgentLog(os.path.join(home(), "logs", "jetpack.log"))
    except OSError:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler._of_jetpack = True  # type: ignore[attr-defined]
    root.addHandler(handler)


def is_linux() -> bool:
    """Whether this machine runs Linux."""
    return sys.platform.startswith("linux")


def iso_8601_timestamp() -> str:
    """Now in UTC, as the server's messages have it: ``2024-05-06T07:08:09.123Z``."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
