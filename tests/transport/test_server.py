"""A server's life: when it serves, how it closes, and who waits for that."""

import asyncio
import asyncio.trsock
import gc
import socket
import sys
import weakref

import pytest

from .peers import (
    LOOPBACK,
    EchoProtocol,
    Peer,
    RecordingProtocol,
    block_writing,
    eventually,
    run,
    turns,
)
from .reference import skip_standard_library

Loop = asyncio.AbstractEventLoop

made: list[RecordingProtocol] = []


@pytest.fixture(autouse=True)
def forget_protocols() -> None:
    made.clear()


def remembered() -> RecordingProtocol:
    made.append(EchoProtocol())
    return made[-1]


async def serve(loop: Loop, **options: object) -> asyncio.Server:
    return await loop.create_server(remembered, LOOPBACK, 0, **options)  # type: ignore[arg-type, no-any-return]


async def client_of(server: asyncio.Server) -> Peer:
    """A plain connection that the server has accepted."""
    count = len(made)
    sock = socket.create_connection(server.sockets[0].getsockname())
    await eventually(lambda: len(made) > count and made[-1].calls)
    return Peer(sock)


def test_a_server_knows_its_loop_and_its_sockets(loop: Loop) -> None:
    async def main() -> None:
        server = await loop.create_server(RecordingProtocol, [LOOPBACK, "127.0.0.2"], 0)
        assert isinstance(server, asyncio.AbstractServer)
        assert server.get_loop() is loop
        assert type(server.sockets) is tuple
        assert len(server.sockets) == 2
        for sock in server.sockets:
            assert isinstance(sock, asyncio.trsock.TransportSocket)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        assert repr(server) == f"<{type(server).__name__} sockets={server.sockets!r}>"
        assert type(server).__name__ == "Server"
        server.close()
        assert server.sockets == ()
        assert repr(server) == "<Server sockets=()>"
        await turns()

    run(loop, main())


def test_a_server_serves_until_it_is_closed(loop: Loop) -> None:
    async def main() -> None:
        server = await serve(loop)
        address = server.sockets[0].getsockname()
        assert server.is_serving()
        server.close()
        assert not server.is_serving()
        server.close()
        await turns()
        with socket.socket() as sock, pytest.raises(ConnectionRefusedError):
            sock.connect(address)

    run(loop, main())


def test_a_server_that_starts_later_refuses_until_then(loop: Loop) -> None:
    async def main() -> None:
        server = await serve(loop, start_serving=False)
        address = server.sockets[0].getsockname()
        assert not server.is_serving()
        with socket.socket() as sock, pytest.raises(ConnectionRefusedError):
            sock.connect(address)
        assert await server.start_serving() is None
        assert server.is_serving()
        await server.start_serving()
        client = await client_of(server)
        await client.send(b"x")
        assert await client.receive(1) == b"x"
        client.close()
        await made[0].lost
        server.close()
        await turns()

    run(loop, main())


def test_a_server_that_never_started_closes(loop: Loop) -> None:
    async def main() -> None:
        server = await serve(loop, start_serving=False)
        server.close()
        await server.wait_closed()
        assert not server.is_serving()

    run(loop, main())


def test_serve_forever_starts_and_its_cancellation_closes(loop: Loop) -> None:
    async def main() -> None:
        server = await serve(loop, start_serving=False)
        serving = asyncio.ensure_future(server.serve_forever())
        await eventually(server.is_serving)
        client = await client_of(server)
        client.close()
        await made[0].lost
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert not server.is_serving()
        assert server.sockets == ()

    run(loop, main())


def test_closing_the_server_ends_serve_forever_with_cancellation(loop: Loop) -> None:
    async def main() -> None:
        server = await serve(loop)
        serving = asyncio.ensure_future(server.serve_forever())
        await turns(2)
        server.close()
        with pytest.raises(asyncio.CancelledError):
            await serving

    run(loop, main())


def test_serve_forever_is_refused_twice_and_after_close(loop: Loop) -> None:
    async def main() -> None:
        server = await serve(loop)
        serving = asyncio.ensure_future(server.serve_forever())
        await turns(2)
        with pytest.raises(RuntimeError) as error:
            await server.serve_forever()
        assert str(error.value) == f"server {server!r} is already being awaited on serve_forever()"
        serving.cancel()
        await asyncio.wait({serving})
        with pytest.raises(RuntimeError) as error:
            await server.serve_forever()
        assert str(error.value) == f"server {server!r} is closed"

    run(loop, main())


def test_a_cancelled_serve_forever_closes_its_connections_and_waits_for_them(newest_loop: Loop) -> None:
    skip_standard_library(newest_loop, "left idle connections open in early 3.12 and 3.13", before=(3, 14))

    async def main() -> None:
        server = await serve(newest_loop)
        serving = asyncio.ensure_future(server.serve_forever())
        client = await client_of(server)
        serving.cancel()
        assert await client.receive(1) == b""
        await asyncio.wait({serving})
        assert serving.cancelled()
        client.close()

    run(newest_loop, main())


def test_async_with_closes_and_waits(loop: Loop) -> None:
    async def main() -> None:
        async with await serve(loop) as server:
            assert isinstance(server, asyncio.AbstractServer)
            assert server.is_serving()
        assert not server.is_serving()
        with pytest.raises(ArithmeticError):
            async with await serve(loop) as server:
                raise ArithmeticError
        assert not server.is_serving()

    run(loop, main())


def test_an_open_connection_outlives_close(loop: Loop) -> None:
    async def main() -> None:
        server = await serve(loop)
        client = await client_of(server)
        server.close()
        await turns()
        await client.send(b"still served")
        assert await client.receive(12) == b"still served"
        client.close()
        assert await made[0].lost is None

    run(loop, main())


