"""How an echo server is measured: started on one core, loaded from the other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from benchmarks.child import Child, ChildError, module_command
from benchmarks.question import LIMIT, Outcome, Question, Settings, Workbench
from benchmarks.record import Case, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

START_SECONDS = 30.0
PATIENCE_SECONDS = 60.0

# Connections, beyond one descriptor each, leave a process this many for itself.
OWN_DESCRIPTORS = 100

METRICS = (
    Metric("requests_per_second", "requests/s", better="more"),
    Metric("server_us_per_request", "CPU a request", "µs", "less"),
    Metric("latency_p50_us", "p50", "µs", "less"),
    Metric("latency_p99_us", "p99", "µs", "less"),
    Metric("latency_p999_us", "p99.9", "µs", "less"),
    Metric("server_resident_mib", "memory", "MiB", "less"),
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
    """Starts the peer's server of that kind, or the C server, which has words of its own."""
    if peer == LIMIT:
        assert bench.native is not None
        return EchoServer([bench.native.echo, *native_words], bench.cores.server)
    return EchoServer([*module_command(program, peer, *words)], bench.cores.server)


def start_load(server: EchoServer, bench: Workbench, *words: str | float) -> Child:
    assert bench.native is not None
    busy = ["--busy"] if bench.settings.busy else []
    command = [bench.native.load, "127.0.0.1", server.port, "--pid", server.pid, *busy, *words]
    return Child([str(word) for word in command], bench.cores.generator)


def describe_bytes(count: int) -> str:
    return f"{count // 1024} KiB" if count >= 1024 and count % 1024 == 0 else f"{count} B"


def describe_connections(count: int) -> str:
    return f"{count:,} connection" + ("s" if count != 1 else "")


def echo_cases(connections: Iterable[int], sizes: Iterable[int], pipeline: int) -> list[Case]:
    in_flight = f", {pipeline} messages in flight on each" if pipeline > 1 else ""
    return [
        Case(
            f"{count}x{size}" + (f"x{pipeline}" if pipeline > 1 else ""),
            f"{describe_connections(count)}, {describe_bytes(size)}{in_flight}",
            METRICS,
            {"connections": count, "bytes": size, "pipeline": pipeline},
        )
        for size in sizes
        for count in connections
    ]


class EchoQuestion(Question):
    """A question of one kind of echo server at several sizes and numbers of connections."""

    program: str
    # What tells the C server and the load generator what kind of socket it is.
    native_words: tuple[str, ...] = ()
    layout = "peers"
    limit = LIMIT

    def cases(self, settings: Settings) -> list[Case]:
        return echo_cases(settings.connections, settings.sizes, settings.pipeline)

    def needs_native(self, case: Case) -> bool:
        return True

    def expected_seconds(self, case: Case, settings: Settings) -> float:
        return settings.seconds + settings.warm_seconds + 0.5

    def notes(self, bench: Workbench) -> list[str]:
        settings = bench.settings
        generator = "never slept" if settings.busy else "slept when it had nothing to do"
        warm_up = f"{settings.warm_seconds:g} s of warm-up"
        return [f"A figure is of {settings.seconds:g} s after {warm_up}; the load generator {generator}."]

    def start_server(self, peer: str, bench: Workbench) -> EchoServer:
        return start_server(self.program, peer, bench, native_words=self.native_words)

    def measure(self, case: Case, peer: str, bench: Workbench) -> Outcome:
        settings = bench.settings
        wanted = case.parameters
        if wanted["connections"] + OWN_DESCRIPTORS > bench.open_files_max:
            raise ChildError(f"the system allows a process only {bench.open_files_max} open files")
        load_words: list[str | float] = ["--conns", wanted["connections"], "--size", wanted["bytes"]]
        load_words += ["--pipeline", wanted["pipeline"], *self.native_words]
        load_words += ["--seconds", settings.seconds, "--warm", settings.warm_seconds]
        with (
            self.start_server(peer, bench) as server,
            start_load(server, bench, *load_words) as load,
        ):
            figures = load.read_figures(settings.seconds + settings.warm_seconds + PATIENCE_SECONDS)
        figures["server_resident_mib"] = figures.pop("server_resident_bytes") / (1 << 20)
        problems = {}
        if figures["errors"]:
            problems["errors"] = f"{figures['errors']} connections were lost"
        return Outcome(figures, problems)
