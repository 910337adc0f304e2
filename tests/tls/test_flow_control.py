"""Back-pressure through TLS, both ways, and what a connection keeps while it waits."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from .peers import EchoProtocol, RecordingProtocol, connected, eventually, run, turns

MEGABYTE = 1_000_000


def use_small_buffers(transport: Any) -> None:
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, 16384)


def test_writer_is_paused_and_resumed(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context, far=RecordingProtocol) as ends:
            ends.far.transport.pause_reading()
            calls = ends.near.calls
            total = 0
            # More than one pause is one that a system call which failed at random has brought about.
            while calls.count("pause_writing") == calls.count("resume_writing"):
                ends.transport.write(bytes(MEGABYTE))
                total += MEGABYTE
                await asyncio.sleep(0)
            assert ends.transport.get_write_buffer_size() > 512 * 1024
            ends.far.transport.resume_reading()
            await eventually(lambda: len(ends.far.received) == total)
            await eventually(lambda: calls.count("pause_writing") == calls.count("resume_writing"))
            assert ends.transport.get_write_buffer_size() == 0

    run(loop, main())


def test_order_is_kept_through_back_pressure(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context, far=RecordingProtocol) as ends:
            use_small_buffers(ends.transport)
            parts = [bytes([number % 256]) * (number * 977 % 70_000 + 1) for number in range(300)]
            for number, part in enumerate(parts):
                ends.transport.write(part if number % 3 else bytearray(part))
                if number % 50 == 0:
                    await turns()
            expected = b"".join(parts)
            assert await ends.far.receive(len(expected)) == expected

    run(loop, main())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (128 * 1024, 512 * 1024)),
        ({"high": 100}, (25, 100)),
        ({"low": 100}, (100, 400)),
        ({"high": 100, "low": 1}, (1, 100)),
        ({"high": 0}, (0, 0)),
    ],
)
def test_water_marks_are_set(loop, server_context, client_context, given, expected):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            ends.transport.set_write_buffer_limits(**given)
            assert ends.transport.get_write_buffer_limits() == expected
            with pytest.raises(ValueError, match=r"^high \(1\) must be >= low \(2\) must be >= 0$"):
                ends.transport.set_write_buffer_limits(1, 2)

    run(loop, main())


def test_paused_reader_gets_nothing_until_it_reads_again(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            ends.transport.pause_reading()
            ends.transport.pause_reading()
            assert not ends.transport.is_reading()
            ends.transport.write(b"hello")
            await eventually(lambda: ends.far.received)
            await asyncio.sleep(0.05)
            assert not ends.near.received
            ends.transport.resume_reading()
            assert ends.transport.is_reading()
            assert await ends.near.receive(5) == b"hello"

    run(loop, main())


def test_reader_that_pauses_in_a_callback_gets_the_rest_later(loop, server_context, client_context):
    class Pausing(RecordingProtocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self.transport.pause_reading()

    async def main() -> None:
        async with await connected(server_context, client_context, near=Pausing) as ends:
            ends.transport.write(bytes(3 * MEGABYTE))
            while len(ends.near.received) < 3 * MEGABYTE:
                have = len(ends.near.received)
                await eventually(lambda have=have: len(ends.near.received) > have)  # type: ignore[misc]
                have = len(ends.near.received)
                await turns()
                assert len(ends.near.received) == have
                ends.transport.resume_reading()

    run(loop, main())


def test_paused_reader_keeps_a_bounded_part(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context, far=RecordingProtocol) as ends:
            ends.far.transport.pause_reading()
            ends.transport.write(bytes(30 * MEGABYTE))
            size = None
            while size != (size := (ends.transport.get_write_buffer_size())):
                await asyncio.sleep(0.1)
            assert ends.far.transport.get_read_buffer_size() <= 768 * 1024
            assert not ends.far.transport.is_closing()
            ends.far.transport.resume_reading()
            assert len(await ends.far.receive(30 * MEGABYTE)) == 30 * MEGABYTE
            assert ends.far.transport.get_read_buffer_size() < 64 * 1024

    run(loop, main())


IDLE_CONNECTIONS = """
import asyncio, gc, ssl, sys

