"""Serves HTTP on the standard library's event loop, on uvloop and on Ouroloop, and compares them.

Two servers built on other people's frameworks, uvicorn with Starlette and aiohttp, run unchanged on each
loop, every server a process of its own. Concurrent clients (libcurl, one more process) load one server at a
time, in rounds, so that whatever else the machine does meets all of them alike. Ends with exit code 1 when
any request, server or answer goes wrong.
"""

import argparse
import importlib.util
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import FrameType

from figures import Sample, summarise
from server import HERE, KINDS, Kind, Server, ServerError, pin
from table import Row, render

LOOPS = ("asyncio", "uvloop", "ouroloop")
BASELINES = ("asyncio", "uvloop")
NEEDED = ("ouroloop", "uvicorn", "httptools", "starlette", "aiohttp", "pycurl")
WARM_UP_SECONDS = 0.7
# Above this share of its core the clients, not the server, may be what limits the rate.
CLIENT_CPU_MAX = 0.95


@dataclass
class Entry:
    """A server on one loop and what came of it."""

    kind: Kind
    loop: str
    server: Server | None = None
    samples: list[Sample] = field(default_factory=list)
    missing: str = ""
    failure: str = ""

    @property
    def is_running(self) -> bool:
        return self.server is not None and not self.failure

    def fail(self, reason: str) -> None:
        self.failure = self.failure or reason


def say(text: str, end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)


def choose_cores() -> tuple[int, int] | None:
    """A core for the servers and one for the clients, or None when there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[-1]) if len(cores) > 1 else None


def load(server: Server, connections: int, seconds: float, core: int | None) -> Sample:
    """One run of the clients. Raises ServerError when a single request or answer was wrong."""
    command = [sys.executable, str(HERE / "load.py"), server.url]
    command += ["--connections", str(connections), "--seconds", str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as clients:
        try:
            pin(clients.pid, core)
            output, complaint = clients.communicate(timeout=seconds + 30)
        except BaseException:
            clients.kill()
            raise
    if clients.returncode:
        raise server.error(f"could not be loaded: the clients failed with\n{complaint}")
    result = json.loads(output)
    errors = result.pop("errors")
    if errors or not result["requests"]:
        listed = [f"{count} x {what}" for what, count in errors.items()] or ["no answer at all"]
        more = f" and {len(listed) - 3} other errors" if len(listed) > 3 else ""
        raise server.error(f"did not serve its clients: {', '.join(listed[:3])}{more}")
    return Sample(**result)


def start(entries: Sequence[Entry], logs: Path, core: int | None) -> None:
    """Starts every server that can be had, all at once, and waits until each answers."""
    for number, entry in enumerate(entries):
        if entry.loop == "uvloop" and importlib.util.find_spec("uvloop") is None:
            entry.missing = "not installed for this Python"
            continue
        entry.server = Server(entry.kind, entry.loop, logs / f"{number}.log", core)
    for entry in entries:
        if entry.server is not None:
            try:
                entry.server.wait_ready()
                say(f"  {entry.server.name}: {entry.server.url}")
            except ServerError as reason:
                entry.fail(str(reason))
                say(f"  {entry.server.name}: did not start")


def measure_round(
    entries: Sequence[Entry], options: argparse.Namespace, number: int, core: int | None
) -> None:
    """Loads every server once; each round begins with another loop. Round 0 warms up and is not counted."""
    seconds = options.seconds if number else WARM_UP_SECONDS
    for kind in KINDS:
        say(f"  {kind.name}:", end="")
        running = [entry for entry in entries if entry.kind is kind and entry.is_running]
        shift = number % len(running) if running else 0
        for entry in running[shift:] + running[:shift]:
            assert entry.server is not None
            say(f"  {entry.loop} ", end="")
            try:
                sample = load(entry.server, options.connections, seconds, core)
            except ServerError as reason:
                entry.fail(str(reason))
                say("failed", end="")
                continue
            say(f"{sample.rate:,.0f}", end="")
            if number:
                entry.samples.append(sample)
        say("")


def stop(entries: Sequence[Entry]) -> None:
    for entry in entries:
        if entry.server is not None:
            try:
                entry.server.stop()
            except ServerError as reason:
                entry.fail(str(reason))


def table_rows(entries: Sequence[Entry]) -> list[Row]:
    rows = []
    for entry in entries:
        peers = [other for other in entries if other.kind is entry.kind and other.loop in BASELINES]
        baselines = {peer.loop: peer.samples for peer in peers if peer.samples and not peer.failure}
        if entry.failure:
            rows.append(Row(entry.kind.name, entry.loop, "failed, see below"))
        elif entry.missing:
            rows.append(Row(entry.kind.name, entry.loop, entry.missing))
        else:
            rows.append(Row(entry.kind.name, entry.loop, summarise(entry.samples, baselines)))
    return rows


def describe(options: argparse.Namespace, cores: tuple[int, int] | None, has_uvloop: bool) -> str:
    packages = [*NEEDED, "uvloop"] if has_uvloop else NEEDED
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    placing = "each on a core of its own" if cores else "on the one core there is"
    text = (
        f"{options.connections} connections, GET with a JSON answer. Medians over {options.rounds}"
        f" interleaved rounds of {options.seconds:g} s; x: the rate divided by the other loop's, round by"
        f" round. Server and clients {placing}. CPython {platform.python_version()}, {versions}."
    )
    return textwrap.fill(text, 100, break_on_hyphens=False)


def report(entries: Sequence[Entry], options: argparse.Namespace, cores: tuple[int, int] | None) -> int:
    """Prints the table and what went wrong; returns the exit code."""
    rows = table_rows(entries)
    print(f"\n{render(rows, BASELINES)}\n")
    print(describe(options, cores, not any(entry.missing for entry in entries)))
    for row in rows:
        if not isinstance(row.outcome, str) and row.outcome.client_cpu > CLIENT_CPU_MAX:
            print(f"The clients were the limit for {row.server} on {row.loop}: the server can do more.")
    sys.stdout.flush()
    failures = [entry.failure for entry in entries if entry.failure]
    for failure in failures:
        say(f"\nFAILED: {failure}")
    return 1 if failures else 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="length of one measurement")
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    if min(options.rounds, options.seconds, options.connections) <= 0:
        parser.error("--rounds, --seconds and --connections are above zero")
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        parser.error(f"not installed: {', '.join(absent)} (`make demo` installs what the demo needs)")
    return options


def on_sigterm(signal_number: int, frame: FrameType | None) -> None:
    sys.exit(128 + signal_number)


def main() -> int:
    options = parse_options()
    signal.signal(signal.SIGTERM, on_sigterm)
    cores = choose_cores()
    server_core, client_core = cores or (None, None)
    entries = [Entry(kind, loop) for kind in KINDS for loop in LOOPS]
    with tempfile.TemporaryDirectory(prefix="ouroloop-demo-") as logs:
        try:
            say("Starting the servers")
            start(entries, Path(logs), server_core)
            for number in range(options.rounds + 1):
                say(f"Round {number} of {options.rounds}, requests/s" if number else "Warming up, requests/s")
                measure_round(entries, options, number, client_core)
            say("Stopping the servers")
            stop(entries)
        finally:
            for entry in entries:
                if entry.server is not None:
                    entry.server.kill()
    return report(entries, options, cores)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("\nInterrupted; the servers are stopped.")
        sys.exit(130)
