"""Writes docs/ecosystem.md from what stands in docs/ecosystem.json, of which a run replaces the rows it has run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecosystem.recipe import GROUPS, LOOPS
from ecosystem.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCS = Path(__file__).resolve().parent.parent / "docs"
RECORD = DOCS / "ecosystem.json"
PAGE = DOCS / "ecosystem.md"

INTRODUCTION = """\
# The libraries that people run on asyncio

Their own test suites, unchanged, on three loops: the standard library's, uvloop (where the library supports it) and
Ouroloop. `make ecosystem` writes this page, `make ecosystem LIB=aiohttp` one row of it. Each library has its own
virtual environment with the version that the table names; what is run stands in `ecosystem/recipes/`. A library whose
source distribution has no tests is tested by ours beside its recipe, against the real thing.

No test that passes on the standard library's loop may fail on Ouroloop without a line below that says why.
Numbers are tests: passed / failed / skipped; a dash is a loop that they were not run on. What fails on every loop is
the library's own, or this machine's; why tests fail on uvloop only was not looked into. Recipes without a row here have
not been run to their end yet.
"""


LOAD = """\
One process on Ouroloop, loaded by a client of others (`make ecosystem ARGS=--load`). The numbers of requests are no
measure of speed: the client and whatever else ran shared the machine. Memory is what the process, with its workers if
it has any, has of its own, after a warm-up and at the end.

| library | client | requests | errors | memory before | memory after |
| --- | --- | --- | --- | --- | --- |"""


def read(record: Path = RECORD) -> dict[str, Verdict]:
    if not record.exists():
        return {}
    document = json.loads(record.read_text(encoding="utf-8"))
    return {name: Verdict.from_json(row) for name, row in document["libraries"].items()}


def write(verdicts: dict[str, Verdict], made_with: str, record: Path = RECORD, page: Path = PAGE) -> None:
    """Keeps the rows and writes the page."""
    rows = {name: verdict.as_json() for name, verdict in sorted(verdicts.items())}
    document = {"made_with": made_with, "libraries": rows}
    record.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page.write_text(render(verdicts.values(), made_with), encoding="utf-8")


def render(verdicts: Iterable[Verdict], made_with: str) -> str:
    """The page's text."""
    verdicts = sorted(verdicts, key=lambda each: each.library)
    lines = [INTRODUCTION, f"Made with {made_with}.\n"]
    for group in GROUPS:
        rows = [each for each in verdicts if each.group == group]
        if rows:
            lines += [f"## {group}\n", "| library | version | asyncio | uvloop | Ouroloop | differences |"]
            lines += ["| --- | --- | --- | --- | --- | --- |", *map(_row, rows), ""]
    loaded = [each.load for each in verdicts if each.load]
    if loaded:
        lines += ["## Under load\n", LOAD, *map(_load_row, loaded), ""]
    explained = [each for each in verdicts if each.known or each.unsteady or each.broken]
    if explained:
        lines.append("## Differences, explained\n")
        for verdict in explained:
            lines += [f"### {verdict.library}\n", *_explanation(verdict), ""]
    return "\n".join(lines).rstrip() + "\n"


def _row(verdict: Verdict) -> str:
    cells = [verdict.library, verdict.version]
    for loop in LOOPS:
        column = verdict.columns.get(loop)
        if column is None:
            cells.append("-")
        else:
            cells.append(f"{column.passed} / {column.failed} / {column.skipped}")
    said = [verdict.problem] if verdict.problem else []
    if (column := verdict.columns.get("uvloop")) and column.problem:
        said.append(f"on uvloop: {column.problem}")
    if verdict.without_uvloop:
        said.append(f"no uvloop: {verdict.without_uvloop}")
    if not verdict.columns and not verdict.problem:
        said.append("its tests have not been run to their end yet")
    if verdict.broken:
        said.append(f"**{len(verdict.broken)} unexplained**")
    if verdict.known:
        said.append(f"{len(verdict.known)} explained below")
    if verdict.note:
        said.append(verdict.note)
    return f"| {' | '.join([*cells, '; '.join(said) or 'none'])} |".replace("\n", " ")


def _load_row(load: dict[str, Any]) -> str:
    memory = [f"{load[when] / 2**20:.1f} MiB" for when in ("resident_before", "resident_after")]
    said = "; ".join(filter(None, [load["problem"], load["errors"]])) or "none"
    cells = [load["library"], load["client"], f"{load['requests']} in {load['seconds']} s", said, *memory]
    return f"| {' | '.join(cells)} |"


def _explanation(verdict: Verdict) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for test, reason in verdict.known.items():
        by_reason.setdefault(reason, []).append(test)
    lines = [f"- {', '.join(f'`{test}`' for test in tests)}: {reason}" for reason, tests in by_reason.items()]
    lines += [f"- `{test}`: **unexplained**: `{said}`" for test, said in verdict.broken.items()]
    lines += [f"- `{test}`: passed at the second try" for test in verdict.unsteady]
    return lines
