"""`connect_read_pipe`: what is written reaches the protocol, in order, and then the end."""

import asyncio
import contextvars
import errno
import gc
import io
import logging
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest

import ouroloop.asyncio

from .peers import eventually, run, turns
from .pipes import KINDS, PipeProtocol, open_ends, reading

Loop = asyncio.AbstractEventLoop


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_arrive_in_order_and_then_the_end(loop: Loop, tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        async with reading(kind, tmp_path) as (transport, protocol, writer):
            assert protocol.transport is transport
            for number in range(10):
                writer.write(b"%d," % number)
                await turns()
            await eventually(lambda: len(protocol.received) == 20)
            writer.close()
            await protocol.lost
            assert protocol.received == b"0,1,2,3,4,5,6,7,8,9,"

    run(loop, main())


@pytest.mark.parametrize("kind", ["pipe", "FIFO", "socket"])
def test_end_of_the_stream_is_told_and_then_the_loss(loop: Loop, tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        async with reading(kind, tmp_path) as (transport, protocol, writer):
            writer.close()
            assert await protocol.lost is None
            assert protocol.calls == ["connection_made", "eof_received", "connection_lost"]
            assert transport.is_closing()
            await turns()
            assert transport.get_extra_info("pipe").closed

    run(loop, main())


@pytest.mark.exact_calls
def test_what_has_arrived_is_read_before_what_the_waiting_code_calls_soon(loop: Loop) -> None:
    async def first_seen() -> bytes:
        reader, writer = os.pipe()
        os.write(writer, b"early")
        transport, protocol = await loop.connect_read_pipe(PipeProtocol, os.fdopen(reader, "rb", 0))
        seen: list[bytes] = []
        loop.call_soon(lambda: seen.append(bytes(protocol.received)))
        await turns()
        os.close(writer)
        transport.close()
        await protocol.lost
        return seen[0]

    async def main() -> None:
        assert [await first_seen() for _ in range(20)] == [b"early"] * 20

    run(loop, main())


def test_terminal_whose_other_side_is_gone_ends_with_its_error(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        async with reading("terminal", tmp_path) as (_, protocol, writer):
            writer.close()
            error = await protocol.lost
            assert isinstance(error, OSError)
            assert error.errno == errno.EIO
            assert protocol.calls == ["connection_made", "connection_lost"]

    run(loop, main())


def test_much_data_arrives_whole(loop: Loop, tmp_path: Path) -> None:
    data = os.urandom(1 << 21)

    async def main() -> None:
        async with reading("pipe", tmp_path) as (_, protocol, writer):
            os.set_blocking(writer.fileno(), False)
            sent = 0

            def feed() -> bool:
                nonlocal sent
                sent += writer.write(data[sent:]) or 0
                return sent == len(data)

            await eventually(feed)
            await eventually(lambda: len(protocol.received) == len(data))
            assert protocol.received == data

    run(loop, main())


def test_pausing_stops_the_bytes_and_resuming_brings_them(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        async with reading("pipe", tmp_path) as (transport, protocol, writer):
            assert transport.is_reading()
            transport.pause_reading()
            transport.pause_reading()
            assert not transport.is_reading()
            writer.write(b"later")
            await turns(10)
            assert not protocol.received
            transport.resume_reading()
            transport.resume_reading()
            assert transport.is_reading()
            await eventually(lambda: protocol.received == b"later")

    run(loop, main())


def test_pausing_in_connection_made_reads_nothing(loop: Loop, tmp_path: Path) -> None:
    class Pausing(PipeProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.transport.pause_reading()

    async def main() -> None:
        async with reading("pipe", tmp_path, Pausing) as (transport, protocol, writer):
            writer.write(b"data")
            await turns(10)
            assert not protocol.received
            transport.resume_reading()
            await eventually(lambda: protocol.received == b"data")

    run(loop, main())


def test_pausing_and_closing_after_the_end_change_nothing(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        async with reading("pipe", tmp_path) as (transport, protocol, writer):
            writer.close()
            await protocol.lost
            transport.pause_reading()
            transport.resume_reading()
            transport.close()
            transport.close()
            await turns()
            assert protocol.calls.count("connection_lost") == 1
            assert not transport.is_reading()

    run(loop, main())


def test_closing_drops_what_was_not_read(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        async with reading("pipe", tmp_path) as (transport, protocol, writer):
            writer.write(b"unread")
            transport.close()
            assert transport.is_closing()
            assert await protocol.lost is None
            assert not protocol.received
            assert "eof_received" not in protocol.calls
            with pytest.raises(BrokenPipeError):
                writer.write(b"more")

    run(loop, main())


def test_closing_inside_data_received_ends_it(loop: Loop, tmp_path: Path) -> None:
    class Closing(PipeProtocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self.transport.close()

    async def main() -> None:
        async with reading("pipe", tmp_path, Closing) as (_, protocol, writer):
            writer.write(b"once")
            assert await protocol.lost is None
            assert protocol.received == b"once"

    run(loop, main())


def test_failure_of_data_received_is_reported_and_the_pipe_goes_on(
    loop: Loop, tmp_path: Path, capture_errors: list[dict[str, Any]]
) -> None:
    class Failing(PipeProtocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if data == b"bad":
                raise ZeroDivisionError

    async def main() -> None:
        async with reading("pipe", tmp_path, Failing) as (_, protocol, writer):
            writer.write(b"bad")
            await eventually(lambda: capture_errors)
            writer.write(b"good")
            await eventually(lambda: protocol.received == b"badgood")
            assert not protocol.lost.done()

    run(loop, main())
    assert len(capture_errors) == 1
    assert isinstance(capture_errors[0]["exception"], ZeroDivisionError)


def test_new_protocol_gets_what_arrives_from_then_on(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        async with reading("pipe", tmp_path) as (transport, first, writer):
            second = PipeProtocol()
            assert transport.get_protocol() is first
            transport.set_protocol(second)
            assert transport.get_protocol() is second
            writer.write(b"data")
            await eventually(lambda: second.received == b"data")
            writer.close()
            await second.lost
            assert first.calls == ["connection_made"]

    run(loop, main())


def test_callbacks_run_in_the_context_that_connected(loop: Loop, tmp_path: Path) -> None:
    variable = contextvars.ContextVar("variable", default="outside")
    seen = []

    class Looking(PipeProtocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            seen.append(variable.get())

        def connection_lost(self, exc: BaseException | None) -> None:
            seen.append(variable.get())
            super().connection_lost(exc)

    async def main() -> None:
        variable.set("inside")
        async with reading("pipe", tmp_path, Looking) as (_, protocol, writer):
            variable.set("changed")
            writer.write(b"data")
            await eventually(lambda: seen)
            writer.close()
            await protocol.lost

    run(loop, main())
    assert seen == ["inside", "inside"]


def test_transport_answers_as_asyncio_says(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        with open_ends("pipe", tmp_path) as (reader, _writer):
            transport, protocol = await loop.connect_read_pipe(PipeProtocol, reader)
            assert isinstance(transport, asyncio.ReadTransport)
            assert not isinstance(transport, asyncio.WriteTransport)
            assert transport.get_extra_info("pipe") is reader
            assert transport.get_extra_info("socket") is None
            assert transport.get_extra_info("socket", 7) == 7
            assert not os.get_blocking(reader.fileno())
            assert f"fd={reader.fileno()} polling" in repr(transport)
            transport.pause_reading()
            assert "idle" in repr(transport)
            transport.close()
            assert "closing" in repr(transport)
            await protocol.lost
            await turns()
            assert "closed" in repr(transport)
            assert reader.closed

    run(loop, main())


def test_regular_file_is_refused_and_stays_open(loop: Loop) -> None:
    with tempfile.TemporaryFile() as file:
        with pytest.raises(ValueError, match=r"^Pipe transport is for pipes/sockets only\.$"):
            run(loop, loop.connect_read_pipe(asyncio.Protocol, file))
        assert not file.closed


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("wrong", [None, 7, "name"])
def test_what_is_no_file_is_refused(loop: Loop, wrong: Any) -> None:
    """The standard library refuses it too, and fails again when it drops what it has made of it."""
    with pytest.raises(AttributeError, match="fileno"):
        run(loop, loop.connect_read_pipe(asyncio.Protocol, wrong))


@pytest.mark.only_ouroloop
def test_closed_file_is_refused(loop: Loop, tmp_path: Path) -> None:
    with open_ends("pipe", tmp_path) as (reader, _writer):
        reader.close()
        with pytest.raises(ValueError, match="closed"):
            run(loop, loop.connect_read_pipe(asyncio.Protocol, reader))


def test_cancelled_connecting_closes_the_pipe(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        with open_ends("pipe", tmp_path) as (reader, _writer):
            task = loop.create_task(loop.connect_read_pipe(PipeProtocol, reader))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await turns()
            assert reader.closed

    run(loop, main())


def test_transport_that_is_dropped_unclosed_warns_and_closes(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        with open_ends("pipe", tmp_path) as (reader, _writer):
            transport, _ = await loop.connect_read_pipe(asyncio.Protocol, reader)
            transport.pause_reading()
            text = f"unclosed transport <{type(transport).__name__} fd={reader.fileno()} "
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                del transport, _
                gc.collect()
            assert [str(each.message)[: len(text)] for each in caught] == [text]
            assert caught[0].category is ResourceWarning
            assert reader.closed

    run(loop, main())


def test_debug_mode_tells_what_happens(
    loop: Loop, tmp_path: Path, asyncio_log: list[logging.LogRecord]
) -> None:
    loop.set_debug(True)

    async def main() -> None:
        async with reading("pipe", tmp_path) as (transport, protocol, writer):
            transport.pause_reading()
            transport.resume_reading()
            writer.close()
            await protocol.lost

    run(loop, main())
    told = [record.getMessage() for record in asyncio_log]
    for text in ("Read pipe ", "pauses reading", "resumes reading", "was closed by peer"):
        assert any(text in line for line in told), (text, told)


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_device_that_never_blocks_is_read_although_no_poller_watches_it(loop: Loop, device: str) -> None:
    """epoll refuses such devices, and programs are started with /dev/null as their input all the time."""

    async def main() -> None:
        transport, protocol = await loop.connect_read_pipe(PipeProtocol, io.FileIO(device))
        if device == "/dev/null":
            assert await protocol.lost is None
            assert protocol.calls == ["connection_made", "eof_received", "connection_lost"]
            return
        await eventually(lambda: len(protocol.received) >= 1 << 20)
        assert not protocol.received.strip(b"\0")
        transport.pause_reading()
        count = len(protocol.received)
        await turns()
        assert len(protocol.received) == count
        transport.resume_reading()
        await eventually(lambda: len(protocol.received) > count)
        transport.close()
        assert await protocol.lost is None

    run(loop, main())


@pytest.mark.only_ouroloop
def test_one_descriptor_can_be_read_and_written(loop: Loop, tmp_path: Path) -> None:
    """A terminal, or a socket, that the program has as one file object."""

    async def main() -> None:
        with open_ends("socket", tmp_path) as (near, far):
            read_transport, reader = await loop.connect_read_pipe(PipeProtocol, near)
            write_transport, writer = await loop.connect_write_pipe(PipeProtocol, near)
            os.write(far.fileno(), b"in")
            await eventually(lambda: reader.received == b"in")
            write_transport.write(b"out")
            assert os.read(far.fileno(), 10) == b"out"
            os.write(far.fileno(), b" and in")
            await eventually(lambda: reader.received == b"in and in")
            assert not writer.lost.done()
            write_transport.close()
            assert await writer.lost is None
            read_transport.close()
            assert await reader.lost is None

    run(loop, main())


@pytest.mark.only_ouroloop
def test_loop_that_is_closed_refuses_and_leaves_the_pipe_open(loop: Loop, tmp_path: Path) -> None:
    async def main(reader: Any) -> None:
        await closed.connect_read_pipe(asyncio.Protocol, reader)

    closed = type(loop)()
    closed.close()
    with open_ends("pipe", tmp_path) as (reader, _):
        with pytest.raises(RuntimeError, match="Event loop is closed"):
            run(loop, main(reader))
        assert not reader.closed


@pytest.mark.parametrize("streams", ["asyncio", "ouroloop"])
def test_stream_reader_reads_a_pipe(loop: Loop, tmp_path: Path, streams: str) -> None:
    async def main() -> None:
        library: Any = asyncio if streams == "asyncio" else ouroloop.asyncio
        data = os.urandom(1 << 20)
        with open_ends("pipe", tmp_path) as (read_file, write_file):
            reader = library.StreamReader(limit=1000)
            protocol = library.StreamReaderProtocol(reader)
            transport, _ = await loop.connect_read_pipe(lambda: protocol, read_file)
            writer, _ = await loop.connect_write_pipe(PipeProtocol, write_file)
            writer.write(b"line\n" + data)
            writer.close()
            assert await reader.readline() == b"line\n"
            assert await reader.readexactly(1000) == data[:1000]
            other = library.StreamReader()
            transport.set_protocol(library.StreamReaderProtocol(other))
            head = await reader.read(1 << 20)
            assert data[1000:].startswith(head)
            reader.feed_eof()
            head += await reader.read()
            assert head + await other.read() == data[1000:]
            await turns()

    run(loop, main())
