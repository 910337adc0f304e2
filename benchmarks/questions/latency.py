"""How long a reply takes when the server has half of its time to spare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.child import ChildError
from benchmarks.echo import KIB, NEAREST, EchoQuestion, describe_bytes
from benchmarks.peers import BASELINE, LOOPS, OWN
from benchmarks.question import C_SERVER, FLOOR, Outcome, Question, Settings, Workbench
from benchmarks.questions.datagrams import DatagramEcho
from benchmarks.questions.http import AiohttpServer, UvicornServer
from benchmarks.questions.protocol import ProtocolEcho
from benchmarks.questions.sock import SocketEcho
from benchmarks.questions.streams import StreamEcho
from benchmarks.questions.tls import TlsEcho
from benchmarks.questions.unix import UnixEcho
from benchmarks.record import Case, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS: Sequence[EchoQuestion] = (
    ProtocolEcho(),
    StreamEcho(),
    SocketEcho(),
    UnixEcho(),
    DatagramEcho(),
    TlsEcho(),
    UvicornServer(),
    AiohttpServer(),
)
_CONNECTIONS = 50
_METRICS = (
    Metric("latency_p999_us", "p99.9", "µs", "less"),
    Metric("latency_p99_us", "p99", "µs", "less"),
    Metric("latency_p50_us", "p50", "µs", "less"),
    Metric("server_us_per_request", "CPU a request", "µs", "less"),
    Metric("offered_per_second", "offered, requests/s"),
    Metric("requests_per_second", "answered, requests/s"),
)


class HalfLoad(Question):
    name = "latency"
    title = "Latency at half load"
    about = (
        f"Requests of {describe_bytes(KIB)} on {_CONNECTIONS} connections, sent by the clock and not when a reply "
        f"came: as many a second as half of what {BASELINE} answers at most, which is found out once, before. "
        "Every peer has the same to do, and a latency counts from the moment at which its request was due. The "
        "load generator never sleeps here."
    )
    layout = "peers"
    limits = (C_SERVER, FLOOR)
    peers = (OWN, *LOOPS)
    unfit = "Trio, curio and gevent stand far below this load."

    def __init__(self) -> None:
        self._rates: dict[str, float] = {}

    def cases(self, settings: Settings) -> list[Case]:
        everyone = int(not settings.brief)
        return [
            Case(
                kind.name,
                kind.title,
                _METRICS,
                {"connections": _CONNECTIONS, "bytes": KIB, "everyone": everyone},
            )
            for kind in _KINDS
        ]

    def lacks(self, case: Case, bench: Workbench) -> str:
        return _kind(case).lacks(case, bench)

    def takes_part(self, case: Case, peer: str) -> bool:
        if not case.parameters["everyone"] and peer not in NEAREST:
            return False
        kind = _kind(case)
        return peer in kind.peers or peer in kind.limits

    def expected_seconds(self, case: Case, settings: Settings) -> float:
        return _seconds(settings) + settings.warm_seconds + 0.6

    def measure(self, case: Case, peer: str, bench: Workbench) -> Outcome:
        if case.key not in self._rates:
            self._rates[case.key] = max(1.0, _highest_rate(case, bench) / 2)
        rate = self._rates[case.key]
        words = _load_words(_seconds(bench.settings), bench.settings.warm_seconds)
        outcome = _kind(case).measure_with([*words, "--rate", f"{rate:.0f}"], peer, bench)
        outcome.figures["offered_per_second"] = rate
        return outcome


def _kind(case: Case) -> EchoQuestion:
    (kind,) = (kind for kind in _KINDS if kind.name == case.key)
    return kind


def _seconds(settings: Settings) -> float:
    # One reply in a thousand counts, so there must be a good many.
    return 2 * settings.seconds


def _load_words(seconds: float, warm_seconds: float) -> list[str | float]:
    return ["--conns", _CONNECTIONS, "--size", KIB, "--seconds", seconds, "--warm", warm_seconds]


def _highest_rate(case: Case, bench: Workbench) -> float:
    words = _load_words(bench.settings.seconds, bench.settings.warm_seconds)
    try:
        return _kind(case).measure_with(words, BASELINE, bench).figures["requests_per_second"]
    except ChildError:
        return _kind(case).measure_with(words, "asyncio", bench).figures["requests_per_second"]
