"""What the same work costs when there is ten times as much of it, and again ten times."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from benchmarks.child import Child, ChildError, module_command
from benchmarks.echo import (
    KIB,
    NEAREST,
    OWN_DESCRIPTORS,
    PATIENCE_SECONDS,
    describe_bytes,
    start_load,
    start_server,
)
from benchmarks.peers import LOOPS, OWN, program_words
from benchmarks.programs.namespace import FLOOR_NAMESPACE
from benchmarks.question import C_SERVER, FLOOR, Outcome, Question, Settings, Workbench
from benchmarks.record import Case, Metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GROWTH = "growth"
_SLOPE = "slope"


class Growth(Question):
    name = "growth"
    title = "The cost of growth"
    about = (
        f"CPU time for each, at numbers ten times apart. Connections: the server's time for a request of "
        f"{describe_bytes(KIB)} to the protocol of the first question. Timers: made in no order, and cancelled. "
        "Tasks: made, made to wait for one future, and ended by its result. *Growth* is the cost at the largest "
        "number by that at the smallest. *Slope* is the exponent b of cost = a times number to the power of b, "
        "through these two points: 0 is flat, 1 would be linear."
    )
    limits = (C_SERVER, FLOOR)
    peers = (OWN, *LOOPS)
    unfit = "Trio, curio and gevent have no protocols, and are not asked."

    def cases(self, settings: Settings) -> list[Case]:
        items, everyone = settings.growth_items, not settings.brief
        return [
            _case("connections", "connections", _powers(10, settings.scale_connections), "µs", everyone),
            _case("timers", "timers", _powers(min(1000, items // 10), items), "ns", everyone),
            _case("tasks", "tasks", _powers(10, max(100, items // 10)), "ns", everyone),
        ]

    def lacks(self, case: Case, bench: Workbench) -> str:
        return "" if case.key != "connections" or bench.native else bench.cannot_build

    def takes_part(self, case: Case, peer: str) -> bool:
        """Connections of a protocol are the same with our namespace, and so are timers; the C server has nothing else.

        Only what happens in the process is asked of the floor.
        """
        if not case.parameters["everyone"] and peer not in NEAREST:
            return False
        if case.key == "connections":
            return peer not in (OWN, FLOOR)
        return peer != C_SERVER and (peer != OWN or case.key == "tasks")

    def expected_seconds(self, case: Case, settings: Settings) -> float:
        if case.key == "connections":
            return 4 * (settings.seconds + settings.warm_seconds) + 2
        return (
            0.5 + 4e-6 * settings.growth_items if case.key == "timers" else 0.5 + 6e-7 * settings.growth_items
        )

    def measure(self, case: Case, peer: str, bench: Workbench) -> Outcome:
        counts = [int(metric.key) for metric in case.metrics if metric.key.isdecimal()]
        if case.key == "connections":
            return Outcome(with_growth(_costs_of_requests(counts, peer, bench)))
        words = ["floor", FLOOR_NAMESPACE, str(bench.floor)] if peer == FLOOR else program_words(peer)
        command = module_command("growth", *words, case.key, *counts)
        with Child(command, bench.cores.server) as child:
            return Outcome(with_growth(child.read_figures(PATIENCE_SECONDS)))


def _powers(first: int, last: int) -> list[int]:
    counts = []
    while first <= last:
        counts.append(first)
        first *= 10
    return counts


def _case(key: str, noun: str, counts: Sequence[int], unit: str, everyone: bool) -> Case:
    metrics = [Metric(str(count), f"each of {count:,}", unit, "less") for count in counts]
    metrics += [Metric(_GROWTH, "growth, times", better="less"), Metric(_SLOPE, _SLOPE)]
    title = f"{counts[0]:,} to {counts[-1]:,} {noun}"
    return Case(
        key, title, tuple(metrics), {"first": counts[0], "last": counts[-1], "everyone": int(everyone)}
    )


def with_growth(costs: Mapping[str, float]) -> dict[str, float]:
    """The costs by number, with how much more the largest costs each than the smallest, and as an exponent."""
    if min(costs.values()) <= 0:
        raise ChildError("at some number nothing was done in time")
    first, last = min(costs, key=int), max(costs, key=int)
    growth = costs[last] / costs[first]
    steps = math.log(int(last) / int(first))
    return {**costs, _GROWTH: growth, _SLOPE: math.log(growth) / steps if steps else 0.0}


def _costs_of_requests(counts: Sequence[int], peer: str, bench: Workbench) -> dict[str, float]:
    settings = bench.settings
    if counts[-1] + OWN_DESCRIPTORS > bench.open_files_max:
        raise ChildError(f"the system allows a process only {bench.open_files_max} open files")
    costs = {}
    with start_server("echo_protocol", peer, bench) as server:
        for place, count in enumerate(counts):
            words: list[str | float] = ["--conns", count, "--size", KIB, "--from", f"127.0.0.{place + 2}"]
            words += ["--seconds", settings.seconds, "--warm", settings.warm_seconds]
            with start_load(server, bench, *words) as load:
                figures = load.read_figures(settings.seconds + settings.warm_seconds + PATIENCE_SECONDS)
            costs[str(count)] = figures["server_us_per_request"]
    return costs
