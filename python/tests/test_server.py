"""jetpack.util: requests to the server."""

from __future__ import annotations

import base64
import json
import select
import socket
from typing import Any
from unittest import mock

import jetpack
import jetpack.util
from jetpack.util import UserError

from .support import HomeTest, Server, make_certificate

SECRET = "s3cret%word"


class TheServer(HomeTest):
    def setUp(self) -> None:
        super().setUp()
        proxies = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
        names = {name: None for both in proxies for name in (both, both.upper())}
        self.set_environment(SSL_CERT_FILE=None, **names)

    def configure(self, web_server: str, **cyclecloud: Any) -> None:
        access = {"web_server": web_server, "username": "node", "password": SECRET}
        self.write("node.json", {"cyclecloud": dict(cyclecloud, config=access, cluster={"name": "a/demo"})})

    def over_http(self, status: int = 200, prefix: str = "") -> Server:
        server = Server(self, status)
        self.configure("http://127.0.0.1:%d%s" % (server.port, prefix))
        return server

    def over_https(self, **cyclecloud: Any) -> str:
        """Starts one, and gives the file of its certificate."""
        certificate = make_certificate(self.folder)
        self.server = Server(self, 200, certificate)
        self.configure("https://127.0.0.1:%d" % self.server.port, **cyclecloud)
        return certificate

    def test_is_asked_with_the_credentials_of_the_node(self) -> None:
        server = self.over_http()
        response = jetpack.util.query_cyclecloud("/clusters/demo/nodes?a=1")
        self.assertEqual((response.status, json.loads(response.read())), (200, {"answer": 1}))
        (asked,) = server.asked
        self.assertEqual((asked["method"], asked["path"], asked["body"]), ("GET", "/clusters/demo/nodes?a=1", b""))
        credentials = base64.b64decode(asked["headers"]["Authorization"].split(" ")[1]).decode("utf-8")
        self.assertEqual(credentials, "node:" + SECRET)

    def test_gets_a_body_as_json(self) -> None:
        server = self.over_http(202)
        body = json.dumps({"messages": ["grün"]}, ensure_ascii=False)
        response = jetpack.util.query_cyclecloud("/clusterlink/messages", body=body, method="POST")
        self.assertEqual(response.status, 202)
        self.assertEqual((server.asked[0]["method"], server.asked[0]["body"]), ("POST", body.encode("utf-8")))
        self.assertEqual(server.asked[0]["headers"]["Content-Type"], "application/json")
        jetpack.util.query_cyclecloud("/x", b"{}")
        jetpack.util.query_cyclecloud("/x", b"{}", "PUT")
        self.assertEqual([asked["method"] for asked in server.asked], ["POST", "POST", "PUT"])

    def test_may_answer_with_any_status_and_no_redirect_is_followed(self) -> None:
        for status in (302, 401, 404, 500):
            with self.subTest(status):
                self.over_http(status)
                self.assertEqual(jetpack.util.query_cyclecloud("/").status, status)

    def test_may_stand_below_a_path(self) -> None:
        server = self.over_http(prefix="/cyclecloud/")
        jetpack.util.query_cyclecloud("/clusters")
        self.assertEqual(server.asked[0]["path"], "/cyclecloud/clusters")

    def test_may_be_asked_on_a_connection_of_the_callers_own(self) -> None:
        server = self.over_http()
        connection, headers = jetpack.util.get_cyclecloud_connection(None)
        for path in ("/cloud/actions/autoscale/demo/stop?instance=1", "/again"):
            connection.request("POST", path, headers=headers)
            response = connection.getresponse()
            self.assertEqual((response.status, response.read()), (200, b'{"answer": 1}'))
        connection.close()
        self.assertEqual(len(server.asked), 2)

    def test_may_be_that_of_an_ini_file_or_of_given_settings(self) -> None:
        server = Server(self)
        settings = {"webserver": "http://127.0.0.1:%d" % server.port, "api_username": "other", "api_password": SECRET}
        text = "[cycle_server]\n" + "".join("%s = %s\n" % each for each in settings.items())
        jetpack.util.test_cyclecloud_connection({"cycle_server": settings})
        jetpack.util.test_cyclecloud_connection(self.write("other.ini", text.encode("utf-8")))
        credentials = "Basic " + base64.b64encode(("other:" + SECRET).encode("ascii")).decode("ascii")
        asked = [(each["path"], each["headers"]["Authorization"]) for each in server.asked]
        self.assertEqual(asked, [("/clusterlink/node", credentials)] * 2)

    def test_passes_the_check_of_the_connection_when_it_takes_the_credentials(self) -> None:
        for prefix in ("", "/cyclecloud"):
            server = self.over_http(200, prefix)
            jetpack.util.test_cyclecloud_connection()
            self.assertEqual(server.asked[0]["path"], prefix + "/clusterlink/node")

    def failure(self) -> UserError:
        with self.assertRaises(UserError) as caught:
            jetpack.util.test_cyclecloud_connection()
        self.assertNotIn(SECRET, str(caught.exception))
        self.assertIsNotNone(caught.exception.recommendation)
        return caught.exception

    def test_fails_the_check_of_the_connection_by_any_other_answer_and_says_which(self) -> None:
        for status, what, code in (
            (401, "refuses the credentials of this node (401)", "identity_refused"),
            (403, "refuses the credentials of this node (403)", "identity_refused"),
            (404, "does not answer as cycle-server does (404)", "server_unreachable"),
            (302, "does not answer as cycle-server does (302)", "server_unreachable"),
            (409, "knows no credentials of nodes (409)", "enrolment_off"),
            (429, "cannot tell now (429)", "busy"),
            (503, "cannot tell now (503)", "busy"),
            (500, "fails (500)", "server_unreachable"),
        ):
            with self.subTest(status):
                server = self.over_http(status)
                failure = self.failure()
                self.assertEqual(failure.message, "http://127.0.0.1:%d %s" % (server.port, what))
                self.assertEqual(failure.code, code)

    def test_that_does_not_answer_is_an_error_that_names_it(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            self.configure("127.0.0.1:%d" % port)
            failure = self.failure()
            self.assertEqual(failure.message, "https://127.0.0.1:%d does not answer (ECONNREFUSED)" % port)
            self.assertEqual(failure.code, "server_unreachable")

    def test_that_takes_too_long_is_an_error(self) -> None:
        with socket.socket() as silent, mock.patch("jetpack._server._TIMEOUT", 0.05):
            silent.bind(("127.0.0.1", 0))
            silent.listen(1)
            self.configure("http://127.0.0.1:%d" % silent.getsockname()[1])
            self.assertIn("does not answer (timed out)", self.failure().message)

    def test_whose_certificate_is_not_trusted_gets_nothing(self) -> None:
        self.over_https()
        self.assertIn("no trusted connection to https://127.0.0.1", self.failure().message)
        self.assertEqual(self.server.asked, [])

    def test_whose_certificate_is_trusted_is_asked(self) -> None:
        self.set_environment(SSL_CERT_FILE=self.over_https())
        self.assertEqual(jetpack.util.query_cyclecloud("/").read(), b'{"answer": 1}')

    def test_is_asked_whatever_its_certificate_when_the_configuration_gives_up_the_check(self) -> None:
        self.over_https()
        address = "https://127.0.0.1:%d" % self.server.port
        for given_up in (True, "true", "True"):
            self.configure(address, skip_ssl_validation=given_up)
            self.assertEqual(jetpack.util.query_cyclecloud("/").status, 200)
        for kept in (False, "false", None, 1):
            self.configure(address, skip_ssl_validation=kept)
            self.failure()

    def test_is_reached_through_the_proxy_of_the_environment_but_not_where_that_is_excepted(self) -> None:
        with socket.socket() as proxy:
            proxy.bind(("127.0.0.1", 0))
            proxy.listen(1)
            self.configure("https://server.invalid:9443")
            self.set_environment(https_proxy="http://me:p%%40ss@127.0.0.1:%d" % proxy.getsockname()[1])
            with mock.patch("jetpack._server._TIMEOUT", 0.2):
                self.failure()
                self.assertTrue(select.select([proxy], [], [], 5)[0])
                with proxy.accept()[0] as connection:
                    asked = connection.recv(65536).decode("ascii")
                self.set_environment(no_proxy="server.invalid")
                self.failure()
            self.assertFalse(select.select([proxy], [], [], 0)[0])
        self.assertTrue(asked.startswith("CONNECT server.invalid:9443 HTTP/1."))
        self.assertIn("Proxy-Authorization: Basic %s\r\n" % base64.b64encode(b"me:p@ss").decode("ascii"), asked)
        self.assertNotIn("\r\nAuthorization", asked)

    def test_without_an_address_or_credentials_is_an_error(self) -> None:
        for web_server in ("ftp://server", "https://", "https://server:port", "https://server:99999", ""):
            with self.subTest(web_server):
                self.configure(web_server)
                self.assertEqual(self.failure().code, "config_invalid")
        self.write("node.json", {"cyclecloud": {"config": {"web_server": "https://server"}}})
        self.assertEqual(self.failure().message, "no api_username of the server is known")
