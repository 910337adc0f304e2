"""aiohttp's server started the two ways that the documentation names, and its client on the same loop."""

import asyncio
import signal
import textwrap

import aiohttp
import pytest
from ecosystem_programs import LOOP, LOOP_MODULE, free_port, serving

SOURCE = textwrap.dedent(
    """
    import asyncio
    import sys

    from aiohttp import web

    async def loop(request):
        return web.Response(text=type(asyncio.get_running_loop()).__module__)

    async def echo(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        async for piece in request.content.iter_any():
            await answer.write(piece)
        return answer

    app = web.Application(client_max_size=0)
    app.router.add_get("/", loop)
    app.router.add_post("/echo", echo)
    options = {}
    if sys.argv[2] != "asyncio":
        options["loop"] = __import__(sys.argv[2]).new_event_loop()
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, **options)
    """
)
WAYS = {
    "asyncio": [([], "asyncio")],
    "uvloop": [([], "uvloop")],
    "ouroloop": [([], "ouroloop"), (["-m", "ouroloop", "run"], "asyncio")],
}[LOOP]


@pytest.mark.parametrize(("takeover", "module"), WAYS, ids=[f"way{number}" for number in range(len(WAYS))])
def test_server_and_client(takeover, module, tmp_path):
    async def main(address):
        async with aiohttp.ClientSession(address) as session:

            async def pieces(number):
                for _ in range(20):
                    yield bytes([number]) * 30_000

            async def there_and_back(number):
                async with session.post("/echo", data=pieces(number)) as answer:
                    assert await answer.read() == bytes([number]) * 600_000

            async with session.get("/") as answer:
                assert (await answer.text()).startswith(LOOP_MODULE)
            await asyncio.gather(*(there_and_back(number) for number in range(30)))

    port = free_port()
    with serving(tmp_path, port, *takeover, "served.py", str(port), module, source=SOURCE) as program:
        asyncio.run(main(program.address))
        assert program.stop(signal.SIGTERM) == 0, program.printed()
        assert "Traceback" not in program.printed(), program.printed()
