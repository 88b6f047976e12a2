"""jetpack.config: what the files of the home say, and what becomes of damaged ones."""

from __future__ import annotations

import os
import subprocess
import sys
from unittest import mock

import jetpack
import jetpack.config
from jetpack.config import ConfigError

from .support import HomeTest

TREE = {
    "cyclecloud": {"node": {"name": "n1", "id": None}, "cluster": {"autoscale": {"start_enabled": True, "stop_interval": 60}}},
    "roles": ["scheduler", "it's"],
    "disks": [{"size": 1.0}, {"size": 12345678901234567890}],
    "off": False,
    "empty": "",
    "text": "true",
    "umlaut": "grün",
    "a.b": {"c": "dotted", "d": 1},
    "a": {"b": {"c": "path", "e": 2}, "b.f": 3},
    "": {"": "nothing"},
}


class Values(HomeTest):
    def setUp(self) -> None:
        super().setUp()
        self.write("node.json", TREE)

    def test_come_as_pythons_own(self) -> None:
        for key, value in {
            "cyclecloud.node.name": "n1",
            "cyclecloud.cluster.autoscale.start_enabled": True,
            "cyclecloud.cluster.autoscale.stop_interval": 60,
            "cyclecloud.node.id": None,
            "cyclecloud.node": {"name": "n1", "id": None},
            "roles": ["scheduler", "it's"],
            "roles.1": "it's",
            "disks.0.size": 1.0,
            "disks.1.size": 12345678901234567890,
            "off": False,
            "empty": "",
            "text": "true",
            "umlaut": "grün",
        }.items():
            with self.subTest(key):
                found = jetpack.config.get(key)
                self.assertEqual(found, value)
                self.assertIs(type(found), type(value))

    def test_without_a_key_the_whole_configuration_comes(self) -> None:
        self.assertEqual(jetpack.config.get(), TREE)

    def test_a_name_with_dots_wins_over_the_path_and_what_only_the_path_leads_to_is_found_all_the_same(self) -> None:
        self.assertEqual([jetpack.config.get(key) for key in ("a.b.c", "a.b.d", "a.b.e", "a.b.f")], ["dotted", 1, 2, 3])

    def test_a_key_may_be_empty_or_have_empty_parts(self) -> None:
        self.assertEqual(jetpack.config.get("."), "nothing")
        self.assertEqual(jetpack.config.get(""), {"": "nothing"})

    def test_a_missing_key_raises_an_error_that_names_it_in_full(self) -> None:
        missing = ["nope", "cyclecloud.nope", "text.x", "roles.2", "roles.01", "roles.-1", "roles.", "roles.1\n", "roles.\u0661"]
        missing += ["cyclecloud.", ".cyclecloud", "cyclecloud..node", "keys", "ключ", "x" * 10000, "a." * 5000]
        for key in missing:
            with self.subTest(key[:40]):
                with self.assertRaises(ConfigError) as caught:
                    jetpack.config.get(key)
                self.assertEqual(str(caught.exception), "the configuration has no key '%s'" % key)
                self.assertEqual(caught.exception.code, "key_missing")

    def test_a_missing_key_gives_the_default_and_none_is_one(self) -> None:
        self.assertIsNone(jetpack.config.get("nope", None))
        self.assertEqual(jetpack.config.get("nope", default={}), {})
        self.assertEqual(jetpack.config.get("nope", ""), "")

    def test_a_key_that_is_there_never_gives_the_default(self) -> None:
        self.assertIsNone(jetpack.config.get("cyclecloud.node.id", "default"))
        self.assertIs(jetpack.config.get("off", True), False)

    def test_a_change_of_the_file_is_seen_at_the_next_call(self) -> None:
        self.write("node.json", {"off": "changed"})
        self.assertEqual(jetpack.config.get("off"), "changed")

    def test_what_a_caller_does_to_a_value_does_not_stay(self) -> None:
        jetpack.config.get()["roles"].clear()
        self.assertEqual(jetpack.config.get("roles"), ["scheduler", "it's"])


class TheHome(HomeTest):
    def test_is_that_of_jetpack_home_then_cyclecloud_home_and_empty_counts_as_unset(self) -> None:
        self.write("node.json", {"at": "this home"})
        self.set_environment(JETPACK_HOME=self.home, CYCLECLOUD_HOME="/nowhere")
        self.assertEqual(jetpack.config.get("at"), "this home")
        self.set_environment(JETPACK_HOME="", CYCLECLOUD_HOME=self.home)
        self.assertEqual(jetpack.config.get("at"), "this home")

    def test_is_the_standard_place_where_nothing_names_one(self) -> None:
        self.set_environment(JETPACK_HOME=None, CYCLECLOUD_HOME=None)
        with mock.patch("jetpack._home._STANDARD", self.home):
            self.write("node.json", {"at": "the standard place"})
            self.assertEqual(jetpack.config.get("at"), "the standard place")


