"""Writes the page of results: a section a Python version, of which a run replaces its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .outcomes import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .comparison import ModuleResult, Verdict

_INTRODUCTION = """\
# Conformance

CPython's own asyncio tests, run on ouroloop's event loop beside the standard library's. `make conformance`
writes this page, and `make conformance PYTHON=python3.13` the section of that Python. It fails when a test
passes on the standard library, not on ouroloop, and is not among the known differences in
`tools/conformance/known_differences.toml`.

The loop is swapped: futures, tasks, transports and servers that a loop makes are its own, the functions and
classes above them the standard library's. Left out is what never meets the loop, as
`tools/conformance/selection.py` says: other platforms, the same tests over another selector or over the
pure-Python future and task, and classes that only test private parts of the standard library. The columns
count tests; run is passed and failed together.
"""
_HEADING = re.compile(r"^## (?=CPython )", re.MULTILINE)
_COLUMNS = ("run", "passed", "failed", "skipped")


@dataclass(frozen=True)
class Section:
    """One Python's results."""

    heading: str
    python: str
    # Implementations in the order of their columns, with the titles those have.
    titles: dict[str, str]
    results: Sequence[ModuleResult]
    tested: str
    verdict: Verdict | None


def heading(version: str, mode: str) -> str:
    """What a section is known by: the Python's minor version, and the mode where it is not the usual one."""
    return f"CPython {version}" + (", the whole namespace swapped" if mode == "ns" else "")


def table(section: Section) -> str:
    """Modules, and at the end their sum."""
    head = ["Module", *(f"{title}: {column}" if column == "run" else column
                        for title in section.titles.values() for column in _COLUMNS)]  # fmt: skip
    totals = dict.fromkeys(section.titles, Tally())
    rows = []
    for result in section.results:
        tallies = {name: result.tally(name) for name in section.titles}
        totals = {name: totals[name] + tallies[name] for name in section.titles}
        rows.append(_row(result.module, tallies.values()))
    rows.append(_row("**all**", totals.values()))
    return "\n".join([_line(head), _line(["---", *["--:"] * (len(head) - 1)]), *rows]) + "\n"


def render(section: Section) -> str:
    """The section as text."""
    parts = [f"## {section.heading}\n", f"{section.python}.\n", table(section)]
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
        rows = [_line(["Known differences", "tests"]), _line(["---", "--:"])]
        rows += [_line([kind, str(number)]) for kind, number in verdict.by_reason().items()]
        parts.append("\n".join(rows) + "\n")
    if verdict.unexpected:
        names = "\n".join(f"- `{each.test}` ({each.outcome})" for each in verdict.unexpected)
        parts.append(f"Not known, and so wrong, on {title}:\n\n{names}\n")
    else:
        parts.append(f"No other test passes on the standard library and not on {title}.\n")
    if verdict.undecided:
        names = ", ".join(f"`{test}`" for test in sorted(verdict.undecided))
        parts.append(
            f"These fail on the standard library when run like this, and so decide nothing: {names}.\n"
        )
    return parts


def _row(name: str, tallies: Iterable[Tally]) -> str:
    cells = [name]
    for tally in tallies:
        cells += [str(getattr(tally, column)) for column in _COLUMNS]
    return _line(cells)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
