"""The demo's own parts: its figures, its table, and what it says about servers that misbehave."""

import importlib
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

DEMO = Path(__file__).parents[2] / "examples" / "demo"

# Announces itself as the frameworks do and answers on /loop, so that the demo's handling needs none of them.
STAND_IN = """
import http.server, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"loop": "asyncio.unix_events.EventLoop"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
signal.signal(signal.SIGTERM, ON_SIGTERM)
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(f"Running on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The demo's modules by name; they are programs beside each other, not a package."""
    monkeypatch.syspath_prepend(DEMO)
    names = ("figures", "table", "server")
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield {name: importlib.import_module(name) for name in names}
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("values", "fraction", "expected"),
    [
        ([7.0], 0.5, 7.0),
        ([7.0], 0.99, 7.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
        ([1.0, 2.0, 3.0, 4.0, 5.0], 0.5, 3.0),
        (list(range(1, 101)), 0.99, 99),
        (list(range(1, 1001)), 0.99, 990),
        (list(range(1, 11)), 1.0, 10),
        (list(range(1, 11)), 0.0, 1),
    ],
)
def test_percentile_is_the_nearest_rank(
    demo: dict[str, ModuleType], values: list[float], fraction: float, expected: float
) -> None:
    assert demo["figures"].percentile(values, fraction) == expected


def test_percentile_of_nothing_is_an_error(demo: dict[str, ModuleType]) -> None:
    with pytest.raises(ValueError, match="no values"):
        demo["figures"].percentile([], 0.5)


def samples(demo: dict[str, ModuleType], *requests: int) -> list[object]:
    return [demo["figures"].Sample(count, 2.0, count / 1e3, count / 1e2, 0.5) for count in requests]


def test_ratio_pairs_the_runs_of_a_round(demo: dict[str, ModuleType]) -> None:
    # The third round was slow for both: paired, it says 2.0 like the others; medians of rates would say 2.2.
    ours, theirs = samples(demo, 2000, 2200, 200), samples(demo, 1000, 1100, 100)
    assert demo["figures"].paired_ratio(ours, theirs) == 2.0
    summary = demo["figures"].summarise(ours, {"theirs": theirs})
    assert (summary.rate, summary.p50_ms, summary.p99_ms) == (1000.0, 2.0, 20.0)
    assert summary.ratios == {"theirs": 2.0}


def test_ratio_needs_as_many_rounds_of_each(demo: dict[str, ModuleType]) -> None:
    with pytest.raises(ValueError, match="shorter"):
        demo["figures"].paired_ratio(samples(demo, 1, 2), samples(demo, 1))


def test_table_lines_up_and_keeps_rows_without_figures(demo: dict[str, ModuleType]) -> None:
    fast = demo["figures"].Summary(12345.6, 1.234, 10.5, 0.5, {"asyncio": 1.5})
    rows = [
        demo["table"].Row("uvicorn", "asyncio", fast),
        demo["table"].Row("uvicorn", "uvloop", "not installed for this Python"),
        demo["table"].Row("aiohttp", "ouroloop", fast),
    ]
    assert demo["table"].render(rows, ("asyncio", "uvloop")).splitlines() == [
        "server   event loop  requests/s  p50 ms  p99 ms  x asyncio  x uvloop",
        "-------  ----------  ----------  ------  ------  ---------  --------",
        "uvicorn  asyncio         12,346    1.23   10.50       1.50         -",
        "         uvloop      not installed for this Python",
        "",
        "aiohttp  ouroloop        12,346    1.23   10.50       1.50         -",
    ]


def start(demo: dict[str, ModuleType], folder: Path, program: str, loop: str = "asyncio") -> object:
    file = folder / "program.py"
    file.write_text(textwrap.dedent(program), encoding="utf-8")
    kind = demo["server"].Kind("stand-in", {loop: [str(file)]})
    return demo["server"].Server(kind, loop, folder / "log", None)


def test_server_that_does_not_start_shows_what_it_wrote(demo: dict[str, ModuleType], tmp_path: Path) -> None:
    server = start(demo, tmp_path, "raise RuntimeError('no such database')")
    with pytest.raises(demo["server"].ServerError, match=r"(?s)exit code 1 while starting.*no such database"):
        server.wait_ready()
    server.kill()


def test_server_that_starts_and_stops_is_fine(demo: dict[str, ModuleType], tmp_path: Path) -> None:
    server = start(demo, tmp_path, STAND_IN.replace("ON_SIGTERM", "lambda *args: sys.exit(0)"))
    try:
        server.wait_ready()
        assert server.url.startswith("http://127.0.0.1:")
        server.stop()
        assert server.process.returncode == 0
    finally:
        server.kill()


def test_server_on_another_loop_is_an_error(demo: dict[str, ModuleType], tmp_path: Path) -> None:
    server = start(demo, tmp_path, STAND_IN.replace("ON_SIGTERM", "signal.SIG_DFL"), loop="ouroloop")
    try:
        with pytest.raises(demo["server"].ServerError, match=r"runs on asyncio\.\S+, not on ouroloop"):
            server.wait_ready()
    finally:
        server.kill()


def test_server_that_ignores_sigterm_is_killed_and_named(
    demo: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo["server"], "STOP_SECONDS_MAX", 0.2)
    server = start(demo, tmp_path, STAND_IN.replace("ON_SIGTERM", "signal.SIG_IGN"))
    try:
        server.wait_ready()
        with pytest.raises(demo["server"].ServerError, match="did not stop"):
            server.stop()
        assert server.process.returncode == -9
    finally:
        server.kill()


def test_server_that_reported_an_error_is_named(demo: dict[str, ModuleType], tmp_path: Path) -> None:
    program = STAND_IN.replace("ON_SIGTERM", "lambda *args: sys.exit(0)")
    server = start(demo, tmp_path, "print('Task exception was never retrieved', flush=True)\n" + program)
    try:
        server.wait_ready()
        with pytest.raises(demo["server"].ServerError, match="reported an error"):
            server.stop()
    finally:
        server.kill()