class DamagedFiles(HomeTest):
    def node(self) -> str:
        return self.file("config", "node.json")

    def last_good(self) -> str:
        return self.file("config", "node.last-good.json")

    def damage(self, how: str) -> None:
        if how == "is not a regular file":
            os.mkdir(self.node())
        elif how.startswith("has "):
            self.write("node.json", b"")
            os.truncate(self.node(), 200000000)
        elif how != "does not exist":
            contents = {
                "is empty": b"",
                "is not valid UTF-8": b'{"a": "\xff"}',
                "is not JSON": b'{"a": NaN}',
                "is not a JSON object": b"[1]",
                "nests deeper than 64 levels": b'{"a":' * 65 + b"1" + b"}" * 65,
            }
            self.write("node.json", contents[how])

    def test_the_last_good_one_answers_with_a_warning_that_says_what_is_wrong(self) -> None:
        too_large = "has 200000000 bytes: at most 16777216 are allowed"
        kinds = ["does not exist", "is empty", "is not valid UTF-8", "is not JSON", "is not a JSON object"]
        for how in kinds + ["nests deeper than 64 levels", too_large, "is not a regular file"]:
            with self.subTest(how):
                if os.path.exists(self.node()):
                    os.unlink(self.node())
                self.write("node.last-good.json", {"a": "older"})
                self.damage(how)
                with self.warnings() as logged:
                    self.assertEqual(jetpack.config.get("a"), "older")
                warning = "%s %s: this is from %s" % (self.node(), how, self.last_good())
                self.assertEqual([record.getMessage() for record in logged.records], [warning])

    def test_json_as_deep_as_a_stack_is_damage_and_no_crash(self) -> None:
        self.write("node.json", b'{"a":' + b"[" * 200000)
        with self.assertRaises(ConfigError) as caught:
            jetpack.config.get("a", "default")
        self.assertEqual(caught.exception.code, "config_damaged")

    def test_64_levels_and_a_number_of_5000_digits_are_read(self) -> None:
        self.write("node.json", b'{"a":' * 64 + b"1" * 5000 + b"}" * 64)
        self.assertTrue(jetpack.config.get(".".join("a" * 64)))

    def test_neither_is_told_in_one_line_whatever_the_default(self) -> None:
        self.write("node.json", b"{")
        with self.assertRaises(ConfigError) as caught:
            jetpack.config.get("a", "default")
        self.assertEqual(str(caught.exception), "%s is not JSON, and there is no earlier good one" % self.node())
        self.write("node.last-good.json", b"")
        with self.assertRaises(ConfigError) as caught:
            jetpack.config.get("a", "default")
        self.assertEqual(str(caught.exception), "%s is not JSON, and %s is empty" % (self.node(), self.last_good()))
        self.assertEqual(caught.exception.code, "config_damaged")

    def test_a_home_without_one_says_who_writes_it(self) -> None:
        with self.assertRaises(ConfigError) as caught:
            jetpack.config.get("a", "default")
        self.assertEqual(str(caught.exception), "%s does not exist: jetpackd writes it when it first starts" % self.node())
        self.assertEqual(caught.exception.code, "file_unreadable")

    def test_a_user_who_may_not_read_it_is_told_who_may(self) -> None:
        self.write("node.last-good.json", {})
        os.chmod(self.home, 0o755)
        for path in (self.write("node.json", {}), self.file("config")):
            before = os.stat(path).st_mode & 0o7777
            os.chmod(path, 0o000)
            with self.subTest(path):
                with self.assertRaises(ConfigError) as caught, self.stranger():
                    jetpack.config.get("a", "default")
                message = "%s may be read by root and the group cyclecloud only" % self.node()
                self.assertEqual(str(caught.exception), message)
            os.chmod(path, before)


class Scripts(HomeTest):
    """The ways in which public scripts name the package, each in a Python of its own."""

    def run_script(self, text: str) -> "subprocess.CompletedProcess[str]":
        package = os.path.dirname(os.path.dirname(os.path.abspath(jetpack.__file__)))
        environment = dict(os.environ, PYTHONPATH=package, PYTHONDONTWRITEBYTECODE="1")
        return subprocess.run([sys.executable, "-c", text], env=environment, stdout=-1, stderr=-1, universal_newlines=True)

    def test_find_every_module_however_they_import_it(self) -> None:
        self.write("node.json", {"cyclecloud": {"cluster": {"name": "demo"}}})
        read = "get('cyclecloud.cluster.name')); assert value == 'demo', value"
        for imports, module in (
            ("import jetpack", "jetpack.config"),
            ("import jetpack.config", "jetpack.config"),
            ("import jetpack.config as jcfg", "jcfg"),
            ("from jetpack import config", "config"),
            ("import jetpack.util", "jetpack.config"),
            ("import jetpack as j; jetpack_config = j.config", "jetpack_config"),
        ):
            with self.subTest(imports):
                ended = self.run_script("%s; value = (%s.%s" % (imports, module, read))
                self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, "", ""))

    def test_a_read_loads_nothing_that_takes_long_to_load(self) -> None:
        self.write("node.json", {"a": 1})
        loads = "import sys, jetpack; jetpack.config.get('a'); print([name for name in %r if name in sys.modules])"
        slow = ["http.client", "ssl", "logging", "typing", "socket", "configparser"]
        before = self.run_script("import sys; print([name for name in %r if name in sys.modules])" % slow)
        self.assertEqual(self.run_script(loads % slow).stdout, before.stdout)

    def test_an_error_that_nobody_catches_goes_by_the_name_callers_know(self) -> None:
        self.write("node.json", {})
        ended = self.run_script("import jetpack.config; jetpack.config.get('nope')")
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertIn("\njetpack.config.ConfigError: the configuration has no key 'nope'\n", ended.stderr)

    def test_a_name_the_package_does_not_have_is_an_attribute_error(self) -> None:
        with self.assertRaises(AttributeError):
            jetpack.nothing
