"""Messages in the spool: their files, their bounds, their ids."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import time
import uuid
from unittest import mock

import jetpack
from jetpack._deliver import new_id
from jetpack._errors import UserError

from .support import IDENT, HomeTest


class TheSpool(HomeTest):
    def keep(self, count: int = 1) -> None:
        with self.warnings():
            for number in range(count):
                jetpack.log("message %d" % number)

    def mode(self, *names: str) -> str:
        return oct(stat.S_IMODE(os.lstat(self.file("run", *names)).st_mode))

    def test_holds_one_file_a_message_whose_names_sort_by_time_and_then_by_id(self) -> None:
        with mock.patch("jetpack._deliver.time") as clock:
            clock.time.side_effect = [1700000000.5, 1700000000.499, 99.0]
            self.keep(3)
        self.assertEqual([request["message"] for request in self.spooled()], ["message 2", "message 1", "message 0"])
        for request, name in zip(self.spooled(), sorted(os.listdir(self.file("run", "spool")))):
            size = os.path.getsize(self.file("run", "spool", name))
            self.assertEqual(name, "%015d-%s.%d.json" % (request["at"], request["id"], size))

    def test_holds_exactly_the_request_without_how_long_the_caller_waited(self) -> None:
        self.keep()
        expected = {"verb": "log", "message": "message 0", "level": "info", "priority": "medium"}
        (request,) = self.spooled()
        self.assertEqual(request, dict(expected, id=request["id"], at=request["at"]))
        (name,) = [name for name in os.listdir(self.file("run", "spool")) if name.endswith(".json")]
        with open(self.file("run", "spool", name), "rb") as file:
            self.assertEqual(file.read().count(b"\n"), 1)

    def test_is_made_with_its_modes_under_any_umask(self) -> None:
        for mask in (0o000, 0o022, 0o077):
            self.home = tempfile.mkdtemp(dir=self.folder)
            self.set_environment(JETPACK_HOME=self.home)
            before = os.umask(mask)
            try:
                self.keep()
            finally:
                os.umask(before)
            (name,) = [name for name in os.listdir(self.file("run", "spool")) if name.endswith(".json")]
            modes = [self.mode(), self.mode("spool"), self.mode("spool", "rejected"), self.mode("spool", name)]
            self.assertEqual(modes, ["0o750", "0o1770", "0o750", "0o640"])

    def test_keeps_the_modes_it_has(self) -> None:
        os.mkdir(self.file("run"))
        os.chmod(self.file("run"), 0o700)
        self.keep()
        self.assertEqual(self.mode(), "0o700")

    def test_is_synced_before_the_message_counts_as_kept(self) -> None:
        with mock.patch("os.fsync", wraps=os.fsync) as fsync, mock.patch("os.rename", wraps=os.rename) as rename:
            done = mock.Mock()
            done.attach_mock(fsync, "fsync")
            done.attach_mock(rename, "rename")
            self.keep()
        self.assertEqual([call[0] for call in done.mock_calls], ["fsync", "rename", "fsync"])

    def test_that_cannot_be_written_leaves_nothing_behind_and_says_both_reasons(self) -> None:
        self.keep()
        before = os.listdir(self.file("run", "spool"))
        with mock.patch("os.rename", side_effect=OSError(28, "No space left on device")):
            with self.assertRaises(UserError) as caught:
                jetpack.log("message")
        reason = "%s cannot be written (ENOSPC), and jetpackd is not running" % self.file("run", "spool")
        self.assertEqual((caught.exception.message, caught.exception.code), (reason, "spool_unwritable"))
        self.assertEqual(os.listdir(self.file("run", "spool")), before)

    def refused(self, message: str, code: str) -> None:
        with self.assertRaises(UserError) as caught:
            jetpack.log("message")
        self.assertEqual(caught.exception.message, "%s, and jetpackd is not running" % message)
        self.assertEqual(caught.exception.code, code)
        self.assertIsNotNone(caught.exception.recommendation)

    def test_is_not_made_in_a_home_that_does_not_exist(self) -> None:
        missing = self.file("typo")
        self.set_environment(JETPACK_HOME=missing)
        self.refused("the home folder %s does not exist: name another with JETPACK_HOME" % missing, "home_unusable")
        self.assertFalse(os.path.exists(missing))

    def test_is_not_used_where_run_is_no_folder_or_open_to_everyone(self) -> None:
        run = self.file("run")
        os.symlink(self.folder, run)
        self.refused("%s is not a folder" % run, "home_unusable")
        os.unlink(run)
        os.mkdir(run)
        os.chmod(run, 0o777)
        self.refused("%s is writable by everyone: chmod o-w takes that away" % run, "home_unusable")

    def test_is_bounded(self) -> None:
        self.keep()
        spool = self.file("run", "spool")
        with mock.patch("jetpack._spool._MAX_FILES", 2):
            self.refused("%s holds 2 messages, as many as it may" % spool, "spool_unwritable")
        with mock.patch("jetpack._spool._MAX_BYTES", 100):
            self.refused("%s holds 100 bytes, as many as it may" % spool, "spool_unwritable")

    def test_takes_a_message_just_within_its_bound_and_one_beyond_goes_nowhere(self) -> None:
        self.keep()
        (short,) = self.spooled()
        limit = 1024 * 1024 - 1024
        room = limit - len(json.dumps(short, separators=(",", ":"))) + len(short["message"])
        with self.warnings():
            jetpack.log("x" * room)
        self.assertEqual(len(self.spooled()), 2)
        with self.assertRaises(UserError) as caught:
            jetpack.log("x" * (room + 1))
        self.assertEqual(caught.exception.message, "the message takes %d bytes: at most %d are allowed" % (limit + 1, limit))
        self.assertEqual(len(self.spooled()), 2)


class Ids(HomeTest):
    def test_are_of_version_7_all_different_and_sort_by_their_time(self) -> None:
        times = [0, 1, 65535, 65536, 1700000000000, 2 ** 48 - 1]
        made = [new_id(at) for at in times]
        self.assertEqual(made, sorted(made))
        for at, ident in zip(times, made):
            self.assertRegex(ident, IDENT)
            self.assertEqual(uuid.UUID(ident).int >> 80, at)
        self.assertEqual(len({new_id(1) for _ in range(1000)}), 1000)
