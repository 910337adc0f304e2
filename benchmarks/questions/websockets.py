"""WebSockets with the library websockets."""

from benchmarks.echo import KIB, EchoQuestion, echo_case
from benchmarks.question import Settings
from benchmarks.record import Case


class WebSocketEcho(EchoQuestion):
    name = "websockets"
    title = "WebSockets"
    about = (
        "A server of the library websockets that sends every message back, without compression. There is no C "
        "server to compare with: nearly all of the time is the library's."
    )
    unfit = "Trio, curio and gevent do not run this library's server."
    limits = ()
    program = "echo_websockets"
    native_words = ("--websocket",)

    def cases(self, settings: Settings) -> list[Case]:
        cases = [echo_case(count, KIB, everyone=not settings.brief) for count in (10, 100)]
        return cases if settings.brief else [*cases, echo_case(10, 100 * KIB)]
