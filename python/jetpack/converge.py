"""What installers tell the server in the course of a converge."""

from __future__ import annotations

import socket

from ._bounds import MESSAGE, check_known, check_length
from ._deliver import deliver

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

_STATUSES = ("success", "warning", "error")


def _send_installation_status(status: str, message: Optional[str] = None) -> None:
    """Reports how the installation of this node stands, and with it the machine's host name as it is now.

    Installers of schedulers call it with ``warning`` after they renamed the host, so that the server learns the name
    (reference, section 6); the others are ``success`` and ``error``. ``jetpack hostname-changed`` is the same from a
    shell. While the daemon is away the message waits on disk. Raises ``UserError``.
    """
    check_known("status", status, _STATUSES)
    fields: Dict[str, Any] = {"status": status, "hostname": socket.gethostname()}
    if message is not None:
        fields["message"] = str(message)
        check_length("the message", fields["message"], MESSAGE)
    deliver("installation", fields)
