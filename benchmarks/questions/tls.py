"""TLS 1.3 over TCP: echo with protocols and with streams, and full handshakes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.echo import (
    KIB,
    METRICS,
    EchoQuestion,
    chosen_cases,
    echo_case,
    start_load,
    start_server,
)
from benchmarks.peers import LOOPS, OWN
from benchmarks.question import C_SERVER, FLOOR, Outcome, Settings, Workbench
from benchmarks.record import Case, Metric

if TYPE_CHECKING:
    from benchmarks.child import Child
    from benchmarks.echo import EchoServer

_TLS_METRICS = (*METRICS, Metric("mib_per_second", "throughput", "MiB/s", "more"))
_HANDSHAKE_METRICS = (
    replace(METRICS[0], heading="handshakes/s"),
    replace(METRICS[1], heading="CPU each"),
    *METRICS[2:],
)


_COUNTED = (
    "The load generator decrypts what comes back while a server warms up, and then counts records by the lengths in "
    "their headers: decrypting would take it as long as a server takes, and its own pace would be measured."
)


class TlsQuestion(EchoQuestion):
    """An echo under TLS, by programs that take a certificate."""

    unfit = "Trio, curio and gevent reach the same OpenSSL by Python's `ssl`, and are not asked."

    def lacks(self, case: Case, bench: Workbench) -> str:
        return "" if bench.secure else bench.cannot_secure

    def start_server(self, peer: str, bench: Workbench) -> EchoServer:
        secure = bench.secure
        assert secure is not None
        words = ("--tls", str(secure.certificate), str(secure.key))
        bench = replace(bench, native=secure.native, floor=secure.floor)
        return start_server(self.program, peer, bench, *words, native_words=words)

    def start_load(self, server: EchoServer, bench: Workbench, *words: str | float) -> Child:
        assert bench.secure is not None
        return start_load(server, bench, "--tls", *words, native=bench.secure.native)

    def expected_seconds(self, case: Case, settings: Settings) -> float:
        return super().expected_seconds(case, settings) + case.parameters["connections"] * 1e-3


class TlsEcho(TlsQuestion):
    name = "tls"
    title = "TLS echo with a protocol"
    about = (
        "The protocol of the first question under TLS 1.3. The C server has OpenSSL with memory buffers; the "
        f"floor hands it cipher text where it stands. aiofastnet's transports are on uvloop. {_COUNTED}"
    )
    peers = (*LOOPS, "aiofastnet")
    limits = (C_SERVER, FLOOR)
    program = "echo_protocol"

    def cases(self, settings: Settings) -> list[Case]:
        cases = chosen_cases(settings) or [
            *(echo_case(count, KIB, everyone=not settings.brief or count == 100) for count in (10, 100)),
            *(echo_case(count, 10 * KIB) for count in (10, 100)),
            echo_case(10, 100 * KIB),
        ]
        return [replace(case, metrics=_TLS_METRICS) for case in cases]

    def measure(self, case: Case, peer: str, bench: Workbench) -> Outcome:
        outcome = super().measure(case, peer, bench)
        each_mib = case.parameters["bytes"] / (1 << 20)
        outcome.figures["mib_per_second"] = outcome.figures["requests_per_second"] * each_mib
        return outcome


class TlsStreamEcho(TlsEcho):
    name = "tls-streams"
    title = "TLS echo with streams"
    about = (
        "The streams of the third question under TLS 1.3. aiofastnet's transports are on uvloop, and the load "
        "generator counts records as with a protocol."
    )
    peers = (OWN, *LOOPS, "aiofastnet")
    program = "echo_streams"


class Handshakes(TlsQuestion):
    name = "handshakes"
    title = "TLS handshakes"
    about = (
        "A new connection for every message of 64 B: accept, a full handshake of TLS 1.3 with a key on P-256, "
        "one echo, close. The load generator's half of the handshake is on the other core; a latency is of all "
        "that."
    )
    peers = (*LOOPS, "aiofastnet")
    program = "echo_protocol"

    def cases(self, settings: Settings) -> list[Case]:
        cases = (echo_case(count, 64, everyone=not settings.brief) for count in (10, 100))
        return [replace(case, metrics=_HANDSHAKE_METRICS) for case in cases]

    def load_words(self, case: Case, settings: Settings) -> list[str | float]:
        return [*super().load_words(case, settings), "--churn"]
