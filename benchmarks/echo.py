"""How an echo server is measured: started on one core, loaded from the other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from benchmarks.child import Child, ChildError, module_command
from benchmarks.peers import OWN, program_words
from benchmarks.question import C_SERVER, FLOOR, Outcome, Question, Settings, Workbench
from benchmarks.record import Case, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.compiler import Native

START_SECONDS = 30.0
PATIENCE_SECONDS = 60.0

# Connections, beyond one descriptor each, leave a process this many for itself.
OWN_DESCRIPTORS = 100

# Who is asked in every case; the others only in those that everyone is compared by.
RIVALS = (OWN, "ouroloop", "uvloop", "rloop", "aiofastnet", C_SERVER, FLOOR)

# Who is asked in a brief run where each answer takes seconds.
NEAREST = (OWN, "ouroloop", "uvloop", C_SERVER, FLOOR)

KIB = 1024

METRICS = (
    Metric("requests_per_second", "requests/s", better="more"),
    Metric("server_us_per_request", "CPU a request", "µs", "less"),
    Metric("latency_p50_us", "p50", "µs", "less"),
    Metric("latency_p99_us", "p99", "µs", "less"),
    Metric("latency_p999_us", "p99.9", "µs", "less"),
    Metric("server_resident_mib", "memory", "MiB", "less"),
)


# What else tells how a measurement went.
_KEPT = (
    "requests",
    "errors",
    "requests_per_wait",
    "generator_us_per_request",
    "generator_waiting_share",
    "server_cpu_share",
    "server_waiting_share",
)


class EchoServer(Child):
    """A server under test, listening on the port that it announced."""

    def __init__(self, command: list[str | Path], core: int | None) -> None:
        super().__init__(command, core)
        try:
            word, _, port = self.read_line(START_SECONDS).partition(" ")
            if word != "port" or not port.isdecimal():
                raise ChildError(f"{self.name} did not announce a port")
        except BaseException:
            self.__exit__()
            raise
        self.port = int(port)

    def open_descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def start_server(
    program: str, peer: str, bench: Workbench, *words: str, native_words: tuple[str, ...] = ()
) -> EchoServer:
    """Starts the peer's server of that kind; the C server has words of its own, the floor a program for all."""
    if peer == C_SERVER:
        assert bench.native is not None
        return EchoServer([bench.native.echo, *native_words], bench.cores.server)
    if peer == FLOOR:
        return EchoServer(
            [*module_command("echo_floor", str(bench.floor), program, *words)], bench.cores.server
        )
    return EchoServer([*module_command(program, *program_words(peer), *words)], bench.cores.server)


def start_load(
    server: EchoServer, bench: Workbench, *words: str | float, native: Native | None = None
) -> Child:
    """Loads the server with the generator, or with that of other native programs."""
    native = native or bench.native
    assert native is not None
    busy = ["--busy"] if bench.settings.busy else []
    command = [native.load, "127.0.0.1", server.port, "--pid", server.pid, *busy, *words]
    return Child([str(word) for word in command], bench.cores.generator)


def describe_bytes(count: int) -> str:
    return f"{count // KIB} KiB" if count >= KIB and count % KIB == 0 else f"{count} B"


def describe_connections(count: int) -> str:
    return f"{count:,} connection" + ("s" if count != 1 else "")


def echo_case(connections: int, size: int, pipeline: int = 1, *, everyone: bool = False) -> Case:
    in_flight = f", {pipeline} messages in flight on each" if pipeline > 1 else ""
    return Case(
        f"{connections}x{size}" + (f"x{pipeline}" if pipeline > 1 else ""),
        f"{describe_connections(connections)}, {describe_bytes(size)}{in_flight}",
        METRICS,
        {"connections": connections, "bytes": size, "pipeline": pipeline, "everyone": int(everyone)},
    )


def chosen_cases(settings: Settings) -> list[Case]:
    """The cases that the command line asks for, if it names any."""
    if not (settings.connections or settings.sizes or settings.pipeline):
        return []
    return [
        echo_case(count, size, settings.pipeline or 1, everyone=True)
        for size in settings.sizes or (KIB,)
        for count in settings.connections or (10, 100, 1000)
    ]


