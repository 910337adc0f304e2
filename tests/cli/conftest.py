"""Runs a program as `python ...` and as `ouroloop run ...`, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

TIMEOUT_SECONDS = 30.0

# What a developer may have set, and what would make two runs of one program differ.
UNWANTED_VARIABLES = ("PYTHONASYNCIODEBUG", "PYTHONDEVMODE", "PYTHONWARNINGS", "PYTHONHASHSEED")


@dataclass(frozen=True)
class Outcome:
    stdout: bytes
    stderr: bytes
    returncode: int


@dataclass(frozen=True)
class Launcher:
    """Runs programs in one folder, by either of the two commands."""

    folder: Path

    def environment(self, **variables: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in UNWANTED_VARIABLES and not name.startswith("OUROLOOP")
        }
        return {**kept, "PYTHONHASHSEED": "0", **variables}

    def python(self, *arguments: str, options: Sequence[str] = ()) -> list[str]:
        return [sys.executable, *options, *arguments]

    def ouroloop(self, *arguments: str, options: Sequence[str] = ()) -> list[str]:
        return [sys.executable, *options, "-m", "ouroloop", "run", *arguments]

    def run(
        self, command: Sequence[str], *, stdin: bytes = b"", environment: dict[str, str] | None = None
    ) -> Outcome:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment or self.environment(),
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
        )
        return Outcome(done.stdout, done.stderr, done.returncode)

    def same(
        self,
        *arguments: str,
        options: Sequence[str] = (),
        stdin: bytes = b"",
        environment: dict[str, str] | None = None,
    ) -> Outcome:
        """What both commands do with these arguments, after a check that it is the same byte for byte."""
        expected = self.run(self.python(*arguments, options=options), stdin=stdin, environment=environment)
        actual = self.run(self.ouroloop(*arguments, options=options), stdin=stdin, environment=environment)
        assert actual == expected
        return actual


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    return Launcher(tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file in the programs' folder, with the folders that lead to it."""

    def write(name: str, source: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        return path

    return write
