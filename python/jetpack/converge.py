"""What installers tell the server in the course of a converge."""

from __future__ import annotations

import socket

from ._deliver import deliver

TYPE_CHECKING = False  # loading typing would double the time to start; type checkers know the name
if TYPE_CHECKING:
    from typing import Any, Dict, Optional


def _send_installation_status(status: str, message: Optional[str] = None) -> None:
    """Reports how the installation of this node stands, and with it the machine's host name as it is now.

    Installers of schedulers call it with ``warning`` after they renamed the host, so that the server learns the name
    (reference, section 6); ``jetpack hostname-changed`` is the same from a shell. While the daemon is away the message
    waits on disk. Raises ``UserError``.
    """
    fields: Dict[str, Any] = {"status": status, "hostname": socket.gethostname()}
    if message is not None:
        fields["message"] = message
    deliver("installation", fields)
