"""Requests to the server's HTTP API with the node's own credentials."""

from __future__ import annotations

import base64
import http.client
import ssl
import urllib.parse
import urllib.request
from typing import Dict, NamedTuple, Optional, Tuple, Union

from . import config as _config
from ._errors import ConfigError, UserError, system_code
from ._settings import Settings, parse_config

#: Seconds for each step of a request: connecting, sending, waiting for the answer.
_TIMEOUT = 60.0

_SET_KEYS = "Set cyclecloud.config.web_server, username and password in the configuration of the node."

#: Answered to a node by its credentials alone.
_WHO_I_AM = "/clusterlink/node"

Connection = Union[http.client.HTTPConnection, http.client.HTTPSConnection]


class _Address(NamedTuple):
    """Where the API of a server is."""

    scheme: str
    host: str
    port: int
    #: What stands before every path of the API: empty, or a path without a slash at its end.
    prefix: str

    def __str__(self) -> str:
        host = "[%s]" % self.host if ":" in self.host else self.host
        return "%s://%s:%d%s" % (self.scheme, host, self.port, self.prefix)


def _setting(settings: Settings, name: str) -> str:
    value = settings.get("cycle_server", {}).get(name)
    if not value:
        raise UserError("no %s of the server is known" % name, _SET_KEYS, "config_invalid")
    return value


def _address(web_server: str) -> _Address:
    """An address without a scheme is one of HTTPS."""
    try:
        parts = urllib.parse.urlsplit(web_server if "://" in web_server else "https://" + web_server)
        port = parts.port or (80 if parts.scheme == "http" else 443)
        if parts.scheme in ("http", "https") and parts.hostname:
            return _Address(parts.scheme, parts.hostname, port, parts.path.rstrip("/"))
    except ValueError:
        pass
    raise UserError("the address of the server is not one of HTTP or HTTPS", _SET_KEYS, "config_invalid")


def _skips_validation() -> bool:
    try:
        return str(_config.get("cyclecloud.skip_ssl_validation", False)).lower() == "true"
    except ConfigError:  # settings may be given where no configuration can be read
        return False


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    if _skips_validation():
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(("%s:%s" % (username, password)).encode("utf-8")).decode("ascii")


def _proxied(address: _Address) -> Optional[urllib.parse.SplitResult]:
    """The proxy that the environment names for HTTPS, if this server is not to be reached without."""
    proxy = urllib.request.getproxies().get("https")
    if not proxy or urllib.request.proxy_bypass("%s:%d" % (address.host, address.port)):
        return None
    return urllib.parse.urlsplit(proxy if "://" in proxy else "http://" + proxy)


def _connection(address: _Address) -> Connection:
    if address.scheme == "http":
        return http.client.HTTPConnection(address.host, address.port, timeout=_TIMEOUT)
    proxy = _proxied(address)
    if proxy is None or not proxy.hostname:
        return http.client.HTTPSConnection(address.host, address.port, timeout=_TIMEOUT, context=_context())
    connection = http.client.HTTPSConnection(proxy.hostname, proxy.port or 80, timeout=_TIMEOUT, context=_context())
    headers: Dict[str, str] = {}
    if proxy.username is not None:
        name, password = urllib.parse.unquote(proxy.username), urllib.parse.unquote(proxy.password or "")
        headers["Proxy-Authorization"] = _basic(name, password)
    connection.set_tunnel(address.host, address.port, headers)
    return connection


def get_cyclecloud_connection(config: Optional[Union[str, Settings]] = None) -> Tuple[Connection, Dict[str, str]]:
    """A connection to the server, not opened yet, and the headers that every request on it needs.

    ``config`` as for ``parse_config``. Certificates are verified, unless ``cyclecloud.skip_ssl_validation`` is set; the
    environment's ``https_proxy`` and ``no_proxy`` count, and ``SSL_CERT_FILE``. Raises ``UserError`` and ``ConfigError``.
    """
    settings = parse_config(config)
    address = _address(_setting(settings, "webserver"))
    credentials = _basic(_setting(settings, "api_username"), _setting(settings, "api_password"))
    return _connection(address), {"Authorization": credentials}


def _query(
    config: Optional[Union[str, Settings]], path: str, body: Optional[Union[str, bytes]], method: Optional[str]
) -> http.client.HTTPResponse:
    settings = parse_config(config)
    connection, headers = get_cyclecloud_connection(settings)
    address = _address(_setting(settings, "webserver"))
    data = body.encode("utf-8") if isinstance(body, str) else body
    # One answer a connection: the answer then owns it, and whoever has read the answer has closed it.
    headers["Connection"] = "close"
    if data is not None:
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method or ("GET" if data is None else "POST"), address.prefix + path, body=data, headers=headers)
        return connection.getresponse()
    except ssl.SSLError as error:
        connection.close()
        why = getattr(error, "verify_message", None) or error.reason or "TLS fails"
        recommendation = (
            "Give the server a certificate that this node trusts, or name the file of its authority in SSL_CERT_FILE;"
            " cyclecloud.skip_ssl_validation gives up the check."
        )
        raise UserError("no trusted connection to %s (%s)" % (address, why), recommendation, "server_unreachable") from None
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        why = system_code(error) if isinstance(error, OSError) else type(error).__name__
        recommendation = "Check cyclecloud.config.web_server, that the server runs, and the network between."
        raise UserError("%s does not answer (%s)" % (address, why), recommendation, "server_unreachable") from None


def query_cyclecloud(
    path: str, body: Optional[Union[str, bytes]] = None, method: Optional[str] = None
) -> http.client.HTTPResponse:
    """Asks the server for a path of its API: the answer has ``status``, ``read()`` and the rest of ``HTTPResponse``.

    Any status is an answer, and the caller's to judge; redirects are not followed. ``body`` is JSON as text; the method
    is POST with one and GET without unless ``method`` names another. Raises ``UserError`` when there is no answer, and
    ``ConfigError``.
    """
    return _query(None, path, body, method)


def _failure(server: _Address, status: int) -> UserError:
    """What an answer other than 200 says of a server that was asked who this node is."""
    if status in (401, 403):
        return UserError("%s refuses the credentials of this node (%d)" % (server, status), _SET_KEYS, "identity_refused")
    if status == 409:
        recommendation = "Start it with --management, and enroll the node."
        return UserError("%s knows no credentials of nodes (%d)" % (server, status), recommendation, "enrolment_off")
    if status in (429, 503):
        return UserError("%s cannot tell now (%d)" % (server, status), "Try again.", "busy")
    if status >= 500:
        return UserError("%s fails (%d)" % (server, status), "Look into the log of the server.", "server_unreachable")
    recommendation = "Check cyclecloud.config.web_server, and that a cycle-server of this version answers there."
    return UserError("%s does not answer as cycle-server does (%d)" % (server, status), recommendation, "server_unreachable")


def test_cyclecloud_connection(config: Optional[Union[str, Settings]] = None) -> None:
    """Whether the server answers this node and takes its credentials: returns, or raises ``UserError`` or ``ConfigError``.

    The server is asked who these credentials are of, so no other answer of any server passes. The ``code`` of the error
    tells credentials that are wrong (``identity_refused``) from a server that does not answer (``server_unreachable``).
    ``config`` as for ``parse_config``.
    """
    settings = parse_config(config)
    answer = _query(settings, _WHO_I_AM, None, None)
    answer.close()
    if answer.status != 200:
        raise _failure(_address(_setting(settings, "webserver")), answer.status)


# No test, whatever its name: a test file that imports it must not have it collected.
test_cyclecloud_connection.__test__ = False  # type: ignore[attr-defined]
