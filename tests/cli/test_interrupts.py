"""Ctrl-C, and what a program shows when it ends by it or by an error inside a coroutine."""

from __future__ import annotations

import os
import signal
import subprocess
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Launcher

Write = Callable[[str, str], Path]

WAITING = """
import sys, time
print("waiting", flush=True)
try:
    time.sleep(60)
finally:
    print("cleaned up")
"""

WAITING_IN_LOOP = """
import asyncio
async def main():
    print("waiting", flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        print("cleaned up")
asyncio.run(main())
"""

HANDLED = """
import time
print("waiting", flush=True)
try:
    time.sleep(60)
except KeyboardInterrupt:
    raise SystemExit(5)
"""


def wait_until_asleep(process_id: int) -> None:
    """So that the signal finds the process at the same line in each run."""
    deadline = time.monotonic() + 10
    while Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "S":
        assert time.monotonic() < deadline
        time.sleep(0.001)


def interrupt(command: list[str], folder: Path) -> tuple[bytes, bytes, int]:
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"waiting\n"
            wait_until_asleep(process.pid)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=30)
        except BaseException:
            process.kill()
            raise
    return stdout, stderr, process.returncode


@pytest.mark.parametrize("form", ["file", "module"])
@pytest.mark.parametrize(("source", "returncode"), [(WAITING, -signal.SIGINT), (HANDLED, 5)])
def test_ctrl_c_ends_it_as_it_ends_python(
    source: str, returncode: int, form: str, launcher: Launcher, write: Write
) -> None:
    path = write("program.py", source)
    start = [str(path)] if form == "file" else ["-m", "program"]
    expected = interrupt(launcher.python(*start), launcher.folder)
    assert interrupt(launcher.ouroloop(*start), launcher.folder) == expected
    assert expected[2] == returncode


def frames_of(path: Path, stderr: bytes) -> list[str]:
    """What a traceback shows of the program, and the error itself, without what is each loop's own."""
    kept, ours = [], False
    for line in stderr.decode().splitlines():
        if line.startswith("  File "):
            ours = str(path) in line
        if ours or not line.startswith("  "):
            kept.append(line)
    return kept


def test_ctrl_c_in_a_coroutine_cancels_it_and_ends_the_process(launcher: Launcher, write: Write) -> None:
    path = write("program.py", WAITING_IN_LOOP)
    expected = interrupt(launcher.python(str(path)), launcher.folder)
    stdout, stderr, returncode = interrupt(launcher.ouroloop(str(path)), launcher.folder)
    assert (stdout, returncode) == (b"cleaned up\n", -signal.SIGINT) == (expected[0], expected[2])
    assert frames_of(path, stderr) == frames_of(path, expected[1])


def test_an_error_in_a_coroutine_shows_the_program_s_frames_alone(launcher: Launcher, write: Write) -> None:
    source = """
        import asyncio

        async def inner():
            await asyncio.sleep(0)
            raise ValueError("inside")

        async def main():
            await asyncio.gather(inner(), inner())

        asyncio.run(main())
        """
    path = write("program.py", textwrap.dedent(source))
    expected = launcher.run(launcher.python(str(path)))
    actual = launcher.run(launcher.ouroloop(str(path)))
    assert actual.returncode == expected.returncode == 1
    assert frames_of(path, actual.stderr) == frames_of(path, expected.stderr)
    assert len(frames_of(path, actual.stderr)) > 6
    for ours in (b"cli.py", b"takeover.py", b"sitecustomize.py", b"__main__.py"):
        assert ours not in actual.stderr
