"""`connect_write_pipe`: bytes arrive once and in order, with back-pressure, and the reader's end is noticed."""

import asyncio
import gc
import io
import logging
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest

from .peers import eventually, run, turns
from .pipes import KINDS, PipeProtocol, open_ends, read_all, writing

Loop = asyncio.AbstractEventLoop


def block(transport: Any) -> bytes:
    """Write until bytes wait in the transport; return all that was written."""
    written = bytearray()
    while not transport.get_write_buffer_size():
        chunk = os.urandom(1 << 18)
        transport.write(chunk)
        written += chunk
    return bytes(written)


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_arrive_in_order(loop: Loop, tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        async with writing(kind, tmp_path) as (transport, protocol, reader):
            assert protocol.transport is transport
            transport.write(b"one ")
            transport.write(bytearray(b"two "))
            transport.write(memoryview(b"three "))
            transport.writelines([b"four ", b"", bytearray(b"five")])
            transport.write(b"")
            assert await read_all(reader, 23) == b"one two three four five"

    run(loop, main())


@pytest.mark.parametrize("method", ["is_reading", "pause_reading", "resume_reading"])
def test_reading_is_not_implemented(loop: Loop, tmp_path: Path, method: str) -> None:
    async def main() -> None:
        async with writing("pipe", tmp_path) as (transport, _, _):
            with pytest.raises(NotImplementedError):
                getattr(transport, method)()

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library leaves a transport behind
@pytest.mark.parametrize(
    ("number", "error", "text"),
    [
        (1.5, TypeError, "'float' object cannot be interpreted as an integer"),
        ("1", TypeError, "'str' object cannot be interpreted as an integer"),
        (1 << 40, OverflowError, "Python int too large to convert to C int"),
    ],
)
@pytest.mark.parametrize("method", ["connect_read_pipe", "connect_write_pipe"])
def test_descriptor_that_is_no_number_is_refused(
    loop: Loop, method: str, number: Any, error: type[Exception], text: str
) -> None:
    class Odd:
        def fileno(self) -> Any:
            return number

        def close(self) -> None: ...

    async def main() -> None:
        with pytest.raises(error) as raised:
            await getattr(loop, method)(PipeProtocol, Odd())
        assert str(raised.value) == text

    run(loop, main())


@pytest.mark.parametrize("kind", ["pipe", "FIFO", "socket"])
def test_close_writes_what_waits_and_then_ends_the_stream(loop: Loop, tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        async with writing(kind, tmp_path) as (transport, protocol, reader):
            written = block(transport)
            transport.write(b"the end")
            transport.close()
            transport.close()
            assert transport.is_closing()
            await turns()
            assert not protocol.lost.done()
            assert await read_all(reader) == written + b"the end"
            assert await protocol.lost is None
            assert protocol.calls.count("connection_lost") == 1

    run(loop, main())


def test_mutable_buffer_may_change_after_the_write(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        async with writing("pipe", tmp_path) as (transport, _, reader):
            written = block(transport)
            data = bytearray(b"first")
            transport.write(data)
            data[:] = b"later"
            transport.write(memoryview(data)[::1])
            transport.close()
            assert await read_all(reader) == written + b"firstlater"

    run(loop, main())


def test_end_of_file_closes_the_pipe(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        async with writing("pipe", tmp_path) as (transport, protocol, reader):
            assert transport.can_write_eof()
            transport.write(b"data")
            transport.write_eof()
            transport.write_eof()
            assert transport.is_closing()
            assert await protocol.lost is None
            assert await read_all(reader) == b"data"

    run(loop, main())


def test_abort_drops_what_waits(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        async with writing("pipe", tmp_path) as (transport, protocol, reader):
            written = block(transport)
            transport.abort()
            assert transport.is_closing()
            assert transport.get_write_buffer_size() == 0
            assert await protocol.lost is None
            assert len(await read_all(reader)) < len(written)

    run(loop, main())


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("first", ["close", "write_eof", "abort"])
@pytest.mark.parametrize("blocked", [False, True], ids=["idle", "blocked"])
def test_every_way_to_end_is_one_loss(loop: Loop, tmp_path: Path, first: str, blocked: bool) -> None:
    """The standard library calls `connection_lost` again when `abort` follows another end."""

    async def main() -> None:
        async with writing("pipe", tmp_path) as (transport, protocol, reader):
            if blocked:
                block(transport)
            getattr(transport, first)()
            transport.abort()
            transport.close()
            reader.close()
            assert await protocol.lost is None
            await turns()
            assert protocol.calls.count("connection_lost") == 1

    run(loop, main())


@pytest.mark.parametrize("kind", ["pipe", "FIFO", "socket"])
def test_end_of_the_reader_is_noticed_while_nothing_is_written(loop: Loop, tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        async with writing(kind, tmp_path) as (transport, protocol, reader):
            reader.close()
            assert await protocol.lost is None
            assert transport.is_closing()

    run(loop, main())


@pytest.mark.parametrize("kind", ["pipe", "FIFO", "socket"])
def test_reader_that_goes_while_bytes_wait_breaks_the_pipe(loop: Loop, tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        async with writing(kind, tmp_path) as (transport, protocol, reader):
            block(transport)
            reader.close()
            assert isinstance(await protocol.lost, BrokenPipeError | ConnectionResetError)
            assert transport.get_write_buffer_size() == 0

    run(loop, main())


def test_write_to_a_pipe_without_a_reader_breaks_it(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        async with writing("pipe", tmp_path) as (transport, protocol, reader):
            reader.close()
            transport.write(b"nobody reads this")
            assert isinstance(await protocol.lost, BrokenPipeError)
            await turns()
            assert protocol.calls == ["connection_made", "connection_lost"]

    run(loop, main())


def test_writes_after_the_end_go_nowhere_and_many_are_warned_of(
    loop: Loop, tmp_path: Path, asyncio_log: list[logging.LogRecord]
) -> None:
    async def main() -> None:
        async with writing("pipe", tmp_path) as (transport, protocol, reader):
            reader.close()
            transport.write(b"lost")
            for _ in range(4):
                transport.write(b"lost")
            warned = [record for record in asyncio_log if record.levelno == logging.WARNING]
            assert not warned
            transport.write(b"lost")
            assert isinstance(await protocol.lost, BrokenPipeError)

    run(loop, main())
    warned = [record for record in asyncio_log if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in warned] == [
        "pipe closed by peer or os.write(pipe, data) raised exception."
    ]


@pytest.mark.only_ouroloop
def test_bytes_that_come_the_other_way_are_no_end(loop: Loop, tmp_path: Path) -> None:
    """The standard library closes the transport when its socket can be read from."""

    async def main() -> None:
        async with writing("socket", tmp_path) as (transport, protocol, reader):
            os.write(reader.fileno(), b"unexpected")
            await turns(10)
            assert not protocol.lost.done()
            transport.write(b"data")
            assert await read_all(reader, 4) == b"data"
            pipe = transport.get_extra_info("pipe")
            assert os.read(pipe.fileno(), 100) == b"unexpected"

    run(loop, main())


@pytest.mark.only_ouroloop
def test_fifo_that_is_open_both_ways_is_not_ended_by_its_own_bytes(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        os.mkfifo(tmp_path / "fifo")
        both = io.FileIO(os.open(tmp_path / "fifo", os.O_RDWR), "w")
        transport, protocol = await loop.connect_write_pipe(PipeProtocol, both)
        transport.write(b"data")
        await turns(10)
        assert not protocol.lost.done()
        assert os.read(both.fileno(), 10) == b"data"
        transport.close()
        assert await protocol.lost is None

    run(loop, main())


def test_protocol_is_paused_and_resumed_at_the_water_marks(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        async with writing("pipe", tmp_path) as (transport, protocol, reader):
            assert transport.get_write_buffer_limits() == (16384, 65536)
            block(transport)
            assert protocol.calls == ["connection_made", "pause_writing"]
            transport.write(b"more")
            assert protocol.calls == ["connection_made", "pause_writing"]
            await read_all(reader, 1 << 17)
            waiting = transport.get_write_buffer_size()
            await read_all(reader, waiting)
            await eventually(lambda: not transport.get_write_buffer_size())
            assert protocol.calls == ["connection_made", "pause_writing", "resume_writing"]

    run(loop, main())


@pytest.mark.parametrize(
    ("arguments", "limits"),
    [
        ({"high": 1000}, (250, 1000)),
        ({"low": 1000}, (1000, 4000)),
        ({"high": 0}, (0, 0)),
        ({}, (16384, 65536)),
    ],
    ids=str,
)
def test_a_missing_water_mark_follows_from_the_other(
    loop: Loop, tmp_path: Path, arguments: dict[str, int], limits: tuple[int, int]
) -> None:
    async def main() -> None:
        async with writing("pipe", tmp_path) as (transport, _, _):
            transport.set_write_buffer_limits(high=1, low=1)
            transport.set_write_buffer_limits(**arguments)
            assert transport.get_write_buffer_limits() == limits

    run(loop, main())


def test_water_marks_in_the_wrong_order_are_refused(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        async with writing("pipe", tmp_path) as (transport, _, _):
            with pytest.raises(ValueError, match=r"high \(1\) must be >= low \(2\) must be >= 0"):
                transport.set_write_buffer_limits(high=1, low=2)

    run(loop, main())


def test_transport_answers_as_asyncio_says(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        with open_ends("pipe", tmp_path) as (_reader, writer):
            transport, protocol = await loop.connect_write_pipe(PipeProtocol, writer)
            assert isinstance(transport, asyncio.WriteTransport)
            assert transport.get_extra_info("pipe") is writer
            assert f"fd={writer.fileno()} idle bufsize=0" in repr(transport)
            block(transport)
            assert f"polling bufsize={transport.get_write_buffer_size()}" in repr(transport)
            transport.close()
            assert "closing" in repr(transport)
            transport.abort()
            await protocol.lost
            await turns()
            assert "closed" in repr(transport)
            assert writer.closed

    run(loop, main())


def test_regular_file_is_refused_and_stays_open(loop: Loop) -> None:
    with tempfile.TemporaryFile() as file:
        expected = r"^Pipe transport is only for pipes, sockets and character devices$"
        with pytest.raises(ValueError, match=expected):
            run(loop, loop.connect_write_pipe(asyncio.BaseProtocol, file))
        assert not file.closed


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("wrong", ["text", 7, None, [b"list"]])
def test_data_of_the_wrong_kind_is_refused(loop: Loop, tmp_path: Path, wrong: Any) -> None:
    """The standard library asserts it, which `python -O` leaves out; sockets refuse it with this text."""

    async def main() -> None:
        async with writing("pipe", tmp_path) as (transport, protocol, _):
            with pytest.raises(
                TypeError, match="data argument must be a bytes, bytearray, or memoryview object"
            ):
                transport.write(wrong)
            assert not protocol.lost.done()

    run(loop, main())


def test_null_device_takes_everything(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await loop.connect_write_pipe(PipeProtocol, io.FileIO(os.devnull, "w"))
        transport.write(bytes(1 << 20))
        assert transport.get_write_buffer_size() == 0
        transport.close()
        assert await protocol.lost is None

    run(loop, main())


def test_transport_that_is_dropped_unclosed_warns_and_closes(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        with open_ends("terminal", tmp_path) as (_reader, writer):
            transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, writer)
            text = f"unclosed transport <{type(transport).__name__} fd={writer.fileno()} idle bufsize=0>"
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                del transport, _
                gc.collect()
            assert [str(each.message) for each in caught] == [text]
            assert writer.closed

    run(loop, main())


def test_failure_of_a_callback_is_reported_and_the_pipe_goes_on(
    loop: Loop, tmp_path: Path, capture_errors: list[dict[str, Any]]
) -> None:
    class Failing(PipeProtocol):
        def pause_writing(self) -> None:
            raise ZeroDivisionError

    async def main() -> None:
        with open_ends("pipe", tmp_path) as (reader, writer):
            os.set_blocking(reader.fileno(), False)
            transport, protocol = await loop.connect_write_pipe(Failing, writer)
            written = block(transport)
            assert await read_all(reader, len(written)) == written
            transport.close()
            assert await protocol.lost is None

    run(loop, main())
    assert [context["message"] for context in capture_errors] == ["protocol.pause_writing() failed"]
