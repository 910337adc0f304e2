"""Writes the page of results: a section a Python version, of which a run replaces its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .grading import GRADES
from .outcomes import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .comparison import ModuleResult, Verdict

_INTRODUCTION = """\
# Conformance

CPython's own asyncio tests, run on ouroloop beside the standard library. `make conformance` writes this page, and
`make conformance PYTHON=python3.13` the sections of that Python. It fails when a test passes on the standard library,
not on ouroloop, and is not among the known differences, which stand in `tools/conformance/known_differences.toml`
with a reason each.

Two ways are tested. **The loop swapped**: futures, tasks, transports and servers that a loop makes are ouroloop's, the
functions and classes above them the standard library's. **The whole namespace swapped**: `asyncio` means
`ouroloop.asyncio` in the tests and in the standard library's own modules.

ouroloop's namespace is the newest one on every Python. So `make conformance PYTHON=python3.11 TESTS_OF=3.15` runs
3.15's tests on 3.11, with the whole namespace swapped, and holds them against what the standard library made of them on
3.15. The tests that need something else of the newer Python stand in the list's section `older`, a reason each.

Left out is what never meets the loop, as `tools/conformance/selection.py` says: other platforms, the same tests over
another selector or over the pure-Python future and task, and classes that only test private parts of the standard
library. The columns count tests; run is passed and failed together, and known is how many of ours fail, or cannot be
run, for a reason on the list.

Each test has a grade, from the private names that it was seen to touch when the standard library ran it: **A** is
public behaviour; **S** touches only names that are documented for those who extend asyncio, or that real packages use;
**B** looks at the standard library's internals, or replaces them by mocks.
"""
# What is swapped, by mode.
WAYS = {"loop": "the loop swapped", "ns": "the whole namespace swapped"}
_HEADING = re.compile(r"^## (?=CPython )", re.MULTILINE)
_COLUMNS = ("run", "passed", "failed", "skipped")


@dataclass(frozen=True)
class Section:
    """One Python's results one way."""

    heading: str
    python: str
    # Implementations in the order of their columns, with the titles those have.
    titles: dict[str, str]
    results: Sequence[ModuleResult]
    tested: str
    verdict: Verdict | None


def heading(version: str, mode: str, tests_of: str = "") -> str:
    """What a section is known by: the Python's minor version, whose tests ran, and the way."""
    tests = f" with the tests of {tests_of}" if tests_of else ""
    return f"CPython {version}{tests}, {WAYS[mode]}"


def table(section: Section) -> str:
    """Modules, and at the end their sum."""
    head = ["Module"]
    for name, title in section.titles.items():
        head += [f"{title}: {_COLUMNS[0]}", *_COLUMNS[1:], *_known_column(section, name, ["known"])]
    totals = dict.fromkeys(section.titles, Tally())
    rows = []
    for result in section.results:
        tallies = {name: result.tally(name) for name in section.titles}
        totals = {name: totals[name] + tallies[name] for name in section.titles}
        known = section.verdict.known_in(result.module) if section.verdict else 0
        rows.append(_row(section, result.module, tallies, known))
    rows.append(_row(section, "**all**", totals, len(section.verdict.known) if section.verdict else 0))
    return "\n".join([_line(head), _line(["---", *["--:"] * (len(head) - 1)]), *rows]) + "\n"


def table_of_grades(section: Section) -> str:
    """How many tests of each grade passed of those that ran."""
    rows = [_line(["Grade: passed of run", *section.titles.values()])]
    rows.append(_line(["---", *["--:"] * len(section.titles)]))
    for letter, meaning in GRADES.items():
        cells = [f"{letter}: {meaning}"]
        for name in section.titles:
            tally = sum((each.tally_of_grade(name, letter) for each in section.results), Tally())
            cells.append(f"{tally.passed} of {tally.run}")
        rows.append(_line(cells))
    return "\n".join(rows) + "\n"


def render(section: Section) -> str:
    """The section as text."""
    parts = [f"## {section.heading}\n", f"{section.python}.\n", table(section), table_of_grades(section)]
    if section.verdict is not None:
        parts += _differences(section.verdict, section.titles[section.tested])
    return "\n".join(parts)


def merge(page: str, heading_of_section: str, section: str) -> str:
    """The page with one section replaced or added; the others stay as they are, in the order of versions."""
    sections: dict[str, str] = {}
    for text in _HEADING.split(page)[1:]:
        sections[text.partition("\n")[0]] = f"## {text.rstrip()}\n"
    sections[heading_of_section] = f"{section.rstrip()}\n"
    return "\n".join([_INTRODUCTION, *(sections[name] for name in sorted(sections, key=_version_key))])


def _version_key(name: str) -> tuple[list[int], str]:
    return [int(part) for part in re.findall(r"\d+", name)], name


def _differences(verdict: Verdict, title: str) -> list[str]:
    parts = []
    if verdict.known:
        rows = [_line(["Known differences", "tests", *GRADES]), _line(["---", *["--:"] * (1 + len(GRADES))])]
        for kind, numbers in verdict.by_reason().items():
            counts = [sum(numbers.values()), *numbers.values()]
            rows.append(_line([kind, *map(str, counts)]))
        parts.append("\n".join(rows) + "\n")
    if verdict.unexpected:
        names = "\n".join(
            f"- `{each.test}` ({each.outcome}, {verdict.grade(each.test)})" for each in verdict.unexpected
        )
        parts.append(f"Not known, and so wrong, on {title}:\n\n{names}\n")
    else:
        parts.append(f"No other test passes on the standard library and not on {title}.\n")
    if verdict.undecided:
        names = ", ".join(f"`{test}`" for test in sorted(verdict.undecided))
        parts.append(
            f"These fail on the standard library when run like this, and so decide nothing: {names}.\n"
        )
    return parts


def _row(section: Section, name: str, tallies: dict[str, Tally], known: int) -> str:
    cells = [name]
    for implementation, tally in tallies.items():
        cells += [str(getattr(tally, column)) for column in _COLUMNS]
        cells += _known_column(section, implementation, [str(known)])
    return _line(cells)


def _known_column(section: Section, implementation: str, cell: list[str]) -> list[str]:
    """Only what is tested has known differences."""
    return cell if implementation == section.tested and section.verdict is not None else []


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
