"""What the runs of one library say together: which tests ours must answer for."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecosystem.recipe import Recipe
    from ecosystem.suite import Outcomes

PROJECT = Path(__file__).resolve().parent.parent


@dataclass
class Column:
    """The figures of one loop."""

    passed: int
    failed: int
    skipped: int
    seconds: float
    loops: dict[str, int]
    problem: str

    @classmethod
    def of(cls, outcomes: Outcomes) -> Column:
        counts = [outcomes.count(each) for each in ("passed", "failed", "skipped")]
        return cls(*counts, round(outcomes.seconds, 1), outcomes.loops, outcomes.problem)


@dataclass
class Verdict:
    """A row of the table."""

    library: str
    version: str
    group: str
    columns: dict[str, Column] = field(default_factory=dict)
    # Tests that pass on the standard library's loop and not on ours: without a reason, and with one.
    broken: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    # Tests that passed on ours when run once more, alone.
    unsteady: list[str] = field(default_factory=list)
    # Reasons that no failing test needed.
    unused: list[str] = field(default_factory=list)
    # Why there are no figures, or no proof.
    problem: str = ""
    note: str = ""
    # Why there is no column of uvloop's, or nothing.
    without_uvloop: str = ""
    # A minute of load, as `load.Load` has it; empty when there was none.
    load: dict[str, Any] = field(default_factory=dict)
    is_loaded_well: bool = True

    @property
    def is_good(self) -> bool:
        return not self.broken and not self.problem and self.is_loaded_well

    @property
    def is_empty(self) -> bool:
        """Whether nothing was run: `problem` says why."""
        return not self.columns and not self.load

    def take_words(self, recipe: Recipe) -> None:
        """Takes what the recipe says beside the figures, which needs no run: a reason that was found, too."""
        self.note, self.without_uvloop = recipe.note, recipe.without_uvloop
        for test in list(self.broken):
            reason = recipe.difference(test)
            if reason is not None:
                del self.broken[test]
                self.known[test] = reason

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Verdict:
        columns = {loop: Column(**column) for loop, column in document.pop("columns").items()}
        return cls(**document, columns=columns)


def regressions(base: Outcomes, ours: Outcomes) -> list[str]:
    """The tests that pass on the standard library's loop and did not pass on ours, or did not run."""
    return [
        test
        for test, outcome in base.tests.items()
        if outcome == "passed" and ours.tests.get(test) != "passed"
    ]


def judge(recipe: Recipe, runs: dict[str, Outcomes], unsteady: list[str]) -> Verdict:
    """Puts the runs of all loops beside each other."""
    verdict = Verdict(recipe.name, recipe.version, recipe.group, unsteady=sorted(unsteady))
    verdict.take_words(recipe)
    verdict.columns = {loop: Column.of(outcomes) for loop, outcomes in runs.items()}
    base, ours = runs["asyncio"], runs["ouroloop"]
    for test in regressions(base, ours):
        reason = recipe.difference(test)
        if reason is None:
            said = ours.messages.get(test, f"it was {ours.tests.get(test, 'not run')}")
            verdict.broken[test] = _summary(said)
        else:
            verdict.known[test] = reason
    verdict.unused = [
        pattern for pattern, reason in recipe.differences.items() if reason not in verdict.known.values()
    ]
    verdict.problem = _problem(recipe, runs)
    return verdict


def _summary(message: str) -> str:
    """The line of a failure that says most: pytest marks the exception's by an E."""
    lines = message.strip().splitlines()
    marked = [line[1:] for line in lines if line.startswith("E ")]
    # The page is the same wherever the project's folder is.
    return (marked or lines[-1:])[0].strip().replace(f"{PROJECT}/", "")[:200]


def _problem(recipe: Recipe, runs: dict[str, Outcomes]) -> str:
    for loop in ("asyncio", "ouroloop"):
        problem = runs[loop].problem or elsewhere(recipe, loop, runs[loop])
        if problem:
            return f"on {loop}: {problem}"
    if not runs["asyncio"].count("passed"):
        return "no test passes on the standard library's loop, so nothing is shown: look at its log"
    return ""


def elsewhere(recipe: Recipe, loop: str, outcomes: Outcomes) -> str:
    """Why a run says nothing of a loop, for the suite took others; nothing where it does."""
    if recipe.in_programs:
        return ""
    if not outcomes.loops.get(loop):
        return "the suite made no such loop"
    # A suite may ask for another loop by a name that nobody else can answer; most of its tests may not.
    if outcomes.loops[loop] * 2 < sum(outcomes.loops.values()):
        return f"the suite ran on another loop: {outcomes.loops}"
    return ""