async def main(certificate, key, authority):
    loop = asyncio.get_running_loop()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificate, key)
    client_context = ssl.create_default_context(cafile=authority)
    done = asyncio.Queue()

    class Sink(asyncio.Protocol):
        left = SIZE = 2_000_000
        def data_received(self, data):
            self.left -= len(data)
            if not self.left:
                done.put_nowait(None)

    server = await loop.create_server(Sink, "127.0.0.1", 0, ssl=server_context)
    address = server.sockets[0].getsockname()
    kept = []

    async def connect(count):
        for _ in range(count):
            transport, _ = await loop.create_connection(
                asyncio.Protocol, *address, ssl=client_context, server_hostname="localhost"
            )
            transport.write(bytes(Sink.SIZE))
            await done.get()
            kept.append(transport)
        gc.collect()
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * 4096

    before = await connect(10)
    after = await connect(50)
    print((after - before) // 50)
    for transport in kept:
        transport.abort()
    server.close()
    await asyncio.sleep(0.1)

loop = new_event_loop()
loop.run_until_complete(main(*sys.argv[1:]))
loop.close()
"""


@pytest.mark.only_ouroloop
def test_idle_connection_keeps_little_memory(run_script, certificate):
    arguments = [str(certificate.certificate), str(certificate.key), str(certificate.authority)]
    done = run_script(f"import sys\nsys.argv[1:] = {arguments!r}\n{IDLE_CONNECTIONS}")
    assert done.returncode == 0, done.stderr
    # Both ends, after two megabytes each: what OpenSSL keeps for itself, and nothing that grew with the transfer.
    assert int(done.stdout) < 400 * 1024


@pytest.mark.only_ouroloop
def test_zero_high_water_pauses_with_the_first_byte_that_waits(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context, far=RecordingProtocol) as ends:
            ends.far.transport.pause_reading()
            ends.transport.set_write_buffer_limits(0)
            ends.transport.write(b"goes out at once")
            assert "pause_writing" not in ends.near.calls
            ends.transport.write(bytes(30 * MEGABYTE))
            assert ends.near.calls[-1] == "pause_writing"
            ends.far.transport.resume_reading()
            await eventually(lambda: ends.near.calls[-1] == "resume_writing")
            assert ends.transport.get_write_buffer_size() == 0

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's gives one large write to the socket's queue and pauses nobody
def test_error_in_flow_control_callbacks_is_reported(loop, server_context, client_context, capture_errors):
    class Failing(RecordingProtocol):
        def pause_writing(self) -> None:
            raise ValueError("pause")

        def resume_writing(self) -> None:
            raise ValueError("resume")

    async def main() -> None:
        async with await connected(server_context, client_context, RecordingProtocol, Failing) as ends:
            ends.transport.write(bytes(30 * MEGABYTE))
            await ends.far.receive(30 * MEGABYTE)
            await eventually(lambda: len(capture_errors) == 2)
            assert [each["message"] for each in capture_errors] == [
                "protocol.pause_writing() failed",
                "protocol.resume_writing() failed",
            ]
            assert ends.near.calls == ["connection_made"]

    run(loop, main())


class Buffered(asyncio.BufferedProtocol):
    """Reads into a buffer of a given size."""

    size = 1000

    def __init__(self) -> None:
        self.buffer = bytearray(self.size)
        self.received = bytearray()
        self.hints: list[int] = []
        self.lost: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    def get_buffer(self, sizehint: int) -> Any:
        self.hints.append(sizehint)
        return memoryview(self.buffer)

    def buffer_updated(self, nbytes: int) -> None:
        assert 0 < nbytes <= len(self.buffer)
        self.received += self.buffer[:nbytes]

    def connection_lost(self, exc: BaseException | None) -> None:
        self.lost.set_result(exc)


@pytest.mark.parametrize("size", [1, 1000, 16384, 20_000, 300_000])
def test_protocol_with_its_own_buffer_gets_every_byte(loop, server_context, client_context, size):
    class Sized(Buffered):
        pass

    Sized.size = size
    count = min(MEGABYTE, size * 300)

    async def main() -> None:
        async with await connected(server_context, client_context, EchoProtocol, Sized) as ends:
            data = (bytes(range(256)) * (count // 256 + 1))[:count]
            ends.transport.write(data)
            await eventually(lambda: len(ends.near.received) == count)
            assert ends.near.received == data

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's reads into a copy of the buffer from the second record on
def test_buffer_may_be_a_bytearray(loop, server_context, client_context):
    class Plain(Buffered):
        size = 300_000

        def get_buffer(self, sizehint: int) -> Any:
            return self.buffer

    async def main() -> None:
        async with await connected(server_context, client_context, EchoProtocol, Plain) as ends:
            data = bytes(range(256)) * 1000
            ends.transport.write(data)
            await eventually(lambda: len(ends.near.received) == len(data))
            assert ends.near.received == data

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's takes an empty buffer for the end of the stream
def test_empty_buffer_ends_the_connection(loop, server_context, client_context, capture_errors):
    class Empty(Buffered):
        size = 0

    async def main() -> None:
        async with await connected(server_context, client_context, EchoProtocol, Empty) as ends:
            ends.transport.write(b"hello")
            assert isinstance(await ends.near.lost, RuntimeError)

    run(loop, main())
    assert str(capture_errors[0]["exception"]) == "get_buffer() returned an empty buffer"


@pytest.mark.only_ouroloop  # the standard library's does so too, and then leaves its socket in a cycle
@pytest.mark.parametrize(
    "buffer", [b"bytes", memoryview(b"read-only"), "text"], ids=["bytes", "read-only", "text"]
)
def test_buffer_that_cannot_be_written_to_ends_the_connection(
    loop, server_context, client_context, capture_errors, buffer
):
    class Unwritable(Buffered):
        def get_buffer(self, sizehint: int) -> Any:
            return buffer

    async def main() -> None:
        async with await connected(server_context, client_context, EchoProtocol, Unwritable) as ends:
            ends.transport.write(b"hello")
            assert isinstance(await ends.near.lost, TypeError)

    run(loop, main())
    expected = f"read() argument 2 must be read-write bytes-like object, not {type(buffer).__name__}"
    assert str(capture_errors[0]["exception"]) == expected
    assert capture_errors[0]["message"] == "Fatal error on SSL protocol"


@pytest.mark.exact_calls
def test_marks_below_what_was_just_written_pause_nobody(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context, EchoProtocol, RecordingProtocol) as ends:
            ends.transport.write(b"x" * 1171)
            ends.transport.set_write_buffer_limits(high=200)
            await asyncio.sleep(0)
            assert not {"pause_writing", "resume_writing"} & set(ends.near.calls)

    run(loop, main())


def test_protocol_is_changed_for_one_with_a_buffer_and_back(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            first, second = ends.near, Buffered()
            ends.transport.write(b"one")
            assert await first.receive(3) == b"one"
            ends.transport.set_protocol(second)
            assert ends.transport.get_protocol() is second
            ends.transport.write(b"two")
            await eventually(lambda: second.received == b"two")
            ends.transport.set_protocol(first)
            ends.transport.write(b"three")
            assert await first.receive(5) == b"three"

    run(loop, main())
