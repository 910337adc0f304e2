"""What the demo works out from its measurements: percentiles, medians, ratios of runs in the same round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median


@dataclass(frozen=True)
class Sample:
    """One run of the clients against one server."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    client_cpu: float  # share of a core that the clients used

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


@dataclass(frozen=True)
class Summary:
    """One server over all rounds: medians, and its rate relative to other servers by name."""

    rate: float
    p50_ms: float
    p99_ms: float
    client_cpu: float
    ratios: Mapping[str, float]


def percentile(ordered: Sequence[float], fraction: float) -> float:
    """The smallest value that at least this fraction of the ordered values does not exceed."""
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, ceil(fraction * len(ordered)) - 1)]


def paired_ratio(ours: Sequence[Sample], theirs: Sequence[Sample]) -> float:
    """Median of the rates' ratios round by round: what slowed a whole round down cancels out."""
    return median(mine.rate / other.rate for mine, other in zip(ours, theirs, strict=True))


def summarise(samples: Sequence[Sample], baselines: Mapping[str, Sequence[Sample]]) -> Summary:
    return Summary(
        rate=median(sample.rate for sample in samples),
        p50_ms=median(sample.p50_ms for sample in samples),
        p99_ms=median(sample.p99_ms for sample in samples),
        client_cpu=median(sample.client_cpu for sample in samples),
        ratios={name: paired_ratio(samples, others) for name, others in baselines.items()},
    )
