"""The standard library's streams, unchanged, on every loop."""

import asyncio
import contextlib
import hashlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

Loop = asyncio.AbstractEventLoop
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Handler = Callable[[Reader, Writer], Awaitable[None]]


def run(loop: Loop, main: Any) -> Any:
    return loop.run_until_complete(asyncio.wait_for(main, 20))


@contextlib.asynccontextmanager
async def serving(handler: Handler, **options: Any) -> AsyncIterator[tuple[str, int]]:
    """Serve `handler` on a free port; every handler has ended when the block is left."""
    handling: set[asyncio.Task[None]] = set()

    async def handle(reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        handling.add(task)
        try:
            await handler(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, **options)
    try:
        yield server.sockets[0].getsockname()
    finally:
        server.close()
        if handling:
            await asyncio.wait(handling)


async def echo(reader: Reader, writer: Writer) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


async def converse(address: tuple[str, int], message: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(message)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def test_an_echo_over_streams(loop: Loop) -> None:
    async def main() -> None:
        async with serving(echo) as address:
            assert await converse(address, b"hello") == b"hello"
            assert await converse(address, b"") == b""

    run(loop, main())


def test_megabytes_pass_both_ways_under_back_pressure(loop: Loop) -> None:
    data = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(1 << 17))

    async def main() -> None:
        async with serving(echo) as address:
            reader, writer = await asyncio.open_connection(*address)

            async def send() -> None:
                for start in range(0, len(data), 100_000):
                    writer.write(data[start : start + 100_000])
                    await writer.drain()
                writer.write_eof()

            sending = asyncio.ensure_future(send())
            received = await reader.read()
            await sending
            assert hashlib.sha256(received).digest() == hashlib.sha256(data).digest()
            writer.close()
            await writer.wait_closed()

    run(loop, main())


def test_100_clients_at_once(loop: Loop) -> None:
    async def main() -> None:
        async with serving(echo) as address:
            messages = [b"%d," % number * 500 for number in range(100)]
            assert await asyncio.gather(*(converse(address, message) for message in messages)) == messages

    run(loop, main())


def test_lines_counts_and_separators_are_cut_from_the_stream(loop: Loop) -> None:
    async def handler(reader: Reader, writer: Writer) -> None:
        for piece in (b"first l", b"ine\nsecond line\n", b"exact", b"ly9until;", b"x;y;rest"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)

    async def main() -> None:
        async with serving(handler) as address:
            reader, writer = await asyncio.open_connection(*address)
            assert await reader.readline() == b"first line\n"
            assert await reader.readline() == b"second line\n"
            assert await reader.readexactly(9) == b"exactly9u"
            assert await reader.readuntil(b";") == b"ntil;"
            assert await reader.readuntil(b";y") == b"x;y"
            assert await reader.readexactly(0) == b""
            assert await reader.read() == b";rest"
            assert reader.at_eof()
            writer.close()
            await writer.wait_closed()

    run(loop, main())


def test_async_iteration_over_lines(loop: Loop) -> None:
    async def handler(reader: Reader, writer: Writer) -> None:
        writer.writelines([b"one\n", b"two\n", b"three"])

    async def main() -> None:
        async with serving(handler) as address:
            reader, writer = await asyncio.open_connection(*address)
            assert [line async for line in reader] == [b"one\n", b"two\n", b"three"]
            writer.close()
            await writer.wait_closed()

    run(loop, main())


def test_a_stream_that_ends_too_early_gives_what_there_was(loop: Loop) -> None:
    async def handler(reader: Reader, writer: Writer) -> None:
        writer.write(b"short")

    async def main() -> None:
        async with serving(handler) as address:
            for read in (lambda reader: reader.readexactly(10), lambda reader: reader.readuntil(b"\n")):
                reader, writer = await asyncio.open_connection(*address)
                with pytest.raises(asyncio.IncompleteReadError) as error:
                    await read(reader)
                assert error.value.partial == b"short"
                writer.close()
                await writer.wait_closed()

    run(loop, main())


def test_a_line_beyond_the_limit_is_refused_and_the_stream_goes_on(loop: Loop) -> None:
    async def handler(reader: Reader, writer: Writer) -> None:
        writer.write(b"x" * 1000 + b"\nshort\n")

    async def main() -> None:
        async with serving(handler) as address:
            reader, writer = await asyncio.open_connection(*address, limit=100)
            with pytest.raises(asyncio.LimitOverrunError) as error:
                await reader.readuntil(b"\n")
            await reader.readexactly(error.value.consumed)
            while (line := await reader.readline()) != b"short\n":
                assert line.strip(b"x") == b"\n"
            writer.close()
            await writer.wait_closed()
            reader, writer = await asyncio.open_connection(*address, limit=100)
            with pytest.raises(ValueError, match="limit"):
                await reader.readline()
            writer.close()
            await writer.wait_closed()

    run(loop, main())


def test_a_reader_that_does_not_read_holds_the_writer_back(loop: Loop) -> None:
    drained: list[int] = []

    async def handler(reader: Reader, writer: Writer) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(bytes(1 << 20))
                await writer.drain()
                drained.append(1 << 20)

    async def main() -> None:
        async with serving(handler) as address:
            reader, writer = await asyncio.open_connection(*address, limit=1000)
            stalled = -1
            while stalled != len(drained):
                stalled = len(drained)
                await asyncio.sleep(0.05)
            assert len(drained) < 64, "writing goes on although nobody reads"
            while len(drained) == stalled:
                assert await reader.read(1 << 20)
            writer.transport.abort()

    run(loop, main())


def test_drain_and_wait_closed_tell_of_a_lost_connection(loop: Loop) -> None:
    async def main() -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            far = listener.accept()[0]
            far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            far.close()
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.write(b"anybody?")
            with pytest.raises(ConnectionResetError):
                await writer.drain()
            with pytest.raises(ConnectionResetError):
                await writer.wait_closed()

    run(loop, main())


def test_a_cancelled_read_leaves_the_bytes_for_the_next(loop: Loop) -> None:
    async def main() -> None:
        async with serving(echo) as address:
            reader, writer = await asyncio.open_connection(*address)
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(reader.readline(), 0.002)
            writer.write(b"after all\n")
            assert await reader.readline() == b"after all\n"
            writer.close()
            await writer.wait_closed()

    run(loop, main())


def test_an_error_in_a_handler_is_reported_and_closes_the_connection(
    loop: Loop, capture_errors: list[dict[str, Any]]
) -> None:
    async def handler(reader: Reader, writer: Writer) -> None:
        raise ArithmeticError("wrong")

    async def main() -> None:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        server.close()
        await asyncio.sleep(0)

    run(loop, main())
    assert [type(context["exception"]) for context in capture_errors] == [ArithmeticError]
    assert capture_errors[0]["message"] == "Unhandled exception in client_connected_cb"


def test_a_refused_connection_is_an_error_of_open_connection(loop: Loop) -> None:
    async def main() -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(*sock.getsockname())

    run(loop, main())


@pytest.mark.exact_calls
def test_a_writer_knows_its_connection(loop: Loop) -> None:
    async def main() -> None:
        async with serving(echo) as address:
            _, writer = await asyncio.open_connection(*address)
            assert writer.get_extra_info("peername") == address
            assert writer.can_write_eof()
            assert not writer.is_closing()
            writer.close()
            assert writer.is_closing()
            await writer.wait_closed()

    run(loop, main())


@pytest.mark.exact_calls
def test_a_connected_socket_becomes_a_stream(loop: Loop) -> None:
    async def main() -> None:
        near, far = socket.socketpair()
        with far:
            reader, writer = await asyncio.open_connection(sock=near)
            far.send(b"hello\n")
            assert await reader.readline() == b"hello\n"
            writer.write(b"answer")
            await writer.drain()
            far.settimeout(5)
            await asyncio.sleep(0)
            assert far.recv(10) == b"answer"
            writer.close()
            await writer.wait_closed()

    run(loop, main())
