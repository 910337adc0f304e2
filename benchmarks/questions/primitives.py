"""The smallest operations of asyncio, timed inside the process."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, ClassVar

from benchmarks.child import Child, ChildError, module_command
from benchmarks.peers import LIBRARIES, LOOPS, OWN, program_words
from benchmarks.programs.namespace import FLOOR_NAMESPACE
from benchmarks.programs.primitives.catalog import PRIMITIVES
from benchmarks.question import FLOOR, Outcome, Question, Settings, Workbench
from benchmarks.record import Case, Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.programs.primitives.registry import Primitive

_LINE_SECONDS = 60.0


class OperationQuestion(Question):
    """A catalog of operations, each of which a process does many times over."""

    catalog: ClassVar[str]
    operations: ClassVar[Sequence[Primitive]]

    def cases(self, settings: Settings) -> list[Case]:
        metrics = tuple(Metric(each.name, each.title, "ns", "less") for each in self.operations)
        return [Case("all", "Every operation", metrics, {"share": settings.share})]

    def expected_seconds(self, case: Case, settings: Settings) -> float:
        return 0.5 + 0.15 * len(self.operations) / settings.share

    def notes(self, bench: Workbench) -> list[str]:
        share = bench.settings.share
        return [] if share == 1 else [f"Only one in {share} of the usual operations was done."]

    def command(self, peer: str, bench: Workbench) -> list[str]:
        share = bench.settings.share
        return module_command("primitives", *program_words(peer), "--catalog", self.catalog, "--share", share)

    def measure(self, case: Case, peer: str, bench: Workbench) -> Outcome:
        outcome = Outcome()
        try:
            for answer in _answers(self.command(peer, bench), bench):
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


class Primitives(OperationQuestion):
    name = "primitives"
    title = "Primitives"
    about = (
        "Nanoseconds an operation, with `from ouroloop import asyncio`, and with the standard library's "
        "namespace on each loop: all of these run the same program. Trio, curio and gevent do what they have "
        "of it in their own way. The floor runs the program of the loops, on locks, queues and time limits of its "
        "own that do as little. Each peer in each round has its own process. CPU time, except for the "
        "operations that go to another thread and back, which the clock on the wall times, both threads on "
        "one core."
    )
    catalog = "primitives"
    operations = PRIMITIVES
    peers = (OWN, *LOOPS, *LIBRARIES)
    limits = (FLOOR,)

    def cases(self, settings: Settings) -> list[Case]:
        (case,) = super().cases(settings)
        # The newer Python's eager tasks are there on the older one only in our namespace: nothing to compare with.
        absent = {each.name for each in PRIMITIVES if each.needs and not hasattr(asyncio, each.needs)}
        metrics = tuple(metric for metric in case.metrics if metric.key not in absent)
        return [Case(case.key, case.title, metrics, case.parameters)]

    def command(self, peer: str, bench: Workbench) -> list[str]:
        share = bench.settings.share
        if peer in LIBRARIES:
            return module_command(f"primitives.on_{peer}", "--share", share)
        if peer == FLOOR:
            words = ["floor", FLOOR_NAMESPACE, str(bench.floor)]
            return module_command("primitives", *words, "--share", share)
        return super().command(peer, bench)


def _answers(command: list[str], bench: Workbench) -> Iterator[dict[str, Any]]:
    with Child(command, bench.cores.server) as child:
        while line := child.read_line(_LINE_SECONDS):
            yield json.loads(line)
