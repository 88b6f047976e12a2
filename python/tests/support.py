"""A home of its own for each test, and daemons and servers of every kind."""

from __future__ import annotations

import contextlib
import http.server
import json
import logging
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
from typing import Any, Callable, Dict, Iterator, List, Optional

Request = Dict[str, Any]

#: Of version 7, as the agent mints its ids.
IDENT = re.compile(r"\A[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


class HomeTest(unittest.TestCase):
    """Each test has a home, named by JETPACK_HOME, that is gone afterwards."""

    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="jetpack-python-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.home = self.folder
        os.mkdir(os.path.join(self.home, "config"))
        self.set_environment(JETPACK_HOME=self.home, CYCLECLOUD_HOME=None)

    def set_environment(self, **names: Optional[str]) -> None:
        before = {name: os.environ.get(name) for name in names}

        def put(values: Dict[str, Optional[str]]) -> None:
            for name, value in values.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

        put(names)
        self.addCleanup(put, before)

    def file(self, *names: str) -> str:
        return os.path.join(self.home, *names)

    def write(self, name: str, content: Any) -> str:
        """A file of config/, from bytes or from what is to be JSON."""
        path = self.file("config", name)
        with open(path, "wb") as opened:
            opened.write(content if isinstance(content, bytes) else json.dumps(content).encode("utf-8"))
        return path

    def spooled(self) -> List[Request]:
        """The requests in the spool, in the order of their names."""
        spool = self.file("run", "spool")
        names = sorted(name for name in os.listdir(spool) if name.endswith(".json")) if os.path.isdir(spool) else []
        requests = []
        for name in names:
            with open(os.path.join(spool, name), encoding="utf-8") as opened:
                requests.append(json.load(opened))
        return requests

    @contextlib.contextmanager
    def stranger(self) -> Iterator[None]:
        """Works as a user who is neither root, who may read everything, nor in the group of the files."""
        if os.geteuid() != 0:
            yield
            return
        os.setegid(65534)
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)

    def warnings(self) -> Any:
        return self.assertLogs("jetpack", logging.WARNING)


class Listener:
    """A Unix socket on which `behave` serves each connection."""

    def __init__(self, test: HomeTest, path: str, behave: Callable[[socket.socket], None]) -> None:
        os.makedirs(os.path.dirname(path), mode=0o750, exist_ok=True)
        self._behave = behave
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(path)
        self._socket.listen(8)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        test.addCleanup(self._end)

    def _serve(self) -> None:
        while True:
            try:
                connection = self._socket.accept()[0]
            except OSError:
                return
            with connection:
                try:
                    self._behave(connection)
                except OSError:  # the client has gone
                    pass

    def _end(self) -> None:
        # A thread that waits in accept() wakes by this alone.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()


def accepts(request: Request) -> Dict[str, Any]:
    return {"ok": True, "id": request["id"], "result": None}


def refuses(code: str, message: str) -> Callable[[Request], Dict[str, Any]]:
    return lambda request: {"ok": False, "id": request["id"], "code": code, "message": message}


class Daemon(Listener):
    """A daemon that answers as told: the handshakes and requests it got, each pair out of one connection."""

    def __init__(self, test: HomeTest, answer: Callable[[Request], Any] = accepts, path: Optional[str] = None) -> None:
        self.hellos: List[Request] = []
        self.requests: List[Request] = []
        self._answer = answer
        super().__init__(test, path or test.file("run", "jetpack.sock"), self._converse)

    def _converse(self, connection: socket.socket) -> None:
        with connection.makefile("rwb") as lines:
            self.hellos.append(json.loads(lines.readline()))
            request = json.loads(lines.readline())
            self.requests.append(request)
            answer = self._answer(request)
            for each in answer if isinstance(answer, list) else [answer]:
                lines.write(each if isinstance(each, bytes) else json.dumps(each).encode("utf-8") + b"\n")


class Server:
    """An HTTP server that answers every request with one status, and keeps what it was asked."""

    def __init__(self, test: HomeTest, status: int = 200, certificate: Optional[str] = None) -> None:
        asked: List[Dict[str, Any]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def _reply(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked.append({"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body})
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b'{"answer": 1}')

            do_GET = do_POST = do_PUT = _reply

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.asked = asked
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        test.addCleanup(server.server_close)
        test.addCleanup(thread.join)
        test.addCleanup(server.shutdown)


def make_certificate(folder: str) -> str:
    """A certificate for 127.0.0.1 that signs itself, and its key, in one file."""
    file = os.path.join(folder, "certificate.pem")
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file + ".key", "-out", file]
    subprocess.run(["openssl", "req", "-x509", "-days", "2"] + name + key, check=True, stderr=subprocess.DEVNULL)
    with open(file + ".key", encoding="ascii") as key_file, open(file, "a", encoding="ascii") as both:
        both.write(key_file.read())
    return file
