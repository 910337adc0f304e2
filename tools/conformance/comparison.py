"""Holds an implementation's outcomes against the standard library's, module by module."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .grading import GRADES, PUBLIC, grade
from .outcomes import Outcome, Tally, count

if TYPE_CHECKING:
    from .known_differences import Difference, KnownDifferences


# What stands for all tests of a module that cannot be imported.
NOT_IMPORTED = ".<import>"


@dataclass
class ModuleResult:
    """One module's outcomes on every implementation that ran it, by the implementation's name."""

    module: str
    outcomes: dict[str, list[Outcome]]

    # How private each test is, by its name.
    grades: dict[str, str] = field(default_factory=dict)

    def tally(self, implementation: str) -> Tally:
        return count(self.outcomes[implementation])

    def tally_of_grade(self, implementation: str, letter: str) -> Tally:
        """Of the tests of one grade; a test that nobody graded counts as public."""
        return count(
            each for each in self.outcomes[implementation] if self.grades.get(each.test, PUBLIC) == letter
        )


def grades(outcomes: list[Outcome]) -> dict[str, str]:
    """The grade of each test that the standard library ran."""
    return {each.test: grade(each.touched) for each in outcomes}


@dataclass
class Verdict:
    """What differs from the standard library, sorted into known and not."""

    known: list[tuple[Outcome, Difference]] = field(default_factory=list)
    unexpected: list[Outcome] = field(default_factory=list)
    unused: list[Difference] = field(default_factory=list)
    # Tests that fail on the standard library too, which then say nothing about the loop under test.
    undecided: list[str] = field(default_factory=list)

    # How private the tests are, by name.
    grades: dict[str, str] = field(default_factory=dict)

    def grade(self, test: str) -> str:
        return self.grades.get(test, PUBLIC)

    def by_reason(self) -> dict[str, dict[str, int]]:
        """How many tests of each grade each kind of reason explains, the kind with the most tests first."""
        counts: dict[str, dict[str, int]] = {}
        for outcome, difference in self.known:
            row = counts.setdefault(difference.kind, dict.fromkeys(GRADES, 0))
            row[self.grade(outcome.test)] += 1
        return dict(sorted(counts.items(), key=lambda item: (-sum(item[1].values()), item[0])))

    def known_in(self, module: str) -> int:
        """How many of a module's tests fail for a known reason."""
        return sum(outcome.module == module for outcome, _ in self.known)


def differing(baseline: list[Outcome], ours: list[Outcome]) -> list[Outcome]:
    """The tests that do not pass on ours though they pass on the standard library.

    That is also one that is skipped or never runs, a failure under a name that the standard library does not have,
    and a module that cannot be imported even there: nothing would be tested.
    """
    theirs = {each.test: each for each in baseline}
    own = {each.test: each for each in ours}
    differences = [
        own.get(test) or Outcome(test, reference.module, "missing", message="it did not run")
        for test, reference in theirs.items()
        if reference.passed and not (test in own and own[test].passed)
    ]
    return differences + [
        each for each in ours if each.failed and (each.test not in theirs or each.test.endswith(NOT_IMPORTED))
    ]


def judge(results: list[ModuleResult], baseline: str, tested: str, known: KnownDifferences) -> Verdict:
    """Compares everything that ran with the standard library and with the list of known differences."""
    verdict = Verdict()
    ran: list[str] = []
    failed: list[str] = []
    for result in results:
        reference, ours = result.outcomes[baseline], result.outcomes[tested]
        verdict.grades.update(result.grades)
        ran += [each.test for each in reference]
        verdict.undecided += [
            each.test for each in reference if each.failed and not each.test.endswith(NOT_IMPORTED)
        ]
        for each in differing(reference, ours):
            failed.append(each.test)
            difference = known.find(each.test)
            if difference is None:
                verdict.unexpected.append(each)
            else:
                verdict.known.append((each, difference))
    # What fails everywhere neither uses up a pattern nor shows that it is not needed.
    verdict.unused = known.unused(set(ran) - set(verdict.undecided), failed)
    return verdict
