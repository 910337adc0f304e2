"""The arithmetic of a run: medians, spread, and ratios of what was measured in the same round.

Two peers are compared round by round, because what slows a machine down for a minute slows both: the median
of those ratios is steadier than the ratio of two medians. A ratio is always turned so that above 1 is better.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Better = Literal["more", "less", "neither"]


@dataclass(frozen=True)
class Summary:
    """The median of some figures, and the lowest and highest of them."""

    median: float
    low: float
    high: float


def summarize(values: Iterable[float]) -> Summary | None:
    """The summary of the values, or None when there is none."""
    ordered = sorted(values)
    if not ordered:
        return None
    return Summary(statistics.median(ordered), ordered[0], ordered[-1])


def paired_ratios(mine: Mapping[int, float], other: Mapping[int, float], better: Better) -> list[float]:
    """The ratio in each round that both took part in, above 1 where mine is the better.

    Args:
        mine: figures by round.
        other: figures by round of what mine are compared with.
        better: whether a higher figure is better ("more") or a lower one ("less").
    """
    ratios = []
    for turn in sorted(mine.keys() & other.keys()):
        above, below = (other[turn], mine[turn]) if better == "less" else (mine[turn], other[turn])
        if above > 0 and below > 0:
            ratios.append(above / below)
    return ratios


def geometric_mean(values: Iterable[float]) -> float | None:
    """The geometric mean of the values, or None when there is none."""
    logarithms = [math.log(value) for value in values]
    return math.exp(statistics.fmean(logarithms)) if logarithms else None
