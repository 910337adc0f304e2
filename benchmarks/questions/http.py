"""HTTP/1.1 by the servers that people run: uvicorn with httptools, and aiohttp."""

from benchmarks.child import module_command
from benchmarks.echo import EchoQuestion, EchoServer, echo_case
from benchmarks.question import C_SERVER, FLOOR, Settings, Workbench
from benchmarks.record import Case


class HttpQuestion(EchoQuestion):
    """GET requests over lasting connections, answered by 13 bytes."""

    unfit = "Trio, curio and gevent do not run these servers."
    native_words = ("--http",)

    def cases(self, settings: Settings) -> list[Case]:
        counts = settings.connections or ((10, 100) if settings.brief else (10, 100, 1000))
        cases = []
        for count in counts:
            case = echo_case(count, 13, settings.pipeline or 1, everyone=not settings.brief)
            title = case.title.replace(", 13 B", "")
            cases.append(Case(case.key, title, case.metrics, case.parameters))
        return cases

    def expected_seconds(self, case: Case, settings: Settings) -> float:
        return super().expected_seconds(case, settings) + 0.7  # imports


class UvicornServer(HttpQuestion):
    name = "uvicorn"
    title = "HTTP with uvicorn and httptools"
    about = (
        "The smallest ASGI application. The limit is a fixed answer to whatever ends in an empty line, in C."
    )
    program = "http_uvicorn"


class AiohttpServer(HttpQuestion):
    name = "aiohttp"
    title = "HTTP with aiohttp"
    about = (
        "The smallest application of aiohttp's own server. The limits are that of the question before, and the floor "
        "with this very application, whose tasks and futures are the standard library's there, as on uvloop."
    )
    limits = (C_SERVER, FLOOR)
    program = "http_aiohttp"

    def start_server(self, peer: str, bench: Workbench) -> EchoServer:
        if peer == FLOOR:
            return EchoServer([*module_command("http_floor", str(bench.floor))], bench.cores.server)
        return super().start_server(peer, bench)
