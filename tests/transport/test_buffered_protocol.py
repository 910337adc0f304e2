"""Protocols that hand the transport their own buffer to read into."""

import array
import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from .peers import RecordingProtocol, connection, eventually, run, turns

Loop = asyncio.AbstractEventLoop


class BufferedRecording(asyncio.BufferedProtocol):
    """Reads through one buffer of `size` bytes and writes down each callback."""

    def __init__(self, size: int = 1 << 16) -> None:
        self.buffer: Any = bytearray(size)
        self.calls: list[str] = []
        self.sizehints: list[int] = []
        self.counts: list[int] = []
        self.received = bytearray()
        self.transport: Any = None
        self.lost: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.calls.append("connection_made")
        self.transport = transport

    def get_buffer(self, sizehint: int) -> Any:
        self.sizehints.append(sizehint)
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.calls.append("buffer_updated")
        self.counts.append(nbytes)
        self.received += memoryview(self.buffer).cast("B")[:nbytes]

    def eof_received(self) -> bool | None:
        self.calls.append("eof_received")
        return None

    def connection_lost(self, exc: BaseException | None) -> None:
        self.calls.append("connection_lost")
        self.lost.set_result(exc)


def test_bytes_are_read_into_the_protocols_buffer(loop: Loop) -> None:
    async def main() -> None:
        async with connection(BufferedRecording) as (_, protocol, peer):
            await peer.send(b"into the buffer")
            peer.finish_writing()
            assert await protocol.lost is None
            assert protocol.received == b"into the buffer"
            assert protocol.calls == ["connection_made", "buffer_updated", "eof_received", "connection_lost"]
            assert protocol.counts == [15]
            assert all(type(hint) is int and hint == -1 for hint in protocol.sizehints)

    run(loop, main())


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_small_buffer_is_filled_again_and_again(loop: Loop, size: int) -> None:
    data = bytes(range(256)) * (size * 3 // 64 + 1)

    async def main() -> None:
        async with connection(lambda: BufferedRecording(size)) as (_, protocol, peer):
            await peer.send(data)
            peer.finish_writing()
            assert await protocol.lost is None
            assert protocol.received == data
            assert max(protocol.counts) <= size

    run(loop, main())


@pytest.mark.parametrize(
    "make_buffer",
    [
        lambda: bytearray(64),
        lambda: memoryview(bytearray(64)),
        lambda: memoryview(bytearray(128))[32:96],
        lambda: array.array("B", bytes(64)),
        lambda: memoryview(bytearray(64)).cast("I"),
    ],
    ids=["bytearray", "view", "slice", "array", "view-of-ints"],
)
def test_any_writable_contiguous_buffer_will_do(loop: Loop, make_buffer: Callable[[], Any]) -> None:
    async def main() -> None:
        async with connection(BufferedRecording) as (_, protocol, peer):
            protocol.buffer = make_buffer()
            await peer.send(b"twelve bytes")
            await eventually(lambda: len(protocol.received) >= 12)
            assert protocol.received == b"twelve bytes"

    run(loop, main())


@pytest.mark.parametrize(
    "buffer",
    [b"bytes", memoryview(b"read-only"), memoryview(bytearray(10))[::2], "text", [1]],
    ids=["bytes", "read-only", "strided", "text", "list"],
)
def test_a_buffer_that_cannot_be_written_to_ends_the_connection(
    loop: Loop, capture_errors: list[dict[str, Any]], buffer: Any
) -> None:
    async def main() -> None:
        async with connection(BufferedRecording) as (_, protocol, peer):
            protocol.buffer = buffer
            await peer.send(b"x")
            error = await protocol.lost
            assert type(error) is TypeError
            assert str(error) == (
                f"recv_into() argument 1 must be read-write bytes-like object, not {type(buffer).__name__}"
            )
            [context] = capture_errors
            assert context["message"] == "Fatal read error on socket transport"
            assert context["exception"] is error

    run(loop, main())


def test_the_transport_has_let_go_of_the_buffer_when_it_says_it_is_filled(loop: Loop) -> None:
    class Resizes(BufferedRecording):
        def buffer_updated(self, nbytes: int) -> None:
            super().buffer_updated(nbytes)
            del self.buffer[:nbytes]  # raises BufferError while somebody exports it
            self.buffer.extend(bytes(100))

    async def main() -> None:
        async with connection(lambda: Resizes(10)) as (_, protocol, peer):
            for _ in range(5):
                await peer.send(b"0123456789")
            await eventually(lambda: len(protocol.received) >= 50)
            assert protocol.received == b"0123456789" * 5

    run(loop, main())


@pytest.mark.exact_calls
def test_pausing_in_buffer_updated_stops_the_bytes_that_are_already_there(loop: Loop) -> None:
    class PausesAtOnce(BufferedRecording):
        def buffer_updated(self, nbytes: int) -> None:
            super().buffer_updated(nbytes)
            self.transport.pause_reading()

    async def main() -> None:
        async with connection(lambda: PausesAtOnce(10)) as (transport, protocol, peer):
            await peer.send(b"x" * 30)
            for times in (1, 2, 3):
                await eventually(lambda count=times: len(protocol.counts) >= count)
                await turns()
                assert protocol.counts == [10] * times
                transport.resume_reading()

    run(loop, main())


class FailsIn(BufferedRecording):
    """Raises in one of its callbacks."""

    def __init__(self, callback: str) -> None:
        super().__init__()
        self.callback = callback
        self.error = ArithmeticError(callback)

    def get_buffer(self, sizehint: int) -> Any:
        if self.callback == "get_buffer":
            raise self.error
        return super().get_buffer(sizehint)

    def buffer_updated(self, nbytes: int) -> None:
        super().buffer_updated(nbytes)
        if self.callback == "buffer_updated":
            raise self.error


@pytest.mark.parametrize("callback", ["get_buffer", "buffer_updated"])
def test_an_error_in_a_callback_is_reported_and_ends_the_connection(
    loop: Loop, capture_errors: list[dict[str, Any]], callback: str
) -> None:
    async def main() -> None:
        async with connection(lambda: FailsIn(callback)) as (transport, protocol, peer):
            await peer.send(b"x")
            assert await protocol.lost is protocol.error
            [context] = capture_errors
            assert context["message"] == f"Fatal error: protocol.{callback}() call failed."
            assert context["exception"] is protocol.error
            assert context["transport"] is transport
            assert context["protocol"] is protocol

    run(loop, main())


@pytest.mark.parametrize("empty", [b"", bytearray(), memoryview(b"")], ids=["bytes", "bytearray", "view"])
def test_an_empty_buffer_is_an_error(loop: Loop, capture_errors: list[dict[str, Any]], empty: Any) -> None:
    async def main() -> None:
        async with connection(BufferedRecording) as (_, protocol, peer):
            protocol.buffer = empty
            await peer.send(b"x")
            error = await protocol.lost
            assert type(error) is RuntimeError
            assert str(error) == "get_buffer() returned an empty buffer"
            [context] = capture_errors
            assert context["message"] == "Fatal error: protocol.get_buffer() call failed."
            assert context["exception"] is error

    run(loop, main())


@pytest.mark.parametrize("wrong", [None, 5, b"read only", "text"], ids=repr)
def test_what_cannot_be_written_to_is_an_error_of_the_connection(
    loop: Loop, capture_errors: list[dict[str, Any]], wrong: Any
) -> None:
    async def main() -> None:
        async with connection(BufferedRecording) as (transport, protocol, peer):
            protocol.buffer = wrong
            await peer.send(b"x")
            error = await protocol.lost
            assert isinstance(error, TypeError | BufferError)
            [context] = capture_errors
            assert context["message"] in (
                "Fatal error: protocol.get_buffer() call failed.",
                "Fatal read error on socket transport",
            )
            assert context["exception"] is error
            assert context["transport"] is transport
            assert context["protocol"] is protocol
            assert "buffer_updated" not in protocol.calls

    run(loop, main())


class TurnsBuffered(RecordingProtocol):
    """Hands its connection over on the first bytes."""

    def __init__(self, successor: asyncio.BaseProtocol) -> None:
        super().__init__()
        self.successor = successor

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        assert self.transport is not None
        self.transport.set_protocol(self.successor)


class TurnsPlain(BufferedRecording):
    def __init__(self, successor: asyncio.BaseProtocol) -> None:
        super().__init__()
        self.successor = successor

    def buffer_updated(self, nbytes: int) -> None:
        super().buffer_updated(nbytes)
        self.transport.set_protocol(self.successor)


def test_a_transport_can_change_to_a_buffered_protocol_and_back(loop: Loop) -> None:
    async def main() -> None:
        last = RecordingProtocol()
        middle = TurnsPlain(last)
        async with connection(lambda: TurnsBuffered(middle)) as (transport, first, peer):
            middle.transport = transport
            for protocol, data in ((first, b"one"), (middle, b"two"), (last, b"three")):
                assert transport.get_protocol() is protocol
                await peer.send(data)
                await eventually(lambda protocol=protocol, data=data: protocol.received == data)
            peer.close()
            assert await last.lost is None
            assert first.calls == ["connection_made", "data_received"]
            assert middle.calls == ["buffer_updated"]
            assert last.calls == ["data_received", "eof_received", "connection_lost"]

    run(loop, main())
