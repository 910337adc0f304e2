"""Says of each test when it begins and how it ended, so that the driver knows what ran when a process dies.

The events go to a file, one JSON object a line, because tests write to the standard streams.
"""

from __future__ import annotations

import gc
import json
import time
import unittest
from typing import TYPE_CHECKING, Any

from .outcomes import FAILURES, SEVERITY, SKIP

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .recording import Recorder

MESSAGE_CHARACTERS_MAX = 4000


class EventFile:
    """Appends events that another process reads while this one runs."""

    def __init__(self, file: Path) -> None:
        self._stream = file.open("a", encoding="utf-8", buffering=1)

    def write(self, event: str, **fields: Any) -> None:
        self._stream.write(json.dumps({"event": event, **fields}) + "\n")
        self._stream.flush()


class ReportingResult(unittest.TestResult):
    """A test result that reports each test as it goes."""

    def __init__(self, events: EventFile, name: Callable[[Any], str], recorder: Recorder) -> None:
        super().__init__()
        self._events = events
        self._name = name
        self._recorder = recorder
        self._begin("")

    def _begin(self, running: str) -> None:
        self._running = running
        self._outcome = "pass"
        self._message = ""
        self._started = time.monotonic()

    def _settle(self, outcome: str, message: str = "") -> None:
        if SEVERITY[outcome] > SEVERITY[self._outcome]:
            self._outcome, self._message = outcome, message

    def _report(self, name: str, outcome: str, message: str, **details: Any) -> None:
        self._events.write("done", test=name, outcome=outcome, message=message, **details)

    def _describe(self, test: Any, error: Any) -> str:
        text: str = self._exc_info_to_string(error, test)  # type: ignore[attr-defined]
        return shortened(text)

    def startTest(self, test: Any) -> None:  # noqa: N802
        super().startTest(test)
        self._begin(self._name(test))
        self._events.write("start", test=self._running)
        self._recorder.begin()

    def stopTest(self, test: Any) -> None:  # noqa: N802
        touched = self._recorder.end()
        seconds = round(time.monotonic() - self._started, 3)
        self._report(self._running, self._outcome, self._message, seconds=seconds, touched=touched)
        if self._outcome in FAILURES:
            # What it left open would warn, when collected, in a test that counts warnings.
            gc.collect()
        self._begin("")
        super().stopTest(test)

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        self._settle("fail", self._describe(test, err))

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802
        if is_test(test):
            self._settle("error", self._describe(test, err))
        else:  # setUpClass or setUpModule failed; the tests themselves never start
            self._report(self._name(test), "error", self._describe(test, err))

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
        if self._running == self._name(test):
            self._settle(SKIP, reason)
        else:  # a fixture skipped it, or a decorator on 3.12.1, whose unittest does not start such a test
            self._report(self._name(test), SKIP, reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:  # noqa: N802
        self._settle("expected failure")

    def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
        self._settle("unexpected success", "expected to fail, and passed")

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
        if err is not None:
            outcome = "fail" if issubclass(err[0], AssertionError) else "error"
            self._settle(outcome, f"{subtest}\n{self._describe(test, err)}")


def is_test(test: Any) -> bool:
    """Whether this is a test, not the stand-in that unittest reports a failed fixture with."""
    return hasattr(test, "_testMethodName")


def shortened(text: str) -> str:
    """The beginning and the end of a long text: the end says what went wrong."""
    if len(text) <= MESSAGE_CHARACTERS_MAX:
        return text
    third = MESSAGE_CHARACTERS_MAX // 3
    return f"{text[:third]}\n[...]\n{text[-2 * third :]}"
