"""Measured processes: started on their core, spoken to by lines, ended whatever happens.

A child is in a process group of its own, so Ctrl-C reaches the benchmark alone, which then ends its children.
Every program that is started here also sets itself an alarm, and so ends even if the benchmark was killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent

# What would make one process slower than another, or than its user would see.
_UNWANTED_VARIABLES = (
    "PYTHONASYNCIODEBUG",
    "PYTHONDEVMODE",
    "PYTHONMALLOC",
    "PYTHONPROFILEIMPORTTIME",
    "PYTHONTRACEMALLOC",
    "PYTHONWARNINGS",
)


class ChildError(Exception):
    """A measured process ended or said nothing; the text is the reason, as far as it gave one."""


class Child:
    """A running process that is killed on leaving the `with` block."""

    def __init__(self, command: Sequence[str | Path], core: int | None) -> None:
        self.name = Path(command[0]).name if command[0] != sys.executable else str(command[2])
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 closed in __exit__
        self._pending = b""
        environment = {key: value for key, value in os.environ.items() if key not in _UNWANTED_VARIABLES}
        with _running_on(core):
            self._process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                cwd=ROOT,
                env=environment,
                bufsize=0,
                process_group=0,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin = self._process.stdin
        self._stdout = self._process.stdout

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._stdout.close()
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()
        self._errors.close()

    def tell(self, line: str) -> None:
        self._stdin.write(line.encode() + b"\n")

    def end_input(self) -> None:
        self._stdin.close()

    def read_line(self, timeout_seconds: float) -> str:
        """The next line of the child's output, or "" when it has ended well and has no more.

        Raises:
            ChildError: no line came in time, or the child ended with an error.
        """
        deadline = time.monotonic() + timeout_seconds
        while b"\n" not in self._pending:
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not select.select([self._stdout], [], [], remaining)[0]:
                raise ChildError(f"{self.name} gave no answer within {timeout_seconds:.0f} s")
            chunk = os.read(self._stdout.fileno(), 65536)
            if not chunk:
                self.wait(max(1.0, remaining))
                return ""
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode()

    def read_figures(self, timeout_seconds: float) -> dict[str, Any]:
        """The next line of the child's output, which is a JSON object.

        Raises:
            ChildError: no line came in time, or another one than was promised, or the child failed.
        """
        line = self.read_line(timeout_seconds)
        try:
            figures: dict[str, Any] = json.loads(line)
        except ValueError:
            raise ChildError(f"{self.name} printed {line!r} where figures were expected") from None
        return figures

    def wait(self, timeout_seconds: float) -> None:
        """Waits for the end.

        Raises:
            ChildError: it did not come in time, or with an error.
        """
        try:
            status = self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            raise ChildError(f"{self.name} did not end within {timeout_seconds:.0f} s") from None
        if status:
            raise ChildError(self._reason(status))

    def _reason(self, status: int) -> str:
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors.read().decode(errors="replace").splitlines()]
        last = next((line for line in reversed(lines) if line), "")
        ended = f"signal {-status}" if status < 0 else f"exit code {status}"
        return f"{self.name} ended with {ended}" + (f": {last}" if last else "")


def module_command(module: str, *words: str | int) -> list[str]:
    """The command that runs one of the benchmark's own programs with the running Python."""
    return [sys.executable, "-m", f"benchmarks.programs.{module}", *map(str, words)]


@contextlib.contextmanager
def _running_on(core: int | None) -> Iterator[None]:
    # A child inherits the affinity, so it is on its core from its first instruction on.
    if core is None:
        yield
        return
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, everywhere)
