"""websockets on each loop: echo, compression, many connections, time limits, and another library at the other end."""

import asyncio
import contextlib
import random

import aiohttp
import pytest
from aiohttp import web
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK

MANY = 2000


async def echo(connection):
    async for message in connection:
        await connection.send(message)


@contextlib.asynccontextmanager
async def echo_server(**options):
    async with serve(echo, "127.0.0.1", 0, **options) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("compression", ["deflate", None])
def test_messages_of_all_sizes_come_back(compression):
    async def main():
        sizes = random.Random(7)
        messages = [sizes.randbytes(sizes.randrange(1 << power)) for power in range(1, 21)]
        messages += ["text", "", "ü" * 70_000]
        limits = {"compression": compression, "max_size": 2**21}
        async with echo_server(**limits) as address, connect(address, **limits) as connection:
            for message in messages:
                await connection.send(message)
                assert await connection.recv() == message
            await connection.send(bytes(piece) for piece in [b"in ", b"fragments"])
            assert await connection.recv() == b"in fragments"

    asyncio.run(main())


def test_thousands_of_connections_at_once():
    async def main():
        async with echo_server(compression=None, open_timeout=50) as address:
            opening = asyncio.Semaphore(100)

            async def client(number, all_open):
                async with opening:
                    connection = await connect(address, compression=None, open_timeout=50)
                async with connection:
                    await all_open.wait()
                    await connection.send(str(number))
                    return await connection.recv()

            all_open = asyncio.Barrier(MANY)
            answers = await asyncio.gather(*(client(number, all_open) for number in range(MANY)))
        assert answers == [str(number) for number in range(MANY)]

    raise_descriptor_limit(2 * MANY + 200)
    asyncio.run(main())


def test_a_slow_reader_holds_the_sender_back():
    async def main():
        sent = 0

        async def flood(connection):
            nonlocal sent
            with contextlib.suppress(ConnectionClosedError, ConnectionClosedOK):
                while True:
                    await connection.send(bytes(65536))
                    sent += 1

        async with serve(flood, "127.0.0.1", 0, compression=None) as server:
            port = server.sockets[0].getsockname()[1]
            async with connect(f"ws://127.0.0.1:{port}", compression=None, max_queue=4) as connection:
                before = -1
                while before != sent:
                    before = sent
                    await asyncio.sleep(0.3)
                assert sent < 1000
                for _ in range(sent + 5):
                    assert len(await connection.recv()) == 65536

    asyncio.run(main())


def test_a_silent_peer_is_dropped_by_the_keepalive():
    async def main():
        async def swallow(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(60)

        gone = asyncio.get_running_loop().create_future()

        async def handler(connection):
            await connection.wait_closed()
            gone.set_result(connection.close_code)

        async with serve(
            handler, "127.0.0.1", 0, ping_interval=0.1, ping_timeout=0.1, close_timeout=0.1
        ) as server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            assert b"101" in await reader.readline()
            assert await asyncio.wait_for(gone, 20) == 1006
            writer.close()

    asyncio.run(main())


def test_its_client_talks_to_the_server_of_aiohttp():
    async def handler(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                await socket.send_str(message.data.upper())
            else:
                await socket.send_bytes(message.data[::-1])
        return socket

    async def main():
        app = web.Application()
        app.router.add_get("/", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with connect(f"ws://127.0.0.1:{port}/") as connection:
            await connection.send("hello" * 1000)
            assert await connection.recv() == "HELLO" * 1000
            await connection.send(b"abc")
            assert await connection.recv() == b"cba"
            await asyncio.wait_for(await connection.ping(), 20)
        await runner.cleanup()

    asyncio.run(main())


def test_its_server_talks_to_the_client_of_aiohttp():
    async def main():
        async with (
            echo_server() as address,
            aiohttp.ClientSession() as session,
            session.ws_connect(address.replace("ws:", "http:"), compress=15) as socket,
        ):
            for size in (0, 1, 125, 126, 65535, 65536, 300_000):
                await socket.send_bytes(bytes(size))
                assert await socket.receive_bytes() == bytes(size)

    asyncio.run(main())


def test_closing_handshakes_say_why():
    async def main():
        async def refuse(connection):
            await connection.close(4001, "not today")

        async with serve(refuse, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with connect(f"ws://127.0.0.1:{port}") as connection:
                with pytest.raises(ConnectionClosedError) as closed:
                    await connection.recv()
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "not today")

    asyncio.run(main())


def raise_descriptor_limit(wanted):
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(wanted, 1024), most), most))
