"""Each system call of ours fails in turn: nothing crashes, leaks, gets lost or doubled, and errors reach their owner.

The programs are in `scenarios.py`; `run.py` runs each once for every way in which every call can fail, in a process
with the library of `inject.c` before libc. `make faults` runs the rest of the test suite with random harmless faults.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
BUILD = FOLDER.parent.parent / "build" / "faults"
RUN_SECONDS_MAX = 240


def in_folder(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        **options,
    )


@pytest.fixture(scope="session")
def library() -> str:
    built = in_folder("injector.py", str(BUILD))
    assert built.returncode == 0, built.stderr
    return built.stdout.strip()


def scenario_names() -> list[str]:
    """The functions of scenarios.py that are marked as one. It imports its neighbours by name, so it is read."""
    tree = ast.parse((FOLDER / "scenarios.py").read_text())
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(mark, ast.Name) and mark.id == "scenario" for mark in node.decorator_list)
    ]


def run_with_faults(library: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return in_folder("run.py", *arguments, env={**os.environ, "LD_PRELOAD": library})


@pytest.mark.timeout(RUN_SECONDS_MAX)
@pytest.mark.parametrize("poller", ["epoll", "poll"])
@pytest.mark.parametrize("name", scenario_names())
def test_every_failure_of_every_system_call_is_survived(name: str, poller: str, library: str) -> None:
    finished = run_with_faults(library, poller, name)
    last = finished.stderr.strip().rpartition("\n")[2]
    assert finished.returncode == 0, f"{finished.stdout}\nlast fault: {last}\n{finished.stderr[-2000:]}"
    total = json.loads(finished.stdout.strip().rpartition("\n")[2])
    assert total["runs"] > 0


@pytest.mark.parametrize(
    ("received", "complaint"),
    [("b'ab'", "lost without an error"), ("b'abcc'", "not what was sent"), ("b'b'", "not what was sent")],
)
def test_a_byte_that_is_lost_or_doubled_is_found(received: str, complaint: str) -> None:
    code = (
        "from injector import Fault; from report import Report; report = Report(); report.is_whole = True;"
        f"report.compare('peer', b'abc', {received}); print(report.judge(Fault('recv', 4)))"
    )
    assert complaint in in_folder("-c", code).stdout


def test_without_the_library_it_says_what_to_do() -> None:
    finished = in_folder("run.py", "epoll", "empty")
    assert finished.returncode != 0
    assert "LD_PRELOAD" in finished.stderr
