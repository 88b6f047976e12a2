"""jetpack.util: logging, one instance at a time, settings."""

from __future__ import annotations

import io
import logging
import os
import re
import subprocess
import sys
from typing import Any, Dict
from unittest import mock

import jetpack
import jetpack.util
from jetpack.config import ConfigError
from jetpack.util import UserError

from .support import HomeTest

SECRET = "s3cret%word"


class Logging(HomeTest):
    def setUp(self) -> None:
        super().setUp()
        root = logging.getLogger()
        before, level = root.handlers[:], root.level

        def restore() -> None:
            for handler in root.handlers[:]:
                if handler not in before:
                    root.removeHandler(handler)
                    handler.close()
            root.setLevel(level)

        self.addCleanup(restore)

    def logged(self) -> str:
        with open(self.file("logs", "jetpack.log"), encoding="utf-8") as file:
            return file.read()

    def test_goes_to_jetpack_log_in_the_form_of_the_agents_own_lines(self) -> None:
        os.mkdir(self.file("logs"))
        jetpack.util.setup_logging()
        logging.getLogger("mine").info("said %s", "once")
        logging.getLogger("mine").debug("not said")
        self.assertRegex(self.logged(), r"\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO said once\n\Z")
        self.assertEqual(os.stat(self.file("logs", "jetpack.log")).st_mode & 0o777 & ~0o640, 0)

    def test_takes_a_level_and_called_again_changes_only_that(self) -> None:
        os.mkdir(self.file("logs"))
        jetpack.util.setup_logging()
        jetpack.util.setup_logging("DEBUG")
        logging.getLogger("mine").debug("said")
        self.assertEqual(self.logged().count("said"), 1)

    def test_has_a_handler_that_callers_find_by_its_file_and_can_take_away(self) -> None:
        os.mkdir(self.file("logs"))
        jetpack.util.setup_logging()
        names = [getattr(handler, "baseFilename", "") for handler in logging.getLogger().handlers]
        self.assertIn(self.file("logs", "jetpack.log"), names)

    def test_goes_on_in_the_new_file_when_the_agent_has_moved_the_old_one_away(self) -> None:
        os.mkdir(self.file("logs"))
        jetpack.util.setup_logging()
        os.rename(self.file("logs", "jetpack.log"), self.file("logs", "jetpack.log.1"))
        logging.getLogger("mine").info("half \udce4 a pair")
        self.assertIn("half \\udce4 a pair\n", self.logged())

    def test_goes_to_standard_error_where_the_file_cannot_be_written(self) -> None:
        with mock.patch("sys.stderr", io.StringIO()) as standard_error:
            jetpack.util.setup_logging()
            logging.getLogger("mine").info("said")
        self.assertRegex(standard_error.getvalue(), r" INFO said\n\Z")


class OneInstance(HomeTest):
    def setUp(self) -> None:
        super().setUp()
        self.pidfile = self.file("script.pid")

    def start(self) -> "subprocess.Popen[str]":
        """Another process that asks, says what it was told, and lives until its input ends."""
        text = "import sys, jetpack.util; print(jetpack.util.already_running(sys.argv[1]), flush=True); sys.stdin.read()"
        package = os.path.dirname(os.path.dirname(os.path.abspath(jetpack.__file__)))
        environment = dict(os.environ, PYTHONPATH=package, PYTHONDONTWRITEBYTECODE="1")
        command = [sys.executable, "-c", text, self.pidfile]
        process = subprocess.Popen(command, env=environment, stdin=-1, stdout=-1, universal_newlines=True)
        self.addCleanup(self.end, process)
        return process

    def end(self, process: "subprocess.Popen[str]") -> None:
        process.kill()
        process.communicate()

    def said(self, process: "subprocess.Popen[str]") -> str:
        assert process.stdout is not None
        return process.stdout.readline().strip()

    def test_runs_and_its_file_holds_its_process_id(self) -> None:
        first = self.start()
        self.assertEqual(self.said(first), "False")
        with open(self.pidfile, encoding="ascii") as file:
            self.assertEqual(int(file.read()), first.pid)
        self.assertTrue(jetpack.util.already_running(self.pidfile))

    def test_gives_way_to_the_next_once_it_was_killed(self) -> None:
        first = self.start()
        self.said(first)
        self.end(first)
        self.assertFalse(jetpack.util.already_running(self.pidfile))

    def test_gives_way_to_the_next_once_it_removed_its_file(self) -> None:
        first = self.start()
        self.said(first)
        os.unlink(self.pidfile)
        self.assertEqual(self.said(self.start()), "False")
        self.assertTrue(jetpack.util.already_running(self.pidfile))

    def test_is_not_taken_for_another_by_itself(self) -> None:
        self.assertFalse(jetpack.util.already_running(self.pidfile))
        self.assertFalse(jetpack.util.already_running(self.pidfile))
        os.unlink(self.pidfile)
        self.assertFalse(jetpack.util.already_running(self.pidfile))
        self.assertEqual(self.said(self.start()), "True")

    def test_is_not_kept_away_by_a_file_with_the_process_id_of_somebody_else(self) -> None:
        with open(self.pidfile, "w", encoding="ascii") as file:
            file.write("1\n" * 100)
        self.assertFalse(jetpack.util.already_running(self.pidfile))
        with open(self.pidfile, encoding="ascii") as file:
            self.assertEqual(file.read(), "%d\n" % os.getpid())

    def test_is_one_of_many_that_start_at_the_same_moment(self) -> None:
        processes = [self.start() for _ in range(5)]
        self.assertEqual(sorted(self.said(process) for process in processes), ["False"] + ["True"] * 4)

    def test_never_writes_through_a_link(self) -> None:
        os.symlink(self.file("victim"), self.pidfile)
        with self.assertRaises(OSError):
            jetpack.util.already_running(self.pidfile)
        self.assertFalse(os.path.exists(self.file("victim")))


