"""Sanic, which takes uvloop by name where it is there: requests, streams, WebSockets, background tasks, workers."""

import asyncio
import signal
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import websockets
from ecosystem_programs import LOOP, LOOP_MODULE, free_port, serving

SOURCE = textwrap.dedent(
    """
    import asyncio
    import os
    import sys

    from sanic import Sanic, text
    from sanic.response import ResponseStream

    app = Sanic("served")
    app.config.USE_UVLOOP = sys.argv[3] == "uvloop"
    app.ctx.beats = 0

    @app.get("/")
    async def loop(request):
        return text(f"{type(asyncio.get_running_loop()).__module__} {os.getpid()}")

    @app.get("/manage")
    async def manage(request):
        request.app.m.scale(int(sys.argv[2]))
        return text("")

    @app.get("/beats")
    async def beats(request):
        return text(str(request.app.ctx.beats))

    @app.get("/stream")
    async def stream(request):
        async def pieces(response):
            for number in range(100):
                await response.write(f"{number:04}" * 1000)
        return ResponseStream(pieces)

    @app.websocket("/echo")
    async def echo(request, socket):
        async for message in socket:
            await socket.send(message)

    async def beat(app):
        while True:
            app.ctx.beats += 1
            await asyncio.sleep(0.01)

    app.add_task(beat)

    if __name__ == "__main__":
        options = {"single_process": True} if sys.argv[2] == "1" else {"workers": int(sys.argv[2])}
        app.run("127.0.0.1", int(sys.argv[1]), access_log=False, motd=False, **options)
    """
)
# The loop that it is told to take; ours answers to both names.
WAYS = {
    "asyncio": [([], "asyncio")],
    "uvloop": [([], "uvloop")],
    "ouroloop": [(["-m", "ouroloop", "run"], "asyncio"), (["-m", "ouroloop", "run"], "uvloop")],
}[LOOP]


def sanic(folder, way, workers="1"):
    takeover, kind = way
    port = free_port()
    return serving(folder, port, *takeover, "served.py", str(port), workers, kind, source=SOURCE)


def wait_until_managed(program):
    """Sanic's manager never ends, on any loop, when it is told to before it knows that all workers are up."""
    program.get("manage")
    deadline = time.monotonic() + 30
    while "No change needed" not in program.printed():
        assert time.monotonic() < deadline, program.printed()
        time.sleep(0.05)


@pytest.mark.parametrize("way", WAYS, ids=[f"way{number}" for number in range(len(WAYS))])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_on_the_loop_and_stops_when_told(workers, way, tmp_path):
    with sanic(tmp_path, way, workers) as program:
        with ThreadPoolExecutor(10) as clients:
            answers = list(clients.map(lambda _: program.get(), range(100)))
        assert all(answer.startswith(LOOP_MODULE) for answer in answers), answers[0]
        if workers != "1":
            wait_until_managed(program)
        program.stop(signal.SIGTERM)
        assert "Traceback" not in program.printed(), program.printed()


@pytest.mark.parametrize("way", WAYS, ids=[f"way{number}" for number in range(len(WAYS))])
def test_streams_tasks_and_websockets(way, tmp_path):
    async def echo(address):
        async with websockets.connect(address.replace("http", "ws") + "echo") as socket:
            for size in (1, 1000, 100_000):
                await socket.send(bytes(size))
                assert await socket.recv() == bytes(size)

    with sanic(tmp_path, way) as program:
        assert program.get("stream") == "".join(f"{number:04}" * 1000 for number in range(100))
        first = int(program.get("beats"))
        deadline = time.monotonic() + 20
        while int(program.get("beats")) < first + 5:
            assert time.monotonic() < deadline
        asyncio.run(echo(program.address))
