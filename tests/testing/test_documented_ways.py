"""The ways that docs/testing.md shows: each section's files in a folder, run by the command below them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path
from typing import NamedTuple

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
FILE = re.compile(r"^```(?:python|ini)\n# (?P<name>\w+\.\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^    (?P<words>(?:python -m|pytest|ouroloop).*)$", re.MULTILINE)

# The plugins that a section needs, each by its module; no other is loaded.
PLUGINS = {"pytest-asyncio": "pytest_asyncio.plugin", "anyio": "anyio.pytest_plugin"}
PASSED = {
    "unittest": "Ran 2 tests",
    "Mocks": "Ran 2 tests",
    "pytest-asyncio": "1 passed",
    "anyio": "2 passed",
}


class Section(NamedTuple):
    files: dict[str, str]
    commands: list[list[str]]


def sections() -> dict[str, Section]:
    found = {}
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, text = part.partition("\n")
        files = {match["name"]: match["text"] for match in FILE.finditer(text)}
        commands = [match["words"].split() for match in COMMAND.finditer(text)]
        found[title] = Section(files, commands)
    return found


def run(folder: Path, words: list[str], plugin: str = "") -> str:
    """What the command prints when it succeeds, started with this interpreter and no plugin but the one."""
    start = [sys.executable, "-W", "error"]
    start += words[1:] if words[0] == "python" else ["-m", *words]
    if "pytest" in words:
        start += ["-p", "no:cacheprovider", *(["-p", plugin] if plugin else [])]
    ran = subprocess.run(
        start,
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    output = ran.stdout + ran.stderr
    assert ran.returncode == 0, output
    return output


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("title", PASSED)
def test_the_documented_tests_pass_on_our_loop(title: str, tmp_path: Path) -> None:
    section = sections()[title]
    write(tmp_path, section.files)
    (words,) = section.commands
    output = run(tmp_path, words, PLUGINS.get(title, ""))
    assert PASSED[title] in output


@pytest.mark.skipif(
    not hasattr(unittest.IsolatedAsyncioTestCase, "loop_factory"),
    reason="the standard library's test case takes a loop factory from Python 3.13 on",
)
def test_the_documented_line_for_the_standard_test_case_works(tmp_path: Path) -> None:
    write(tmp_path, sections()["unittest"].files)
    assert "Ran 1 test" in run(tmp_path, ["python", "-m", "unittest", "test_loop_factory"])


ASKS_WHICH_LOOP = """
import asyncio
import unittest


class WhichLoopTest(unittest.IsolatedAsyncioTestCase):
    async def test_which_loop(self):
        assert type(asyncio.get_running_loop()).__module__.startswith("ouroloop."), asyncio.get_running_loop()
"""


@pytest.mark.parametrize("number", [0, 1])
def test_a_suite_that_knows_nothing_of_us_runs_on_our_loop(number: int, tmp_path: Path) -> None:
    write(tmp_path, {"test_which.py": ASKS_WHICH_LOOP})
    commands = sections()["A whole test suite, unchanged"].commands
    assert len(commands) == 2
    assert re.search(r"1 passed|Ran 1 test", run(tmp_path, commands[number]))