def standard_cases(settings: Settings, *, other_counts: Iterable[int], extremes: bool) -> list[Case]:
    """1 KiB on 10, 100 and 1,000 connections by everyone; beyond that, cases by the rivals.

    Args:
        settings: a brief run asks everyone only at 100 connections, and leaves the extremes out.
        other_counts: numbers of connections at which 64 B and 10 KiB are sent too.
        extremes: whether to measure one connection, 10,000, and 16 messages in flight.
    """
    cases = [echo_case(count, KIB, everyone=not settings.brief or count == 100) for count in (10, 100, 1000)]
    cases += [echo_case(count, size) for size in (64, 10 * KIB) for count in other_counts]
    cases.append(echo_case(10, 100 * KIB))
    if extremes and not settings.brief:
        cases += [echo_case(1, KIB), echo_case(10_000, KIB), echo_case(100, KIB, 16)]
    return cases


class EchoQuestion(Question):
    """A question of one kind of echo server at several sizes and numbers of connections."""

    program: ClassVar[str]
    # The programs of peers that do not run the common one.
    programs: ClassVar[dict[str, str]] = {}
    # What tells the C server and the load generator what kind of socket it is.
    native_words: ClassVar[tuple[str, ...]] = ()
    other_counts: ClassVar[tuple[int, ...]] = ()
    extremes: ClassVar[bool] = False
    layout = "peers"
    limits = (C_SERVER,)

    def cases(self, settings: Settings) -> list[Case]:
        return chosen_cases(settings) or standard_cases(
            settings, other_counts=self.other_counts, extremes=self.extremes
        )

    def takes_part(self, case: Case, peer: str) -> bool:
        return bool(case.parameters.get("everyone")) or peer in RIVALS

    def lacks(self, case: Case, bench: Workbench) -> str:
        return "" if bench.native else bench.cannot_build

    def expected_seconds(self, case: Case, settings: Settings) -> float:
        opening = case.parameters["connections"] * 1e-4
        return settings.seconds + settings.warm_seconds + 0.5 + opening

    def notes(self, bench: Workbench) -> list[str]:
        settings = bench.settings
        generator = "never slept" if settings.busy else "slept when it had nothing to do"
        warm_up = f"{settings.warm_seconds:g} s of warm-up"
        return [f"A figure is of {settings.seconds:g} s after {warm_up}; the load generator {generator}."]

    def start_server(self, peer: str, bench: Workbench) -> EchoServer:
        if program := self.programs.get(peer):
            return EchoServer([*module_command(program)], bench.cores.server)
        return start_server(self.program, peer, bench, native_words=self.native_words)

    def start_load(self, server: EchoServer, bench: Workbench, *words: str | float) -> Child:
        return start_load(server, bench, *self.native_words, *words)

    def load_words(self, case: Case, settings: Settings) -> list[str | float]:
        wanted = case.parameters
        words: list[str | float] = ["--conns", wanted["connections"], "--size", wanted["bytes"]]
        words += ["--pipeline", wanted["pipeline"]]
        return [*words, "--seconds", settings.seconds, "--warm", settings.warm_seconds]

    def measure(self, case: Case, peer: str, bench: Workbench) -> Outcome:
        if case.parameters["connections"] + OWN_DESCRIPTORS > bench.open_files_max:
            raise ChildError(f"the system allows a process only {bench.open_files_max} open files")
        return self.measure_with(self.load_words(case, bench.settings), peer, bench)

    def measure_with(self, words: list[str | float], peer: str, bench: Workbench) -> Outcome:
        """Starts the server and loads it as the words say."""
        settings = bench.settings
        with self.start_server(peer, bench) as server, self.start_load(server, bench, *words) as load:
            figures = load.read_figures(settings.seconds + settings.warm_seconds + PATIENCE_SECONDS)
        figures["server_resident_mib"] = figures["server_resident_bytes"] / (1 << 20)
        problems = {}
        if figures["errors"]:
            problems["errors"] = f"{figures['errors']} connections were lost"
        return Outcome({key: figures[key] for key in (*_KEPT, *(metric.key for metric in METRICS))}, problems)
