"""A great many connections, timers and tasks at once: what each costs, and what memory stays behind."""

from __future__ import annotations

import time

from benchmarks.child import Child, ChildError, module_command
from benchmarks.echo import (
    NEAREST,
    OWN_DESCRIPTORS,
    PATIENCE_SECONDS,
    EchoServer,
    describe_bytes,
    describe_connections,
    start_load,
    start_server,
)
from benchmarks.machine import resident_bytes
from benchmarks.peers import LOOPS, OWN, program_words
from benchmarks.question import C_SERVER, Outcome, Question, Settings, Workbench
from benchmarks.record import Case, Metric

_MESSAGES = 5
_MESSAGE_BYTES = 1024
_SETTLE_SECONDS = 2.0
_WAVES = 3
_MIB = 1 << 20

_MEMORY_AFTER = (
    Metric("kept_mib", "memory above the start's, after the first wave", "MiB"),
    Metric("lost_mib", "memory that the last wave added", "MiB"),
)
_CONNECTION_METRICS = (
    Metric("requests_per_second", "requests/s, all connections", better="more"),
    Metric("connect_us", "to connect, each", "µs", "less"),
    Metric("bytes_each", "memory, each", "B", "less"),
    Metric("errors", "connections lost, or not answered"),
    Metric("descriptors_left", "descriptors left open"),
    *_MEMORY_AFTER,
)
_ITEM_METRICS = (
    Metric("make_ns", "to make, each", "ns", "less"),
    Metric("end_ns", "to end, each", "ns", "less"),
    Metric("bytes_each", "memory, each", "B", "less"),
    *_MEMORY_AFTER,
)


class Scale(Question):
    name = "scale"
    title = "A great many at once"
    about = (
        f"Connections are opened, send and get back {_MESSAGES} messages of {describe_bytes(_MESSAGE_BYTES)} "
        "each, all at the same time, and close. Timers are made and cancelled. Tasks are made, wait for one "
        f"future, and end by its result. Each is done in {_WAVES} waves in one process: what stays in memory "
        "after the first may be what the allocator keeps for the next; what the last one adds is lost. "
        "Allocators work in steps of up to 1 MiB, so only more than a step or two means anything. Times are "
        "CPU time, but for connecting."
    )
    limits = (C_SERVER,)
    peers = (OWN, *LOOPS)
    unfit = "Trio, curio and gevent have no protocols, and are not asked."

    def cases(self, settings: Settings) -> list[Case]:
        connections, items = settings.scale_connections, settings.scale_items
        everyone = int(not settings.brief)
        return [
            Case(
                "connections",
                f"{describe_connections(connections)} open",
                _CONNECTION_METRICS,
                {"connections": connections, "everyone": everyone},
            ),
            Case(
                "timers", f"{items:,} timers pending", _ITEM_METRICS, {"items": items, "everyone": everyone}
            ),
            Case("tasks", f"{items:,} tasks pending", _ITEM_METRICS, {"items": items, "everyone": everyone}),
        ]

    def lacks(self, case: Case, bench: Workbench) -> str:
        return "" if case.key != "connections" or bench.native else bench.cannot_build

    def expected_seconds(self, case: Case, settings: Settings) -> float:
        return 2.0 + settings.scale_connections / 2000 if case.key == "connections" else 3.0

    def takes_part(self, case: Case, peer: str) -> bool:
        """Connections of a protocol are the same with our namespace, and so are timers; C has nothing else."""
        if not case.parameters["everyone"] and peer not in NEAREST:
            return False
        if case.key == "connections":
            return peer != OWN
        return peer != C_SERVER and (peer != OWN or case.key == "tasks")

    def notes(self, bench: Workbench) -> list[str]:
        wanted, possible = bench.settings.scale_connections, _possible_connections(bench)
        if possible >= wanted:
            return []
        limit = f"the system allows a process {bench.open_files_max:,} open files"
        return [f"Only {possible:,} connections were opened, not {wanted:,}: {limit}."]

    def measure(self, case: Case, peer: str, bench: Workbench) -> Outcome:
        if case.key == "connections":
            return _measure_connections(peer, bench)
        command = module_command("pending", *program_words(peer), case.key, case.parameters["items"])
        with Child(command, bench.cores.server) as child:
            return Outcome(child.read_figures(PATIENCE_SECONDS))


def _possible_connections(bench: Workbench) -> int:
    return min(bench.settings.scale_connections, bench.open_files_max - OWN_DESCRIPTORS)


def _measure_connections(peer: str, bench: Workbench) -> Outcome:
    control = [] if peer == C_SERVER else ["--control"]
    with start_server("echo_protocol", peer, bench, *control) as server:
        before = _settled_memory(server, peer)
        descriptors = server.open_descriptors()
        figures: dict[str, float] = {}
        memory_after = []
        for wave in range(_WAVES):
            answer, memory_open = _one_wave(wave, server, peer, bench)
            if wave == 0:
                count = answer["connections"]
                figures["bytes_each"] = (memory_open - before) / count
                figures["connect_us"] = answer["connect_seconds"] / count * 1e6
                figures["requests_per_second"] = answer["requests_per_second"]
            figures["errors"] = figures.get("errors", 0) + answer["errors"]
            figures["descriptors_left"] = _wait_for_descriptors(server, descriptors)
            memory_after.append(_settled_memory(server, peer))
    figures["kept_mib"] = (memory_after[0] - before) / _MIB
    figures["lost_mib"] = (memory_after[-1] - memory_after[-2]) / _MIB
    return Outcome(figures)


def _one_wave(wave: int, server: EchoServer, peer: str, bench: Workbench) -> tuple[dict[str, float], int]:
    """The load generator's figures, and the server's memory while every connection is open."""
    words: list[str | int] = ["--conns", _possible_connections(bench), "--size", _MESSAGE_BYTES]
    words += ["--messages", _MESSAGES, "--hold"]
    # Closed connections keep their ports for a minute: each wave has those of an address of its own.
    words += ["--from", f"127.0.0.{wave + 2}"]
    with start_load(server, bench, *words) as load:
        answer = load.read_figures(PATIENCE_SECONDS)
        memory = _settled_memory(server, peer)
        load.end_input()
        load.wait(PATIENCE_SECONDS)
    return answer, memory


def _settled_memory(server: EchoServer, peer: str) -> int:
    if peer != C_SERVER:
        server.tell("collect")
        if server.read_line(PATIENCE_SECONDS) != "collected":
            raise ChildError(f"{server.name} did not collect its garbage")
    return resident_bytes(server.pid)


def _wait_for_descriptors(server: EchoServer, expected: int) -> int:
    """How many descriptors more than expected stay open once the server has stopped closing any."""
    left = server.open_descriptors() - expected
    changed = time.monotonic()
    while left > 0 and time.monotonic() - changed < _SETTLE_SECONDS:
        time.sleep(0.02)
        before, left = left, server.open_descriptors() - expected
        if left != before:
            changed = time.monotonic()
    return left
