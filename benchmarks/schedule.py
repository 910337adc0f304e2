"""The order of a question's measurements: interleaved, so that a slow minute of the machine meets every peer.

Within a round each case is measured on all peers in a row; who begins moves on by one from round to round and
from case to case, so that nobody always runs at the same place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.question import Question, Workbench
    from benchmarks.record import Case

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """One measurement."""

    turn: int  # the round, counted from 1
    case: Case
    peer: str


def rotate(items: Sequence[T], places: int) -> list[T]:
    """The items with those at the front moved to the end, as many as there are places."""
    if not items:
        return []
    places %= len(items)
    return [*items[places:], *items[:places]]


def plan(question: Question, peers: Sequence[str], bench: Workbench) -> Iterator[Step]:
    """Every measurement of a question that can be made, in order."""
    for turn in range(1, bench.settings.rounds + 1):
        for number, case in enumerate(question.possible_cases(bench)):
            taking_part = [peer for peer in peers if question.takes_part(case, peer)]
            for peer in rotate(taking_part, turn - 1 + number):
                yield Step(turn, case, peer)
