"""Holds an implementation's outcomes against the standard library's, module by module."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .outcomes import Outcome, Tally, count

if TYPE_CHECKING:
    from .known_differences import Difference, KnownDifferences


@dataclass
class ModuleResult:
    """One module's outcomes on every implementation that ran it, by the implementation's name."""

    module: str
    outcomes: dict[str, list[Outcome]]

    def tally(self, implementation: str) -> Tally:
        return count(self.outcomes[implementation])


@dataclass
class Verdict:
    """What differs from the standard library, sorted into known and not."""

    known: list[tuple[Outcome, Difference]] = field(default_factory=list)
    unexpected: list[Outcome] = field(default_factory=list)
    unused: list[Difference] = field(default_factory=list)
    # Tests that fail on the standard library too, which then say nothing about the loop under test.
    undecided: list[str] = field(default_factory=list)

    def by_reason(self) -> dict[str, int]:
        """How many tests each kind of reason explains, the most first."""
        counts: dict[str, int] = {}
        for _, difference in self.known:
            counts[difference.kind] = counts.get(difference.kind, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def differing(baseline: list[Outcome], ours: list[Outcome]) -> list[Outcome]:
    """The tests that do not pass on ours though they pass on the standard library.

    That is also one that is skipped or never runs, and a failure under a name that the standard library
    does not have, as that of a module which cannot be imported.
    """
    theirs = {each.test: each for each in baseline}
    own = {each.test: each for each in ours}
    differences = [
        own.get(test) or Outcome(test, reference.module, "missing", message="it did not run")
        for test, reference in theirs.items()
        if reference.passed and not (test in own and own[test].passed)
    ]
    return differences + [each for each in ours if each.failed and each.test not in theirs]


def judge(results: list[ModuleResult], baseline: str, tested: str, known: KnownDifferences) -> Verdict:
    """Compares everything that ran with the standard library and with the list of known differences."""
    verdict = Verdict()
    ran: list[str] = []
    failed: list[str] = []
    for result in results:
        reference, ours = result.outcomes[baseline], result.outcomes[tested]
        ran += [each.test for each in reference]
        verdict.undecided += [each.test for each in reference if each.failed]
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
