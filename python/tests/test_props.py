"""jetpack.props: what was set, and what follows from a node.json as the agent writes it."""

from __future__ import annotations

import jetpack
import jetpack.props
from jetpack.config import ConfigError

from .support import HomeTest

#: Names and places as the agent's own; what no property comes from is left out.
NODE = {
    "os": "linux",
    "os_version": "4.18.0-553.el8_10.x86_64",
    "os_release": {"name": "AlmaLinux", "id": "almalinux", "id_like": ["rhel", "centos", "fedora"], "version": "8.10 (Cerulean)", "version_id": "8.10"},
    "platform": "almalinux",
    "hostname": "ip-0A000004",
    "ipaddress": "10.0.0.4",
    "azure": {"metadata": {"compute": {"subscriptionId": "s-1", "vmSize": "Standard_HB120rs_v3", "location": "westeurope", "resourceGroupName": "rg"}}},
    "cyclecloud": {
        "config": {"web_server": "https://cc", "username": "u", "password": "p"},
        "cluster": {"name": "lab", "user": {"name": "ana"}},
        "node": {"name": "n1"},
        "instance": {"id": "i-1"},
    },
}

PROPERTIES = {
    "os": {"id": "almalinux", "id_like": "rhel centos fedora", "version": "8.10 (Cerulean)", "version_id": "8.10"},
    "azure": {"subscription_id": "s-1", "vm_size": "Standard_HB120rs_v3", "location": "westeurope", "resource_group": "rg"},
    "cyclecloud": {"url": "https://cc", "cluster": "lab", "node": "n1", "owner": "ana"},
    "vm": {"hostname": "ip-0A000004", "ipv4": "10.0.0.4"},
}


class Derived(HomeTest):
    def test_all_of_them_come_from_the_configuration_under_names_of_their_own(self) -> None:
        self.write("node.json", NODE)
        self.assertEqual(jetpack.props.get(), PROPERTIES)
        for group, members in PROPERTIES.items():
            for name, value in members.items():
                with self.subTest(name):
                    self.assertEqual(jetpack.props.get("%s.%s" % (group, name)), value)

    def test_the_configuration_under_its_own_names_is_none_of_them(self) -> None:
        self.write("node.json", NODE)
        for key in ("hostname", "os_release.id", "cyclecloud.config.password", "cyclecloud.node.name"):
            with self.subTest(key):
                with self.assertRaises(ConfigError) as caught:
                    jetpack.props.get(key)
                self.assertEqual(str(caught.exception), "the node has no property '%s'" % key)
                self.assertEqual(caught.exception.code, "key_missing")

    def test_a_value_that_is_no_list_of_words_stays_as_it_is(self) -> None:
        self.write("node.json", {"hostname": None, "ipaddress": [1, "a"], "cyclecloud": {"cluster": {"name": 7}}})
        self.assertEqual(jetpack.props.get(), {"vm": {"hostname": None, "ipv4": [1, "a"]}, "cyclecloud": {"cluster": 7}})

    def test_a_missing_one_gives_the_default_and_none_is_one(self) -> None:
        self.write("node.json", {})
        self.assertIsNone(jetpack.props.get("os.id", None))
        self.assertEqual(jetpack.props.get("os.id_like", "rhel"), "rhel")


class WereSet(HomeTest):
    def test_go_before_the_configuration_one_by_one(self) -> None:
        self.write("node.json", NODE)
        self.write("properties.json", {"os": {"id": "mine"}, "rack": {"name": "r7"}})
        expected = dict(PROPERTIES, os=dict(PROPERTIES["os"], id="mine"), rack={"name": "r7"})
        self.assertEqual(jetpack.props.get(), expected)

    def test_are_there_without_a_configuration(self) -> None:
        self.write("properties.json", {"rack": {"name": "r7"}})
        self.assertEqual(jetpack.props.get("rack.name"), "r7")
        for key in ("os.id", "rack", None):
            with self.subTest(key):
                with self.assertRaises(ConfigError) as caught:
                    jetpack.props.get(key, "default")
                self.assertEqual(caught.exception.code, "file_unreadable")

    def test_a_damaged_file_is_told_and_not_passed_over(self) -> None:
        self.write("node.json", NODE)
        for content, reason in ((b"{", "is not JSON"), (b"[]", "is not a JSON object")):
            with self.subTest(reason):
                self.write("properties.json", content)
                with self.assertRaises(ConfigError) as caught:
                    jetpack.props.get("os.id", "default")
                self.assertEqual(str(caught.exception), "%s %s" % (self.file("config", "properties.json"), reason))
                self.assertEqual(caught.exception.code, "config_damaged")

    def test_of_two_files_that_cannot_be_read_the_configuration_is_told_of(self) -> None:
        self.write("properties.json", b"{")
        with self.assertRaises(ConfigError) as caught:
            jetpack.props.get("os.id", "default")
        self.assertEqual(caught.exception.code, "file_unreadable")
