"""Streams over real connections: opened, served, half-closed, lost, and never closed."""

import asyncio
import contextlib
import gc
import socket
import weakref

import pytest

LINGER_NONE = b"\1\0\0\0\0\0\0\0"  # closing resets the connection


@contextlib.asynccontextmanager
async def serving(streams, handler, *, path=None, **options):
    """A server on a free port or a path; every handler has ended when the block is left."""
    handling = set()

    async def handle(reader, writer):
        handling.add(asyncio.current_task())
        try:
            await handler(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    if path is not None:
        server = await streams.start_unix_server(handle, path, **options)
    elif "sock" in options:
        server = await streams.start_server(handle, **options)
    else:
        server = await streams.start_server(handle, "127.0.0.1", 0, **options)
    try:
        yield server.sockets[0].getsockname()
    finally:
        server.close()
        if handling:
            await asyncio.wait(handling)


async def echo(reader, writer):
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


async def close(writer):
    writer.close()
    await writer.wait_closed()


def test_an_echo(streams, run):
    async def main():
        async with serving(streams, echo) as address:
            reader, writer = await streams.open_connection(*address)
            for message in (b"hello", b"x" * 100_000, b"bye"):
                writer.write(message)
                await writer.drain()
                assert await reader.readexactly(len(message)) == message
            await close(writer)

    run(main())


def test_an_echo_over_a_unix_socket(streams, run, socket_path):
    async def main():
        async with serving(streams, echo, path=socket_path):
            reader, writer = await streams.open_unix_connection(socket_path)
            writer.writelines([b"one", b" ", b"two"])
            writer.write_eof()
            assert await reader.read() == b"one two"
            await close(writer)

    run(main())


def test_megabytes_pass_both_ways_under_back_pressure(streams, loop, run):
    data = bytes(range(256)) * (1 << 14)

    async def main():
        async with serving(streams, echo, limit=1 << 12) as address:
            reader, writer = await streams.open_connection(*address, limit=1 << 12)

            async def send():
                for at in range(0, len(data), 100_000):
                    writer.write(data[at : at + 100_000])
                    await writer.drain()
                writer.write_eof()

            sending = loop.create_task(send())
            received = bytearray()
            while piece := await reader.read(1 << 16):
                received += piece
            await sending
            assert bytes(received) == data
            await close(writer)

    run(main())


def test_a_plain_function_may_serve(streams, loop, run):
    async def main():
        served = loop.create_future()
        server = await streams.start_server(lambda *stream: served.set_result(stream), "127.0.0.1", 0)
        reader, writer = await streams.open_connection(*server.sockets[0].getsockname())
        served_reader, served_writer = await served
        assert served_writer.get_extra_info("peername") == writer.get_extra_info("sockname")
        served_writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        await close(writer)
        assert await served_reader.read() == b""
        await close(served_writer)
        server.close()
        await server.wait_closed()

    run(main())


def expect_reported_and_closed(streams, run, capture_errors, handler):
    async def main():
        server = await streams.start_server(handler, "127.0.0.1", 0)
        reader, writer = await streams.open_connection(*server.sockets[0].getsockname())
        assert await reader.read() == b""
        await close(writer)
        server.close()
        await server.wait_closed()

    run(main())
    (context,) = capture_errors
    assert context["message"] == "Unhandled exception in client_connected_cb"
    assert isinstance(context["exception"], ArithmeticError)
    assert isinstance(context["transport"], asyncio.Transport)


def test_what_a_handler_fails_with_is_reported(streams, loop, run, capture_errors):
    async def handler(reader, writer):
        raise ArithmeticError("wrong")

    expect_reported_and_closed(streams, run, capture_errors, handler)


@pytest.mark.only_our_streams  # the standard library's since 3.14.8
def test_what_a_plain_function_fails_with_is_reported_and_its_connection_closed(
    streams, loop, run, capture_errors
):
    def handler(reader, writer):
        raise ArithmeticError("wrong")

    expect_reported_and_closed(streams, run, capture_errors, handler)


@pytest.mark.streams_since(3, 13)
def test_a_cancelled_handler_is_no_error_and_closes(streams, loop, run):
    async def handler(reader, writer):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    async def main():
        server = await streams.start_server(handler, "127.0.0.1", 0)
        reader, writer = await streams.open_connection(*server.sockets[0].getsockname())
        assert await reader.read() == b""
        await close(writer)
        server.close()
        await server.wait_closed()

    run(main())


def test_half_closing_leaves_the_other_direction_open(streams, run):
    async def handler(reader, writer):
        assert await reader.read() == b"question"
        assert reader.at_eof()
        writer.write(b"answer")

    async def main():
        async with serving(streams, handler) as address:
            reader, writer = await streams.open_connection(*address)
            assert writer.can_write_eof()
            writer.write(b"question")
            writer.write_eof()
            assert await reader.read() == b"answer"
            with pytest.raises(RuntimeError):
                writer.write(b"more")
            await close(writer)

    run(main())


@contextlib.asynccontextmanager
async def connected_to_socket(streams):
    """A stream, and the plain socket at its other end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reader, writer = await streams.open_connection(*listener.getsockname())
        far, _ = listener.accept()
        with far:
            try:
                yield reader, writer, far
            finally:
                writer.transport.abort()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()


def reset(far):
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    far.close()


def test_a_reset_reaches_read_drain_and_wait_closed(streams, loop, run):
    async def main():
        async with connected_to_socket(streams) as (reader, writer, far):
            waiting = loop.create_task(reader.readline())
            await asyncio.sleep(0)
            reset(far)
            for each in (waiting, reader.read(1), writer.drain(), writer.wait_closed(), writer.wait_closed()):
                with pytest.raises(ConnectionResetError):
                    await each
            assert writer.is_closing()

    run(main())


def test_a_reset_reaches_who_waits_in_drain(streams, loop, run):
    async def main():
        async with connected_to_socket(streams) as (_, writer, far):
            writer.write(bytes(1 << 24))
            draining = [loop.create_task(writer.drain()) for _ in range(3)]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not any(task.done() for task in draining)
            reset(far)
            for task in draining:
                with pytest.raises(ConnectionError):
                    await task

    run(main())


async def write_for_ever(writer):
    while True:
        writer.write(b"anybody?")
        await writer.drain()


def test_a_loop_that_writes_and_drains_hears_of_the_end(streams, run):
    async def main():
        async with connected_to_socket(streams) as (_, writer, far):
            far.close()
            with pytest.raises(ConnectionError):
                await write_for_ever(writer)

    run(main())


def test_drain_after_close_yields_and_fails(streams, run):
    async def main():
        async with connected_to_socket(streams) as (reader, writer, _):
            writer.close()
            with pytest.raises(ConnectionResetError, match=r"^Connection lost$"):
                await writer.drain()
            await writer.wait_closed()
            assert reader.at_eof()
            assert await reader.read() == b""

    run(main())


def test_a_writer_that_nobody_closed_warns_and_closes(streams, loop, run):
    async def main():
        async with connected_to_socket(streams) as (reader, writer, _far):
            transport = writer.transport
            own = [streams.StreamWriter(transport, writer._protocol, reader, loop)]
            with pytest.warns(ResourceWarning, match=r"unclosed <StreamWriter transport=.* reader=.*>"):
                own.clear()
            assert transport.is_closing()

    run(main())


def test_a_reader_is_not_kept_by_its_connection(streams, loop, run):
    async def main():
        reader = streams.StreamReader(loop=loop)
        protocol = streams.StreamReaderProtocol(reader, loop=loop)
        near, far = socket.socketpair()
        with far:
            transport, _ = await loop.create_connection(lambda: protocol, sock=near)
            far.send(b"before")
            assert await reader.read(100) == b"before"
            reference = weakref.ref(reader)
            del reader
            gc.collect()
            assert reference() is None
            assert protocol._stream_reader is None
            far.send(b"lost on nobody")
            await asyncio.sleep(0.01)
            far.shutdown(socket.SHUT_WR)
            await asyncio.sleep(0.01)
            transport.close()
            await protocol._get_close_waiter(None)

    run(main())


def test_open_connection_hands_on_what_it_is_told(streams, run):
    async def main():
        near, far = socket.socketpair()
        with far:
            reader, writer = await streams.open_connection(sock=near, limit=123)
            assert "limit=123" in repr(reader)
            assert repr(reader) in repr(writer)
            assert isinstance(writer, asyncio.StreamWriter)
            await close(writer)
        with socket.socket() as unheard:
            unheard.bind(("127.0.0.1", 0))
            with pytest.raises(ConnectionRefusedError):
                await streams.open_connection(*unheard.getsockname())
        with pytest.raises(ValueError, match="Limit cannot be <= 0"):
            await streams.open_connection("127.0.0.1", 1, limit=0)
        with pytest.raises(TypeError):
            await streams.open_connection("127.0.0.1", 1, nonsense=1)

    run(main())


def test_a_server_of_sockets_made_elsewhere(streams, run):
    async def main():
        listener = socket.create_server(("127.0.0.1", 0))
        async with serving(streams, echo, sock=listener, limit=1000) as address:
            reader, writer = await streams.open_connection(*address)
            writer.write(b"hello\n")
            assert await reader.readline() == b"hello\n"
            await close(writer)

    run(main())


def test_streams_of_both_makes_understand_each_other(loop, run, only_ours):
    async def main():
        for server_of, client_of in ((asyncio, only_ours), (only_ours, asyncio)):
            async with serving(server_of, echo) as address:
                reader, writer = await client_of.open_connection(*address)
                writer.write(b"hello\n")
                assert await reader.readline() == b"hello\n"
                # Each library's writer takes the other's reader.
                others = [
                    library.StreamWriter(writer.transport, writer._protocol, reader, loop)
                    for library in (asyncio, only_ours)
                ]
                for other in others:
                    await other.drain()
                writer.close()
                for other in others:
                    await other.wait_closed()

    run(main())


def test_100_clients_at_once(streams, run):
    async def ask(address, message):
        reader, writer = await streams.open_connection(*address)
        writer.write(message)
        writer.write_eof()
        answer = await reader.read()
        await close(writer)
        return answer

    async def main():
        async with serving(streams, echo) as address:
            messages = [b"%d," % number * 500 for number in range(100)]
            assert await asyncio.gather(*(ask(address, message) for message in messages)) == messages

    run(main())
