"""Says what is being measured and how long the rest will take, in one line that changes where it can."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.schedule import Step

# The estimates weigh as much as so many seconds of measuring, so the first step does not upset them.
_TRUST_SECONDS = 5.0


def describe_duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(0.0, seconds):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class Progress:
    """Counts the expected seconds of the steps and learns how the real ones compare."""

    def __init__(
        self,
        expected_seconds: float,
        stream: TextIO = sys.stderr,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._expected_total = expected_seconds
        self._expected_done = 0.0
        self._stream = stream
        self._clock = clock
        self._start = clock()
        self._changes_line = stream.isatty()

    def seconds_left(self) -> float:
        elapsed = self._clock() - self._start
        pace = (elapsed + _TRUST_SECONDS) / (self._expected_done + _TRUST_SECONDS)
        return (self._expected_total - self._expected_done) * pace

    def begin(self, question: str, step: Step, rounds: int) -> None:
        share = self._expected_done / self._expected_total if self._expected_total else 1.0
        self._show(
            f"[{share:4.0%}] {question}: round {step.turn} of {rounds}, {step.case.title}, {step.peer} "
            f"- {describe_duration(self.seconds_left())} left"
        )

    def end(self, expected_seconds: float) -> None:
        self._expected_done += expected_seconds

    def drop(self, expected_seconds: float) -> None:
        """Takes back steps that will not be done."""
        self._expected_total -= expected_seconds

    def say(self, line: str) -> None:
        """A line that stays."""
        if self._changes_line:
            self._stream.write("\r\x1b[K")
        print(line, file=self._stream, flush=True)

    def _show(self, line: str) -> None:
        if not self._changes_line:
            print(line, file=self._stream, flush=True)
            return
        width = shutil.get_terminal_size().columns - 1
        self._stream.write("\r\x1b[K" + line[:width])
        self._stream.flush()