def test_wait_closed_waits_for_close_and_for_every_connection(newest_loop: Loop) -> None:
    skip_standard_library(newest_loop, "returned at once before 3.12.1", before=(3, 12))

    async def main() -> None:
        server = await serve(newest_loop)
        waiting = [asyncio.ensure_future(server.wait_closed()) for _ in range(2)]
        await turns(10)
        assert not any(each.done() for each in waiting), "not closed yet"
        clients = [await client_of(server), await client_of(server)]
        server.close()
        waiting.append(asyncio.ensure_future(server.wait_closed()))
        for client, protocol in zip(clients, list(made), strict=True):
            await turns(10)
            assert not any(each.done() for each in waiting), "connections are open"
            client.close()
            await protocol.lost
        assert await asyncio.gather(*waiting) == [None] * 3
        await server.wait_closed()

    run(newest_loop, main())


def test_a_closed_server_with_connections_is_waited_for_as_in_the_running_python(loop: Loop) -> None:
    """A program that was written for 3.11 would hang beside an idle client."""

    async def main() -> None:
        server = await serve(loop)
        client = await client_of(server)
        server.close()
        waiting = asyncio.ensure_future(server.wait_closed())
        await turns(10)
        assert waiting.done() == (sys.version_info < (3, 12))
        client.close()
        await made[0].lost
        await waiting

    run(loop, main())


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="from 3.12 on they are waited for")
def test_a_cancelled_serve_forever_leaves_its_connections_open(loop: Loop) -> None:
    async def main() -> None:
        server = await serve(loop)
        serving = asyncio.ensure_future(server.serve_forever())
        client = await client_of(server)
        serving.cancel()
        await asyncio.wait({serving})
        assert serving.cancelled()
        await client.send(b"still served")
        assert await client.receive(12) == b"still served"
        client.close()
        await made[0].lost

    run(loop, main())


def test_a_cancelled_wait_closed_disturbs_no_other(loop: Loop) -> None:
    async def main() -> None:
        server = await serve(loop)
        first, second = (asyncio.ensure_future(server.wait_closed()) for _ in range(2))
        await turns(2)
        first.cancel()
        await asyncio.wait({first})
        server.close()
        await second
        assert first.cancelled()

    run(loop, main())


def test_close_clients_closes_each_after_what_waits(newest_loop: Loop) -> None:
    skip_standard_library(newest_loop, "close_clients came with 3.13", before=(3, 13))

    async def main() -> None:
        server = await serve(newest_loop)
        clients = [await client_of(server) for _ in range(3)]
        busy = made[0].transport
        assert busy is not None
        written = await block_writing(busy)
        server.close_clients()
        assert all(protocol.transport and protocol.transport.is_closing() for protocol in made)
        for protocol in made[1:]:
            assert await protocol.lost is None
        assert not made[0].lost.done()
        assert await clients[0].receive_all() == written
        assert await made[0].lost is None
        assert server.is_serving(), "the server itself goes on"
        clients.append(await client_of(server))
        server.close()
        server.close_clients()
        await server.wait_closed()
        for client in clients:
            client.close()

    run(newest_loop, main())


def test_abort_clients_drops_what_waits(newest_loop: Loop) -> None:
    skip_standard_library(newest_loop, "abort_clients came with 3.13", before=(3, 13))

    async def main() -> None:
        server = await serve(newest_loop)
        clients = [await client_of(server) for _ in range(3)]
        busy = made[0].transport
        assert busy is not None
        await block_writing(busy)
        server.close()
        server.abort_clients()
        await server.wait_closed()
        assert [await protocol.lost for protocol in made] == [None] * 3
        for client in clients:
            client.close()

    run(newest_loop, main())


def test_a_server_does_not_keep_its_connections_alive(loop: Loop) -> None:
    async def main() -> weakref.ref[object]:
        server = await serve(loop)
        client = await client_of(server)
        transport = made[0].transport
        assert transport is not None
        reference = weakref.ref(transport)
        client.close()
        await made[0].lost
        made.clear()
        await turns()
        server.close()
        return reference

    reference = run(loop, main())
    gc.collect()
    assert reference() is None


@pytest.mark.exact_calls
def test_connections_are_accepted_in_one_turn_as_far_as_the_backlog(loop: Loop) -> None:
    """A burst must not cost one iteration of the loop for each connection."""

    async def main() -> None:
        server = await serve(loop, backlog=50)
        address = server.sockets[0].getsockname()
        clients = [socket.create_connection(address) for _ in range(30)]
        await turns(6)
        assert len(made) == 30
        server.close()
        for client in clients:
            client.close()
        for protocol in made:
            await protocol.lost

    run(loop, main())


def test_a_connection_reset_before_it_was_accepted_harms_nobody(loop: Loop) -> None:
    async def main() -> None:
        server = await serve(loop)
        hasty = Peer(socket.create_connection(server.sockets[0].getsockname()))
        hasty.reset()
        await turns(5)
        client = await client_of(server)
        await client.send(b"x")
        assert await client.receive(1) == b"x"
        client.close()
        server.close()
        for protocol in made:
            await protocol.lost

    run(loop, main())


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_server_left_open_goes_when_its_loop_is_closed_and_nobody_holds_it(loop: Loop) -> None:
    async def main() -> asyncio.Server:
        return await serve(loop)

    server = run(loop, main())
    address = server.sockets[0].getsockname()
    loop.close()
    del server
    gc.collect()
    with socket.socket() as sock, pytest.raises(ConnectionRefusedError):
        sock.connect(address)


def test_close_after_the_loop_was_closed_is_harmless(loop: Loop) -> None:
    async def main() -> asyncio.Server:
        return await serve(loop)

    server = run(loop, main())
    loop.close()
    server.close()
    assert not server.is_serving()