class Settings(HomeTest):
    def ini(self, text: str) -> str:
        return self.write("jetpack.ini", text.encode("utf-8"))

    def configuration(self) -> Dict[str, Any]:
        access = {"web_server": "https://server:9443", "username": "node", "password": SECRET}
        return {"cyclecloud": {"config": access, "cluster": {"name": "demo"}, "instance": {"id": "i-1"}}}

    EXPECTED = {
        "cycle_server": {"webserver": "https://server:9443", "api_username": "node", "api_password": SECRET},
        "identity": {"cluster_name": "demo", "instance_id": "i-1"},
    }

    def test_come_from_the_configuration(self) -> None:
        self.write("node.json", self.configuration())
        self.assertEqual(jetpack.util.parse_config(None), self.EXPECTED)
        self.assertEqual(jetpack.util.parse_config(), self.EXPECTED)
        self.assertIsNone(jetpack.util.parse_config()["identity"].get("cluster_session_id"))

    def test_come_from_jetpack_ini_as_far_as_the_configuration_does_not_say(self) -> None:
        self.ini("[identity]\ncluster_session_id = 7\ncluster_name = old\n[cycle_server]\napi_password = %s\n[other]\na=b\n" % SECRET)
        tree = self.configuration()
        del tree["cyclecloud"]["config"]["password"]
        self.write("node.json", tree)
        identity = {"cluster_name": "demo", "instance_id": "i-1", "cluster_session_id": "7"}
        self.assertEqual(jetpack.util.parse_config(), dict(self.EXPECTED, identity=identity, other={"a": "b"}))

    def test_come_from_jetpack_ini_alone_where_there_is_no_configuration(self) -> None:
        self.ini("[identity]\ncluster_name = demo\n")
        self.assertEqual(jetpack.util.parse_config(), {"identity": {"cluster_name": "demo"}})

    def test_come_from_the_configuration_alone_for_those_who_may_not_read_jetpack_ini(self) -> None:
        os.chmod(self.home, 0o755)
        self.write("node.json", self.configuration())
        os.chmod(self.ini("[identity]\ncluster_session_id = 7\n"), 0o000)
        with self.stranger():
            self.assertEqual(jetpack.util.parse_config(), self.EXPECTED)

    def test_come_from_a_file_that_is_named_and_from_nowhere_else(self) -> None:
        self.write("node.json", self.configuration())
        path = self.ini("[identity]\ncluster_name = other\n")
        self.assertEqual(jetpack.util.parse_config(path), {"identity": {"cluster_name": "other"}})

    def test_that_are_given_come_back_as_they_are(self) -> None:
        given = {"identity": {"cluster_name": "given"}}
        self.assertIs(jetpack.util.parse_config(given), given)

    def test_with_neither_file_are_an_error(self) -> None:
        with self.assertRaises(ConfigError):
            jetpack.util.parse_config()

    def test_in_an_unusable_file_are_an_error_that_repeats_nothing_of_it(self) -> None:
        for path, what in (
            (self.file("gone.ini"), "cannot be read (ENOENT)"),
            (self.ini("[cycle_server]\n%s\n" % SECRET), "is not an INI file"),
            (self.write("bytes.ini", b"[a]\nb=\xff\n"), "is not an INI file"),
        ):
            with self.subTest(path):
                with self.assertRaises(UserError) as caught:
                    jetpack.util.parse_config(path)
                self.assertEqual(caught.exception.message, "%s %s" % (path, what))
                self.assertNotIn(SECRET, str(caught.exception))


class SmallThings(HomeTest):
    def test_a_timestamp_is_now_in_utc_to_the_millisecond(self) -> None:
        self.assertRegex(jetpack.util.iso_8601_timestamp(), re.compile(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z"))

    def test_linux_is_linux(self) -> None:
        for platform, expected in (("linux", True), ("win32", False), ("darwin", False)):
            with mock.patch("sys.platform", platform):
                self.assertIs(jetpack.util.is_linux(), expected)

    def test_a_user_error_has_its_message_and_its_recommendation(self) -> None:
        error = UserError("it broke", "Mend it.")
        self.assertEqual((error.message, error.recommendation), ("it broke", "Mend it."))
        self.assertEqual(str(error), "it broke. Recommendation: Mend it.")
        self.assertEqual(str(UserError("it broke")), "it broke")
