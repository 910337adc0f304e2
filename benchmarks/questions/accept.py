"""How many connections a second a server takes, answers once and sees closed."""

from dataclasses import replace

from benchmarks.echo import METRICS, EchoQuestion, echo_case
from benchmarks.question import Settings
from benchmarks.record import Case

_METRICS = (
    replace(METRICS[0], heading="connections/s"),
    replace(METRICS[1], heading="CPU a connection"),
    *METRICS[2:],
)


class Accept(EchoQuestion):
    name = "accept"
    title = "Connections accepted"
    about = (
        "A new connection for every message of 64 B: accept, one echo, close; with the protocol of the first "
        "question. A latency is of all that."
    )
    unfit = "Trio, curio and gevent have no protocols."
    program = "echo_protocol"

    def cases(self, settings: Settings) -> list[Case]:
        cases = [echo_case(count, 64, everyone=not settings.brief) for count in (10, 100)]
        return [replace(case, metrics=_METRICS) for case in cases]

    def load_words(self, case: Case, settings: Settings) -> list[str | float]:
        return [*super().load_words(case, settings), "--churn"]
