"""Starts the example programs as people would, each as a process of its own, and sees that they end well."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 20.0
# Servers say where they listen; port 0 made the kernel choose.
ADDRESS = re.compile(r"(?:http://)?127\.0\.0\.1:(\d+)")
COMPLAINT = re.compile(r"Traceback|^ERROR|never retrieved|ResourceWarning|RuntimeWarning", re.MULTILINE)


def require(*modules: str) -> None:
    """Skips where a library of the example is missing."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(
            f"not installed: {', '.join(missing)}; `make test-examples` installs what the examples use"
        )


class Program:
    """A server among the examples: its process, its port, and all that it has written."""

    def __init__(self, log: Path, *command: str) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "default", str(EXAMPLES / command[0]), *command[1:]],
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.port = 0

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait_for_port(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not (address := ADDRESS.search(self.output)):
            assert self.process.poll() is None, f"ended while starting:\n{self.output}"
            assert time.monotonic() < deadline, f"says no address:\n{self.output}"
            time.sleep(0.02)
        self.port = int(address[1])

    def stop(self) -> None:
        """Ctrl-C, and a clean end."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(STOP_SECONDS_MAX)
        assert self.process.returncode in (0, 130, -signal.SIGINT), self.output
        assert not COMPLAINT.search(self.output.replace("KeyboardInterrupt", "")), self.output


@pytest.fixture
def start_example(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts `python examples/FILE ARGUMENTS`, waits until it says its port, and ends it after the test."""
    started: list[Program] = []

    def start(*command: str) -> Program:
        program = Program(tmp_path / f"output-{len(started)}", *command)
        started.append(program)
        program.wait_for_port()
        return program

    try:
        yield start
        for program in started:
            if program.process.poll() is None:
                program.stop()
    finally:
        for program in started:
            with suppress(ProcessLookupError):
                program.process.kill()
            program.process.wait()


@pytest.fixture
def run_example() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `python examples/FILE ARGUMENTS` to its end."""

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "default", str(EXAMPLES / command[0]), *command[1:]],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=50,
            check=False,
        )

    return run
