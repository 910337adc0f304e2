"""The list of tests that may fail on ours though they pass on the standard library, each with its reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

LIST = Path(__file__).with_name("known_differences.toml")
PRIVATE = "private to the standard library"


@dataclass(frozen=True)
class Difference:
    """A pattern of test names, and why those tests fail."""

    pattern: str
    kind: str
    reason: str

    def covers(self, test: str) -> bool:
        return fnmatchcase(test, self.pattern)


class KnownDifferences:
    """The whole list, in the order it is written in: a test belongs to the first pattern that covers it."""

    def __init__(self, differences: Iterable[Difference]) -> None:
        self.differences = list(differences)

    def find(self, test: str) -> Difference | None:
        return next((each for each in self.differences if each.covers(test)), None)

    def unused(self, ran: Iterable[str], failed: Iterable[str]) -> list[Difference]:
        """The patterns that cover tests which ran, but none that failed.

        A pattern that covers no test at all says nothing: the test may be another Python version's.
        """
        ran, failed = list(ran), list(failed)
        used = {self.find(test) for test in failed}
        return [each for each in self.differences if each not in used and any(map(each.covers, ran))]


def load(python: str, file: Path = LIST) -> KnownDifferences:
    """Reads what the list says of one Python, as "3.13"; raises ValueError for what has no sense or no reason."""
    return parse(tomllib.loads(file.read_text(encoding="utf-8")), python)


def parse(document: dict[str, Any], python: str) -> KnownDifferences:
    """Takes the list as TOML has it: `private` maps patterns to reasons, `needs` kinds of I/O to patterns.

    In place of a reason may stand a table with `reason` and `until`, the last Python that the entry is for.
    """
    unknown = document.keys() - {"private", "needs"}
    if unknown:
        raise ValueError(f"no such section: {', '.join(sorted(unknown))}")
    differences = []
    for pattern, entry in document.get("private", {}).items():
        reason, until = (entry["reason"], entry["until"]) if isinstance(entry, dict) else (entry, python)
        if version_key(python) <= version_key(until):
            differences.append(Difference(pattern, PRIVATE, reason))
    for kind, section in document.get("needs", {}).items():
        reason = f"needs {kind}, which the loop does not have yet"
        differences += [Difference(pattern, f"needs {kind}", reason) for pattern in section["tests"]]
    seen: set[str] = set()
    for each in differences:
        if not each.reason.strip():
            raise ValueError(f"{each.pattern} has no reason")
        if each.pattern in seen:
            raise ValueError(f"{each.pattern} is listed twice")
        seen.add(each.pattern)
    return KnownDifferences(differences)


def version_key(python: str) -> list[int]:
    """Orders "3.9" before "3.13"."""
    return [int(part) for part in python.split(".")]
