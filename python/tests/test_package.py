"""What holds for every file of the package."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import unittest
from typing import Dict, Iterator

import jetpack

FOLDER = os.path.dirname(os.path.abspath(jetpack.__file__))


def sources() -> Dict[str, str]:
    found = {}
    for name in sorted(os.listdir(FOLDER)):
        if name.endswith(".py"):
            with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
                found[name] = file.read()
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """The packages that a file imports from outside."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            yield node.module.split(".")[0]


class ThePackage(unittest.TestCase):
    def test_is_written_in_python_3_8(self) -> None:
        self.assertGreater(len(sources()), 10)
        for name, text in sources().items():
            with self.subTest(name):
                ast.parse(text, feature_version=(3, 8))

    def test_needs_nothing_that_python_does_not_bring(self) -> None:
        names = sorted({name for text in sources().values() for name in imported(ast.parse(text))})
        # Without the folders of installed packages.
        command = [sys.executable, "-I", "-S", "-c", "import " + ", ".join(names)]
        self.assertEqual(subprocess.run(command, stderr=subprocess.PIPE).stderr, b"")

    def test_writes_nothing_to_standard_output_and_starts_no_process(self) -> None:
        for name, text in sources().items():
            with self.subTest(name):
                tree = ast.parse(text)
                self.assertNotIn("subprocess", list(imported(tree)))
                words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
                attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
                self.assertEqual(words & {"print"} | attributes & {"stdout", "system", "popen"}, set())

    def test_says_of_every_public_function_what_it_does(self) -> None:
        for name, text in sources().items():
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, (ast.Module, ast.ClassDef)) or (
                    isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
                ):
                    with self.subTest("%s %s" % (name, getattr(node, "name", ""))):
                        self.assertIsNotNone(ast.get_docstring(node))
