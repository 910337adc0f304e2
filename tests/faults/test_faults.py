"""Each system call of ours fails in turn: nothing crashes, leaks, gets lost or doubled, and errors reach their owner.

The programs are in `scenarios.py` and `rarer_scenarios.py`; `run.py` runs each once for every way in which every call
can fail, in a process with the library of `inject.c` before libc. `make faults` runs the rest of the test suite with
random harmless faults.
"""

from __future__ import annotations

import ast
import json
import os
import re
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
    """The functions that are marked as one. Their modules import their neighbours by name, so they are read."""
    return [
        node.name
        for module in ("scenarios.py", "rarer_scenarios.py")
        for node in ast.parse((FOLDER / module).read_text()).body
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


@pytest.mark.timeout(RUN_SECONDS_MAX)
def test_every_call_that_can_fail_is_made(library: str) -> None:
    """One that no scenario makes would never fail, and nobody would notice."""
    made: set[str] = set()
    for poller in ("epoll", "poll"):
        finished = run_with_faults(library, "--calls", poller)
        assert finished.returncode == 0, finished.stderr[-2000:]
        counts = json.loads(finished.stdout.strip().rpartition("\n")[2])
        made |= {call for call, count in counts.items() if count}
    listed = json.loads(in_folder("-c", "import json, run; print(json.dumps(list(run.FAILURES)))").stdout)
    assert made == set(listed)


# What native modules take from the C library that asks nothing of the system, or nothing that can fail.
NEEDS_NO_SYSTEM = {
    *("calloc", "ceil", "clock_getres", "clock_gettime", "free", "malloc", "realloc"),
    # A sleep that ends early is only repeated.
    "usleep",
    *("htonl", "htons", "inet_ntop", "inet_pton", "ntohl", "ntohs"),
    # Asked once, when the module is imported; where they find nothing, TLS goes through `ssl` (tests/tls).
    *("dlopen", "dlsym"),
    *("memchr", "memcmp", "memcpy", "memmem", "memmove", "memset", "strcmp", "strerror", "strlen", "strrchr"),
}
# Their names in one C library or another, and the two that make what calls there are by number.
NAMES_TOO = {"fcntl": "fcntl64", "fstat": "fstat64", "accept": "accept4"}
BY_NUMBER = {"syscall"}


def test_every_call_of_a_native_module_can_be_made_to_fail() -> None:
    from ouroloop.loop import core

    known = set(re.findall(r"each\((\w+)\)", (FOLDER / "inject.c").read_text()))
    unknown: dict[str, set[str]] = {}
    modules = list(Path(core.__file__).parents[1].rglob("*.so"))
    for module in modules:
        listing = subprocess.run(
            ["nm", "--dynamic", "--undefined-only", "--format=posix", module],
            capture_output=True,
            text=True,
            check=True,
        )
        names = {line.split()[0].partition("@")[0] for line in listing.stdout.splitlines()}
        taken = {NAMES_TOO.get(name, name) for name in names if not name.startswith(("Py", "_"))}
        if left := taken - known - NEEDS_NO_SYSTEM - BY_NUMBER:
            unknown[module.name] = left
    assert modules
    assert not unknown


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
