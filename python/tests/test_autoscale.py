"""jetpack.autoscale: what the call shapes of public scripts and of the documentation ask for."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Tuple

import jetpack.autoscale
from jetpack.util import UserError

from .support import Daemon, HomeTest


class Autoscale(HomeTest):
    def setUp(self) -> None:
        super().setUp()
        self.daemon = Daemon(self)

    def asked(self) -> List[Dict[str, Any]]:
        """The targets of the one request."""
        (request,) = self.daemon.requests
        self.assertEqual(request["verb"], "autoscale")
        return list(request["targets"])

    def left_out(self) -> Any:
        return self.assertLogs("jetpack", "WARNING")

    def test_set_takes_cores_by_name_or_by_place(self) -> None:
        jetpack.autoscale.set(name="execute", corecount=128)
        jetpack.autoscale.set("execute", 128)
        expected = [{"name": "execute", "coreCount": 128}]
        self.assertEqual([request["targets"] for request in self.daemon.requests], [expected, expected])

    def test_set_takes_instances(self) -> None:
        jetpack.autoscale.set("gpu", instancecount=5)
        self.assertEqual(self.asked(), [{"name": "gpu", "instanceCount": 5}])

    def test_none_at_all_is_a_number_too(self) -> None:
        jetpack.autoscale.set("execute", 0)
        self.assertEqual(self.asked(), [{"name": "execute", "coreCount": 0}])

    def test_update_takes_a_list_of_node_arrays(self) -> None:
        jetpack.autoscale.update([{"Name": "execute", "TargetCoreCount": 128}, {"Name": "gpu", "TargetCount": 3}])
        self.assertEqual(self.asked(), [{"name": "execute", "coreCount": 128}, {"name": "gpu", "instanceCount": 3}])

    def test_update_takes_a_single_node_array(self) -> None:
        jetpack.autoscale.update({"Name": "vfxt", "TargetCount": 0})
        self.assertEqual(self.asked(), [{"name": "vfxt", "instanceCount": 0}])

    def test_update_takes_any_iterable_and_attributes_in_any_case(self) -> None:
        jetpack.autoscale.update(iter([{"name": "execute", "targetcorecount": 2}]))
        self.assertEqual(self.asked(), [{"name": "execute", "coreCount": 2}])

    def test_update_passes_other_attributes_on(self) -> None:
        others = {"Extends": "execute", "Configuration": {"a": "1"}, "Dynamic": True}
        jetpack.autoscale.update(
            [{"Name": "execute", "TargetCoreCount": 1, "MachineType": "D4"}, dict(others, Name="dynamic_array", TargetCount=3)]
        )
        expected = [
            {"name": "execute", "coreCount": 1, "attributes": {"MachineType": "D4"}},
            {"name": "dynamic_array", "instanceCount": 3, "attributes": others},
        ]
        self.assertEqual(self.asked(), expected)

    def test_an_attribute_that_is_no_json_is_refused_by_name(self) -> None:
        for value in (object(), float("nan")):
            with self.subTest(value), self.assertRaises(UserError) as caught:
                jetpack.autoscale.update({"Name": "a", "TargetCount": 1, "Note": value})
            self.assertEqual(caught.exception.message, "Note of a cannot be written as JSON")
        self.assertEqual(self.daemon.requests, [])

    def test_update_takes_the_further_arguments_of_older_callers(self) -> None:
        with self.left_out() as logged:
            jetpack.autoscale.update([{"Name": "execute", "TargetCoreCount": 1}], expiration_interval=600, request_set="mine")
        self.assertEqual(logged.records[0].getMessage(), "autoscale takes no notice of: expiration_interval, request_set")
        self.assertEqual(self.asked(), [{"name": "execute", "coreCount": 1}])

    def test_groups_are_asked_for_as_their_total(self) -> None:
        jetpack.autoscale.update(
            [
                {"Name": "execute", "TargetGroupCount": 4, "GroupCoreCount": 64},
                {"Name": "gpu", "GroupInstanceCount": 16, "TargetGroupCount": 4},
            ]
        )
        self.assertEqual(self.asked(), [{"name": "execute", "coreCount": 256}, {"name": "gpu", "instanceCount": 64}])

    def test_an_array_that_comes_more_than_once_is_asked_for_with_its_sum(self) -> None:
        jetpack.autoscale.update([{"Name": "execute", "TargetCoreCount": count} for count in (8, 16, 4)])
        self.assertEqual(self.asked(), [{"name": "execute", "coreCount": 28}])

    def test_update_with_nothing_says_that_nothing_is_asked_for_any_more(self) -> None:
        jetpack.autoscale.update([])
        jetpack.autoscale.scale_by_jobs([])
        self.assertEqual([request["targets"] for request in self.daemon.requests], [[], []])

    def test_scale_by_jobs_sums_the_cores_of_the_jobs_of_each_array(self) -> None:
        jetpack.autoscale.scale_by_jobs(
            [
                {"name": "1", "nodearray": "execute", "request_cpus": 4, "average_runtime": 60},
                {"name": "2", "nodearray": "gpu", "request_cpus": "8", "grouped": True},
                {"name": "3", "nodearray": None, "request_cpus": 2, "average_runtime": None},
                {"name": "4"},
            ]
        )
        self.assertEqual(self.asked(), [{"name": "execute", "coreCount": 7}, {"name": "gpu", "coreCount": 8}])

    def test_scale_by_jobs_takes_attributes_of_arrays_by_their_name(self) -> None:
        definitions: Dict[str, Dict[str, Any]] = {
            "execute": {"Name": "execute", "MachineType": "Standard_D4v3"},
            "other:grouped": {"Name": "other:grouped", "Configuration": {"gridengine": {"is_grouped": True}}},
        }
        jetpack.autoscale.scale_by_jobs([{"nodearray": "execute", "request_cpus": 4}], definitions.values())
        self.assertEqual(self.asked(), [{"name": "execute", "coreCount": 4, "attributes": {"MachineType": "Standard_D4v3"}}])

    def test_whole_numbers_in_other_clothes_are_taken(self) -> None:
        jetpack.autoscale.update([{"Name": "a", "TargetCoreCount": "12"}, {"Name": "b", "TargetCoreCount": 8.0}])
        self.assertEqual(self.asked(), [{"name": "a", "coreCount": 12}, {"name": "b", "coreCount": 8}])

    def test_anything_else_is_refused_by_name_and_nothing_is_sent(self) -> None:
        for value in (-1, 1.5, "many", "", "-3", "1.5", True, None, [], float("nan"), float("inf"), 2**53, "9" * 5000):
            with self.subTest(value):
                with self.assertRaises(UserError) as caught:
                    jetpack.autoscale.update([{"Name": "good", "TargetCoreCount": 1}, {"Name": "bad", "TargetCoreCount": value}])
                expected = "TargetCoreCount of bad is %r: a whole number from 0 on is wanted" % (value,)
                self.assertEqual((caught.exception.message, caught.exception.code), (expected, "request_invalid"))
        self.assertEqual(self.daemon.requests, [])

    def test_an_array_without_a_name_or_without_a_number_is_refused(self) -> None:
        refused: List[Tuple[Dict[str, Any], str]] = [
            ({"TargetCoreCount": 1}, "a node array has no Name"),
            ({"Name": None, "TargetCoreCount": 1}, "a node array has no Name"),
            ({"Name": "", "TargetCoreCount": 1}, "a node array has no Name"),
            ({"Name": "execute", "MachineType": "x"}, "neither cores nor instances are asked for of execute"),
        ]
        for array, message in refused:
            with self.subTest(array):
                with self.assertRaises(UserError) as caught:
                    jetpack.autoscale.update([array])
                self.assertEqual(caught.exception.message, message)
        with self.assertRaises(UserError):
            jetpack.autoscale.set("execute")
        self.assertEqual(self.daemon.requests, [])

    def test_what_the_agent_takes_no_more_of_is_refused_and_does_not_wait_to_be_lost(self) -> None:
        array = {"Name": "a", "TargetCoreCount": 1}
        half = {"Name": "a", "TargetCoreCount": 2**52}
        deep: Any = 1
        for _ in range(61):
            deep = (deep,)
        refused: List[Tuple[List[Dict[str, Any]], str]] = [
            ([dict(array, Name="\U0001f680" * 128)], "the Name of a node array has 256 characters: at most 255 are allowed"),
            ([dict(array, Name=str(n)) for n in range(1001)], "1001 node arrays are asked for: at most 1000 are allowed"),
            ([dict(array, Note="x" * 8182)], "what else is said of a has 8193 characters: at most 8192 are allowed"),
            ([dict(array, One="x" * 5000), dict(array, Two="x" * 5000)], "what else is said of a has 10019 characters: at most 8192 are allowed"),
            ([half, half], "more is asked for of a than can be counted: at most 9007199254740991"),
            ([dict(array, Note=deep)], "the message nests deeper than 64 levels"),
        ]
        os.unlink(self.file("run", "jetpack.sock"))
        for arrays, message in refused:
            with self.subTest(message):
                with self.assertRaises(UserError) as caught:
                    jetpack.autoscale.update(arrays)
                self.assertEqual((caught.exception.message, caught.exception.code), (message, "request_invalid"))
        self.assertEqual(self.spooled(), [])
