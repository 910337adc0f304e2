"""The smallest operations of asyncio, timed inside the process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.child import Child, ChildError, module_command
from benchmarks.programs.primitives.catalog import PRIMITIVES
from benchmarks.question import Outcome, Question, Settings, Workbench
from benchmarks.record import Case, Metric

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE_SECONDS = 60.0


class Primitives(Question):
    name = "primitives"
    title = "Primitives"
    about = (
        "Nanoseconds an operation, with the standard library's `asyncio` namespace on each loop, so that "
        "every loop runs the same program; each peer in each round has its own process. CPU time, except "
        "for the two operations that go to another thread and back, which the clock on the wall times, both "
        "threads on one core."
    )

    def cases(self, settings: Settings) -> list[Case]:
        metrics = tuple(Metric(each.name, each.title, "ns", "less") for each in PRIMITIVES)
        return [Case("all", "Every primitive", metrics, {"share": settings.share})]

    def expected_seconds(self, case: Case, settings: Settings) -> float:
        return 0.5 + 3.0 / settings.share

    def notes(self, bench: Workbench) -> list[str]:
        share = bench.settings.share
        return [] if share == 1 else [f"Only one in {share} of the usual operations was done."]

    def measure(self, case: Case, peer: str, bench: Workbench) -> Outcome:
        outcome = Outcome()
        try:
            for answer in _answers(peer, bench):
                if "ns" in answer:
                    outcome.figures[answer["primitive"]] = answer["ns"]
                else:
                    outcome.problems[answer["primitive"]] = answer["problem"]
        except ChildError as error:
            # What was timed before the process failed is as good as ever.
            if not outcome.figures:
                raise
            outcome.problems[""] = str(error)
        return outcome


def _answers(peer: str, bench: Workbench) -> Iterator[dict[str, Any]]:
    command = module_command("primitives", peer, "--share", bench.settings.share)
    with Child(command, bench.cores.server) as child:
        while line := child.read_line(_LINE_SECONDS):
            yield json.loads(line)
