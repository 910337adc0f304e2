"""The list of tests that may fail on ours though they pass on the standard library, each with its reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

LIST = Path(__file__).with_name("known_differences.toml")
# Sections of the list, and the kind of reason that each holds.
SECTIONS = {
    "private": "private to the standard library",
    "tied": "the standard library's own classes",
    "changed": "changed by a newer Python",
    "older": "needs a newer Python",
}
# Counts when another Python's tests run; its limits are about the Python that runs them.
_OLDER = "older"


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


def load(python: str, mode: str, file: Path = LIST, tests_of: str = "") -> KnownDifferences:
    """Reads what the list says of one Python, as "3.13", and one mode, "loop" or "ns".

    tests_of: the Python whose tests run, where that is another one. Raises ValueError for what has no sense or no
    reason.
    """
    return parse(tomllib.loads(file.read_text(encoding="utf-8")), python, mode, tests_of)


def parse(document: dict[str, Any], python: str, mode: str, tests_of: str = "") -> KnownDifferences:
    """Takes the list as TOML has it: the sections map patterns to reasons.

    In place of a reason may stand a table with the reason and its limits, as `Limits` says.
    """
    unknown = document.keys() - SECTIONS.keys()
    if unknown:
        raise ValueError(f"no such section: {', '.join(sorted(unknown))}")
    differences = []
    seen: set[str] = set()
    for section, kind in SECTIONS.items():
        for pattern, entry in document.get(section, {}).items():
            difference, limits = _read(pattern, kind, entry)
            _refuse_nonsense(difference, seen)
            if section == _OLDER:
                is_meant = bool(tests_of) and limits.include(python, mode)
            else:
                is_meant = limits.include(tests_of or python, mode)
            if is_meant:
                differences.append(difference)
    return KnownDifferences(differences)


@dataclass(frozen=True)
class Limits:
    """What an entry is for: one mode or both, and Pythons from one to another, both included."""

    mode: str = ""
    since: str = ""
    until: str = ""

    def include(self, python: str, mode: str) -> bool:
        return (
            self.mode in ("", mode)
            and (not self.since or version_key(self.since) <= version_key(python))
            and (not self.until or version_key(python) <= version_key(self.until))
        )


def _read(pattern: str, kind: str, entry: Any) -> tuple[Difference, Limits]:
    if not isinstance(entry, dict):
        return Difference(pattern, kind, entry), Limits()
    limits = dict(entry)
    reason = limits.pop("reason", "")
    if unknown := limits.keys() - {field.name for field in fields(Limits)}:
        raise ValueError(f"{pattern} has no use for {', '.join(sorted(unknown))}")
    if limits.get("mode", "ns") not in ("loop", "ns"):
        raise ValueError(f"{pattern}: no such mode: {limits['mode']}")
    return Difference(pattern, kind, reason), Limits(**limits)


def _refuse_nonsense(difference: Difference, seen: set[str]) -> None:
    if not difference.reason.strip():
        raise ValueError(f"{difference.pattern} has no reason")
    if difference.pattern in seen:
        raise ValueError(f"{difference.pattern} is listed twice")
    seen.add(difference.pattern)


def version_key(python: str) -> list[int]:
    """Orders "3.9" before "3.13"."""
    return [int(part) for part in python.split(".")]
