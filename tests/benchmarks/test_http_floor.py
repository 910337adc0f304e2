"""The server of aiohttp on the C extension answers like any other."""

import shutil

import pytest
from benchmarks.compiler import BuildError, build_floor, build_native
from benchmarks.echo import start_load
from benchmarks.machine import Cores
from benchmarks.question import FLOOR, Settings, Workbench
from benchmarks.questions import QUESTIONS

pytest.importorskip(
    "aiohttp", reason="it is aiohttp that is served; `make test-examples` has it, and runs this"
)
pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="the extension is built with a C compiler"
)


@pytest.fixture(scope="module")
def bench():
    try:
        floor = build_floor()
    except BuildError as error:
        pytest.skip(str(error))
    return Workbench(Settings(), Cores(None, None), 1024, build_native(), floor=floor)


@pytest.mark.parametrize("connections", [1, 50])
def test_every_request_has_its_answer(bench, connections):
    words = ["--http", "--conns", connections, "--size", 13, "--seconds", 0.3, "--warm", 0]
    with QUESTIONS["aiohttp"].start_server(FLOOR, bench) as server:
        for _ in range(3):
            with start_load(server, bench, *words) as load:
                figures = load.read_figures(30)
            assert figures["requests"] > 0
            assert figures["errors"] == 0
