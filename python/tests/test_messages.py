"""Messages to the daemon: over its socket, or into the spool while it is away."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from typing import Any, Callable, Dict
from unittest import mock

import jetpack
import jetpack.autoscale
import jetpack.converge
from jetpack._deliver import new_id
from jetpack._errors import UserError

from .support import IDENT, Daemon, HomeTest, Listener, accepts, refuses

FULL = "outbox_full"


class TheDaemon(HomeTest):
    def test_gets_handshake_and_request_with_an_id_a_time_and_how_long_the_caller_waits(self) -> None:
        daemon = Daemon(self)
        before = int(time.time() * 1000)
        jetpack.autoscale.set("execute", 128)
        self.assertEqual(daemon.hellos, [{"jetpack": {"min": 1, "max": 1}}])
        (request,) = daemon.requests
        self.assertEqual(request["targets"], [{"name": "execute", "coreCount": 128}])
        self.assertEqual(request["verb"], "autoscale")
        self.assertRegex(request["id"], IDENT)
        self.assertTrue(before <= request["at"] <= time.time() * 1000)
        self.assertTrue(0 < request["remainingMs"] <= 1000)
        self.assertEqual(self.spooled(), [])

    def test_gets_both_lines_in_one_write(self) -> None:
        written = []
        sendall = socket.socket.sendall

        def noting(client: socket.socket, data: bytes) -> None:
            written.append(data)
            sendall(client, data)

        Daemon(self)
        with mock.patch.object(socket.socket, "sendall", noting):
            jetpack.converge._send_installation_status("warning")
        self.assertEqual([data.count(b"\n") for data in written], [2])

    def test_gets_the_status_of_an_installation_with_the_host_name_of_now(self) -> None:
        daemon = Daemon(self)
        with mock.patch("socket.gethostname", return_value="renamed-1"):
            jetpack.converge._send_installation_status("warning")
            jetpack.converge._send_installation_status("error", "it broke")
        said = [{key: request.get(key) for key in ("verb", "status", "hostname", "message")} for request in daemon.requests]
        installation = {"verb": "installation", "hostname": "renamed-1"}
        self.assertEqual(said[0], dict(installation, status="warning", message=None))
        self.assertEqual(said[1], dict(installation, status="error", message="it broke"))
        self.assertNotIn("message", daemon.requests[0])

    def test_a_status_of_an_installation_that_it_would_refuse_is_refused_before_it_waits(self) -> None:
        wrong = (("fine", None), (None, None), ("warning", "x" * 10001))
        said = []
        for status, message in wrong:
            with self.assertRaises(UserError) as caught:
                jetpack.converge._send_installation_status(status, message)  # type: ignore[arg-type]
            said.append((caught.exception.message, caught.exception.code))
        known = "known are success, warning, error"
        expected = ["'fine' is no status: " + known, "None is no status: " + known, "the message has 10001 characters: at most 10000 are allowed"]
        self.assertEqual(said, [(message, "request_invalid") for message in expected])
        self.assertEqual(self.spooled(), [])

    def test_gets_a_log_message_with_the_priority_of_its_level(self) -> None:
        daemon = Daemon(self)
        jetpack.log("one")
        jetpack.log("two", "warn")
        jetpack.log("three", level="error")
        jetpack.log("four", "error", "low")
        said = [(request["message"], request["level"], request["priority"]) for request in daemon.requests]
        expected = [("one", "info", "medium"), ("two", "warn", "medium"), ("three", "error", "high"), ("four", "error", "low")]
        self.assertEqual(said, expected)

    def test_gets_any_text_whole_even_what_is_no_valid_unicode(self) -> None:
        daemon = Daemon(self)
        text = 'tab\t, line\n, NUL\0, "quoted", grün, \U0001f680, half \udce4 a pair'
        jetpack.log(text)
        self.assertEqual(daemon.requests[0]["message"], text)

    def test_may_tell_of_its_progress_before_it_answers(self) -> None:
        Daemon(self, lambda request: [{"id": request["id"], "progress": "under way"}, accepts(request)])
        jetpack.log("message")
        self.assertEqual(self.spooled(), [])

    def test_that_refuses_for_good_is_an_error_with_its_words_a_code_and_what_to_do(self) -> None:
        Daemon(self, refuses(FULL, "the outbox is full"))
        with self.assertRaises(UserError) as caught:
            jetpack.log("message")
        error = caught.exception
        self.assertEqual((error.message, error.code), ("the outbox is full", FULL))
        self.assertEqual(error.recommendation, "Restore the connection to the broker, or raise the bound.")
        self.assertEqual(str(error), "the outbox is full. Recommendation: %s" % error.recommendation)
        self.assertEqual(self.spooled(), [])

    def test_of_another_version_may_refuse_with_a_code_of_its_own(self) -> None:
        Daemon(self, refuses("from_the_future", "not like this"))
        with self.assertRaises(UserError) as caught:
            jetpack.log("message")
        self.assertEqual(str(caught.exception), "not like this")

    def test_is_found_in_the_folder_that_a_home_with_a_long_path_records(self) -> None:
        self.use_long_home()
        folder = tempfile.mkdtemp(prefix="jetpack-", dir=self.folder)
        daemon = Daemon(self, path=os.path.join(folder, "jetpack.sock"))
        self.record(folder)
        jetpack.log("message")
        self.assertEqual(len(daemon.requests), 1)

    def test_is_not_looked_for_in_a_recorded_folder_that_others_can_write_to(self) -> None:
        self.use_long_home()
        folder = tempfile.mkdtemp(prefix="jetpack-", dir=self.folder)
        daemon = Daemon(self, path=os.path.join(folder, "jetpack.sock"))
        os.chmod(folder, 0o755)
        link = os.path.join(self.folder, "link")
        os.symlink(folder, link)
        for recorded in (folder, link, "relative", "", "\0", os.path.join(self.folder, "gone")):
            with self.subTest(recorded):
                self.record(recorded)
                with self.warnings() as logged:
                    jetpack.log("message")
                expected = "jetpackd cannot be found: %s names no folder of sockets" % self.file("run", "sockets")
                self.assertIn(expected, logged.records[0].getMessage())
        self.assertEqual(daemon.requests, [])

    def use_long_home(self) -> None:
        self.home = os.path.join(self.folder, "x" * 60, "y" * 60)
        os.makedirs(self.file("run"), mode=0o750)
        self.set_environment(JETPACK_HOME=self.home)

    def record(self, folder: str) -> None:
        with open(self.file("run", "sockets"), "w", encoding="utf-8") as record:
            record.write(folder + "\n")


class ADaemonThatIsAway(HomeTest):
    def send(self) -> str:
        """Sends a message that is to end in the spool, and gives the warning."""
        with self.warnings() as logged:
            jetpack.autoscale.set("execute", 4)
        self.assertEqual([request["targets"] for request in self.spooled()], [[{"name": "execute", "coreCount": 4}]])
        return str(logged.records[0].getMessage())

    def waits(self, reason: str) -> str:
        return "jetpackd %s: the message waits in %s" % (reason, self.file("run", "spool"))

    def test_leaves_the_message_in_the_spool_with_a_warning(self) -> None:
        self.assertEqual(self.send(), self.waits("is not running"))

    def test_gets_it_under_one_id_if_it_was_only_slow(self) -> None:
        daemon = Daemon(self, lambda request: b"")
        self.assertEqual(self.send(), self.waits("closed the connection"))
        self.assertEqual([request["id"] for request in self.spooled()], [request["id"] for request in daemon.requests])

    def test_left_its_socket_behind(self) -> None:
        os.mkdir(self.file("run"), 0o750)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(self.file("run", "jetpack.sock"))
        self.assertEqual(self.send(), self.waits("is not running"))

    def test_never_answers_and_holds_a_script_up_for_one_second(self) -> None:
        def silence(connection: socket.socket) -> None:
            while connection.recv(65536):
                pass

        Listener(self, self.file("run", "jetpack.sock"), silence)
        begun = time.monotonic()
        self.assertEqual(self.send(), self.waits("does not answer"))
        self.assertGreaterEqual(time.monotonic() - begun, 1)

    def test_drips_an_answer_that_never_ends_and_holds_a_script_up_for_one_second(self) -> None:
        def drip(connection: socket.socket) -> None:
            while True:
                connection.sendall(b" ")
                time.sleep(0.05)

        Listener(self, self.file("run", "jetpack.sock"), drip)
        self.assertEqual(self.send(), self.waits("does not answer"))

    def test_has_too_many_callers_waiting(self) -> None:
        os.mkdir(self.file("run"), 0o750)
        with socket.socket(socket.AF_UNIX) as full, socket.socket(socket.AF_UNIX) as waiting:
            full.bind(self.file("run", "jetpack.sock"))
            full.listen(0)
            waiting.connect(self.file("run", "jetpack.sock"))
            self.assertEqual(self.send(), self.waits("is asked by too many at once"))

    def test_answers_with_what_passes_by_itself(self) -> None:
        Daemon(self, refuses("busy", "too many requests"))
        self.assertEqual(self.send(), self.waits("answers: too many requests (busy)"))

    def test_answers_with_what_cannot_be_read(self) -> None:
        answers: Dict[str, Callable[[Dict[str, Any]], Any]] = {
            "no JSON": lambda request: b"hello\n",
            "no object": lambda request: [[1]],
            "no UTF-8": lambda request: b"\xff\n",
            "brackets without end": lambda request: b"[" * 100000 + b"\n",
            "another's answer": lambda request: {"ok": True, "id": new_id(1)},
            "another's progress": lambda request: {"id": new_id(1), "progress": "x"},
            "a refusal without a code": lambda request: {"ok": False, "id": request["id"], "message": "x"},
            "neither": lambda request: {"id": request["id"]},
            "a line of 7 MB": lambda request: b" " * 7000000,
        }
        Daemon(self, lambda request: answers[request["message"]](request))
        for what in answers:
            with self.subTest(what):
                with self.warnings() as logged:
                    jetpack.log(what)
                self.assertEqual(logged.records[0].getMessage(), self.waits("gave an answer that cannot be read"))
        self.assertEqual([request["message"] for request in self.spooled()], list(answers))


class LogMessages(HomeTest):
    def test_of_an_unknown_level_or_priority_go_nowhere(self) -> None:
        for arguments in (("warning",), ("info", "urgent")):
            with self.subTest(arguments):
                with self.assertRaises(UserError):
                    jetpack.log("message", *arguments)
        self.assertEqual(self.spooled(), [])
