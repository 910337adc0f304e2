"""What became of each test, and how that is counted."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# A test that is expected to fail and does has passed; one that is and does not has failed.
PASSES = {"pass", "expected failure"}
FAILURES = {"fail", "error", "unexpected success", "timeout", "crash"}
SKIP = "skip"

# The worse of two outcomes of one test is the one that counts: its clean-up may fail after it passed.
SEVERITY = {"pass": 0, "expected failure": 1, SKIP: 2, "unexpected success": 3, "fail": 4, "error": 5}


@dataclass
class Outcome:
    """One test's result; its name is `module.Class.test`."""

    test: str
    module: str
    outcome: str
    seconds: float = 0.0
    message: str = ""
    # What it was the first time, when it passed the second.
    at_first: str = ""
    # The private names that it touches on the standard library, where they were recorded.
    touched: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return self.outcome in PASSES

    @property
    def failed(self) -> bool:
        return self.outcome in FAILURES

    @property
    def last_line(self) -> str:
        """What the message comes down to."""
        lines = [line for line in self.message.splitlines() if line.strip()]
        return lines[-1].strip() if lines else ""


@dataclass
class Tally:
    """Counts of outcomes."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def run(self) -> int:
        return self.passed + self.failed

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
        )


def count(outcomes: Iterable[Outcome]) -> Tally:
    tally = Tally()
    for each in outcomes:
        tally.passed += each.passed
        tally.failed += each.failed
        tally.skipped += each.outcome == SKIP
    return tally


def load(file: Path) -> list[Outcome]:
    """Reads what `save` has written."""
    return [Outcome(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def save(file: Path, outcomes: Iterable[Outcome]) -> None:
    """Writes one JSON object a line."""
    file.write_text("".join(json.dumps(asdict(each)) + "\n" for each in outcomes), encoding="utf-8")
