"""The bars that the project sets itself, and how a record stands to them: computed, never written by hand.

A bar is a floor for paired ratios to a reference, or a ceiling for a figure of our own. It holds for each of
its cases, so the lowest one counts; the geometric mean stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchmarks.figures import Summary, geometric_mean, paired_ratios, summarize
from benchmarks.peers import LIBRARIES, LOOPS, OWN
from benchmarks.question import C_SERVER, FLOOR
from benchmarks.tables import format_figure, format_ratio, ratio, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.record import Book, Case, Metric, Record

    Choice = Callable[[Case], bool]

OURS = "ouroloop"
MET, BY_PROOF, NOT_MET = "met", "met by proof", "**not met**"
# The nearest first.
LIMITS = {FLOOR: "the floor", C_SERVER: "the C server"}
NOT_MEASURED = "not measured"
KIB = 1024


def everything(_case: Case) -> bool:
    return True


def up_to_10_kib(case: Case) -> bool:
    """What servers do all day: 10 to 1,000 connections, a message at a time."""
    wanted = case.parameters
    size, count = wanted.get("bytes", 0), wanted.get("connections", 0)
    return size <= 10 * KIB and 10 <= count <= 1000 and wanted.get("pipeline", 1) == 1


def large(case: Case) -> bool:
    return case.parameters.get("bytes") == 100 * KIB


def hundred_of_1_kib(case: Case) -> bool:
    return case.key == f"100x{KIB}"


def named(*keys: str) -> Choice:
    return lambda case: case.key in keys


@dataclass(frozen=True)
class Bar:
    """What must hold of one question.

    Args:
        title: what it is about, as the table says it.
        question: by its name.
        peer: whose figures must reach the bar.
        reference: whom they are compared with; nobody where the figure itself is bounded.
        bound: the lowest ratio, or the highest figure.
        metrics: keys of the figures; None for the first one, or for all of them where `all_metrics` is set.
        cases: which cases count.
        of: whether every ratio must reach the bar, or their geometric mean.
    """

    title: str
    question: str
    peer: str
    reference: str
    bound: float
    metrics: tuple[str, ...] = ()
    cases: Choice = everything
    all_metrics: bool = False
    of: Literal["each", "mean"] = "each"


@dataclass(frozen=True)
class Limit:
    """How near a bar anybody comes: what the floor reaches where it is asked, or else what the C server does."""

    name: str
    figure: Summary
    ours: Summary  # paired ratios of ours to the limit


@dataclass(frozen=True)
class Standing:
    """How a record stands to a bar: one figure for each case and metric, by its name; and beside it what can be
    reached at all, where that was measured."""

    figures: dict[str, Summary]
    limits: dict[str, Limit]

    def worst(self, bar: Bar) -> tuple[str, Summary]:
        choose = min if bar.reference else max
        name = choose(self.figures, key=lambda each: self.figures[each].median)
        return name, self.figures[name]

    def mean(self) -> float:
        return geometric_mean(summary.median for summary in self.figures.values()) or 0.0


def _against(title: str, question: str, peer: str, floors: dict[str, float], **choice: object) -> list[Bar]:
    return [Bar(title, question, peer, reference, floor, **choice) for reference, floor in floors.items()]  # type: ignore[arg-type]


_LOOP, _OTHER_LOOP = "uvloop", "rloop"
_OTHERS = [loop for loop in LOOPS if loop != OURS]


def _echo_bars() -> list[Bar]:
    bars = [
        *_against(
            "Protocol, 64 B to 10 KiB, 10 to 1,000 connections",
            "protocol",
            OURS,
            {_LOOP: 1.20, _OTHER_LOOP: 1.03, C_SERVER: 0.90},
            cases=up_to_10_kib,
        ),
        *_against("Buffered protocol", "buffered", OURS, {_LOOP: 1.25}, cases=up_to_10_kib),
        *_against(
            "Our streams, 100 connections, 1 KiB",
            "streams",
            OWN,
            {_LOOP: 2.5, _OTHER_LOOP: 2.0, C_SERVER: 0.80},
            cases=hundred_of_1_kib,
        ),
        *_against("The standard library's streams", "streams", OURS, {_LOOP: 1.15}, cases=up_to_10_kib),
        *_against(
            "sock_recv, sock_sendall", "sock", OURS, {_LOOP: 3.0, _OTHER_LOOP: 1.5}, cases=up_to_10_kib
        ),
    ]
    for name, question, peer in [
        ("protocol", "protocol", OURS),
        ("buffered protocol", "buffered", OURS),
        ("our streams", "streams", OWN),
        ("the standard library's streams", "streams", OURS),
        ("sock_recv, sock_sendall", "sock", OURS),
        ("Unix sockets", "unix", OURS),
        ("TLS, protocol", "tls", OURS),
        ("TLS, our streams", "tls-streams", OWN),
    ]:
        bars += _against(f"100 KiB messages, {name}", question, peer, {_LOOP: 1.10}, cases=large)
    return bars


def _server_bars() -> list[Bar]:
    tls = {_LOOP: 1.5, C_SERVER: 0.70, "aiofastnet": 1.0}
    latency = {"metrics": ("latency_p999_us",)}
    return [
        *_against("TLS, protocol, 10 and 100 connections", "tls", OURS, tls, cases=up_to_10_kib),
        *_against("TLS, our streams, 10 and 100 connections", "tls-streams", OWN, tls, cases=up_to_10_kib),
        *_against("TLS handshakes", "handshakes", OURS, dict.fromkeys([*_OTHERS, "aiofastnet"], 1.0)),
        *_against("UDP, one socket", "datagrams", OURS, {_LOOP: 1.3}),
        *_against("HTTP, uvicorn and httptools", "uvicorn", OURS, {_LOOP: 1.10}),
        *_against("HTTP, aiohttp", "aiohttp", OURS, {_LOOP: 1.10}),
        *_against("p99.9 at half load", "latency", OURS, {_LOOP: 1.0}, **latency),
        *_against(
            "p99.9 at half load, our streams", "latency", OWN, {_LOOP: 1.0}, cases=named("streams"), **latency
        ),
    ]


def _process_bars() -> list[Bar]:
    each = {_LOOP: 1.5, **dict.fromkeys([peer for peer in (*_OTHERS, *LIBRARIES) if peer != _LOOP], 1.0)}
    memory = {"metrics": ("bytes_each",)}
    start = {"metrics": ("import_ms", "run_ms")}
    return [
        *_against("Primitives, their mean", "primitives", OWN, {_LOOP: 4.0}, all_metrics=True, of="mean"),
        *_against("Primitives, each", "primitives", OWN, each, all_metrics=True),
        *_against("100,000 timers", "primitives", OWN, {_LOOP: 3.0}, metrics=("timers_cancelled",)),
        *_against(
            "Memory of an idle connection", "scale", OURS, {_LOOP: 1.0}, cases=named("connections"), **memory
        ),
        *_against("Memory of a pending task", "scale", OWN, {_LOOP: 1.0}, cases=named("tasks"), **memory),
        *_against(f"Start-up, {OURS}", "startup", OURS, {_LOOP: 1.0}, **start),
        *_against(f"Start-up, {OWN}", "startup", OWN, {_LOOP: 1.0}, **start),
    ]


def _growth_bars() -> list[Bar]:
    # The logarithm of a million is twice that of a thousand.
    bounds = [
        ("Growth, 10 to 10,000 connections", OURS, 1.15, "connections"),
        ("Growth, 1,000 to 1,000,000 timers", OURS, 2 * 1.15, "timers"),
        ("Growth, 10 to 100,000 tasks", OWN, 1.15, "tasks"),
    ]
    return [
        Bar(title, "growth", peer, "", bound, ("growth",), named(case)) for title, peer, bound, case in bounds
    ]


BARS = [*_echo_bars(), *_server_bars(), *_process_bars(), *_growth_bars()]


def standing(bar: Bar, record: Record | None) -> Standing | None:
    """The figures that the bar is about, or None where nobody measured any."""
    if record is None:
        return None
    figures: dict[str, Summary] = {}
    limits: dict[str, Limit] = {}
    for case in record.cases:
        if not bar.cases(case):
            continue
        for metric in _metrics(bar, case):
            if summary := _summary(bar, record, case, metric, bar.peer):
                name = metric.heading if bar.all_metrics else case.title
                name = f"{name}, {metric.heading}" if len(bar.metrics) > 1 else name
                figures[name] = summary
                if limit := _limit(bar, record, case, metric):
                    limits[name] = limit
    return Standing(figures, limits) if figures else None


def _metrics(bar: Bar, case: Case) -> Sequence[Metric]:
    if bar.metrics:
        return [metric for metric in case.metrics if metric.key in bar.metrics]
    return case.metrics if bar.all_metrics else case.metrics[:1]


def _summary(bar: Bar, record: Record, case: Case, metric: Metric, peer: str) -> Summary | None:
    mine = record.values(case.key, peer, metric.key)
    if not bar.reference:
        return summarize(mine.values())
    other = record.values(case.key, bar.reference, metric.key)
    return summarize(paired_ratios(mine, other, metric.better))


def _limit(bar: Bar, record: Record, case: Case, metric: Metric) -> Limit | None:
    for name in LIMITS:
        if name != bar.reference and (figure := _summary(bar, record, case, metric, name)):
            ours = ratio(record, case, metric, bar.peer, name)
            return Limit(name, figure, ours) if ours else None
    return None


def verdict(bar: Bar, found: Standing) -> str:
    """Whether the bar is met, by medians as the table shows them.

    A bar that the limit does not reach either, which does only what cannot be left out, is met by that proof where
    ours is no slower than the limit; otherwise it is not met, and the ratio of ours to the limit says how much could
    still be had.
    """
    if bar.of == "mean":
        return _verdict_on_mean(bar, found)
    short = [name for name, summary in found.figures.items() if not _reaches(bar, summary.median)]
    if not short:
        return MET
    limits = [found.limits[name] for name in short if name in found.limits]
    if len(limits) == len(short) and not any(_reaches(bar, limit.figure.median) for limit in limits):
        worst_limit = min(limits, key=lambda limit: limit.ours.median)
        return _verdict_beside(worst_limit.name, worst_limit.ours.median)
    _, worst = found.worst(bar)
    return (
        f"{NOT_MET}, within the spread"
        if _reaches(bar, worst.high if bar.reference else worst.low)
        else NOT_MET
    )


def _reaches(bar: Bar, figure: float) -> bool:
    return round(figure, 2) >= bar.bound if bar.reference else round(figure, 2) <= bar.bound


def _verdict_on_mean(bar: Bar, found: Standing) -> str:
    if _reaches(bar, found.mean()):
        return MET
    # A mean over some of the figures says nothing about all of them.
    limits = [found.limits[name] for name in found.figures if name in found.limits]
    mean = geometric_mean(limit.figure.median for limit in limits)
    ours = geometric_mean(limit.ours.median for limit in limits)
    if mean is None or ours is None or len(limits) < len(found.figures) or _reaches(bar, mean):
        return NOT_MET
    return _verdict_beside(limits[0].name, ours)


def _verdict_beside(limit: str, ours: float) -> str:
    """What is said of a bar that the limit misses too."""
    return BY_PROOF if round(ours, 2) >= 1 else f"{NOT_MET}; nor by {LIMITS[limit]} (ours {ours:.2f} of it)"


def bars_table(book: Book, python: str) -> str:
    """A row for each bar, from what the book has of one Python version ("3.13")."""
    records = {record.question: record for record in book.records if record.identity[1] == python}
    rows = [_row(bar, records.get(bar.question)) for bar in BARS]
    return table(["", "bar", "worst", "where", "limit there", "mean", ""], rows)


def why_not_measured(bar: Bar, record: Record | None) -> str:
    """Who could not be asked, and why, as far as the record tells."""
    if record is None:
        return NOT_MEASURED
    asked = [name for name in (bar.peer, bar.reference) if name]
    for contender in record.contenders:
        if contender.name in asked and contender.missing:
            return f"{NOT_MEASURED}: {contender.name} is missing"
    for sample in record.samples:
        if sample.peer in asked and "" in sample.problems:
            return f"{NOT_MEASURED}: {sample.problems['']}"
    return f"{NOT_MEASURED}: {record.unfinished}" if record.unfinished else NOT_MEASURED


def _row(bar: Bar, record: Record | None) -> list[str]:
    found = standing(bar, record)
    wanted = f"{bar.bound:.2f} x {bar.reference}" if bar.reference else f"at most {bar.bound:.2f}"
    if found is None:
        return [bar.title, wanted, "-", "-", "-", "-", why_not_measured(bar, record)]
    name, worst = found.worst(bar)
    several = len(found.figures) > 1
    return [
        bar.title,
        wanted,
        format_ratio(worst),
        name if several else "-",
        f"{found.limits[name].figure.median:.2f}" if name in found.limits else "-",
        format_figure(found.mean()) if several else "-",
        verdict(bar, found),
    ]


def count_met(book: Book, python: str) -> tuple[int, int]:
    """How many of the bars that were measured are met."""
    records = {record.question: record for record in book.records if record.identity[1] == python}
    found = [(bar, standing(bar, records.get(bar.question))) for bar in BARS]
    verdicts = [verdict(bar, each) for bar, each in found if each]
    return verdicts.count(MET) + verdicts.count(BY_PROOF), len(verdicts)


def pythons(records: Iterable[Record]) -> list[str]:
    """The minor versions of Python that there are records of, oldest first."""
    versions = {record.identity[1] for record in records if record.samples}
    return sorted(
        versions, key=lambda version: [int(part) for part in version.split(".") if part.isdecimal()]
    )
