"""`sendfile`: a file through a transport, natively and copied."""

import asyncio
import io
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from .file_peers import DATA, Odd, narrow_connection
from .peers import LOOPBACK, RecordingProtocol, block_writing, connection, eventually, run, turns

Loop = asyncio.AbstractEventLoop


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_bytes(DATA)
    return made


@pytest.fixture
def file(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as opened:
        yield opened


@pytest.fixture(params=["native", "copied"])
def make_file(request: pytest.FixtureRequest, implementation: Any, file: BinaryIO) -> Any:
    """A file with DATA in it, sent by the system or copied, which must look alike."""
    if request.param == "native":
        return file
    if not implementation.is_ours:
        pytest.skip("standard library: from 3.12 on a copy reads into the buffer that is still queued")
    return io.BytesIO(DATA)


def test_a_file_arrives_whole(loop: Loop, make_file: Any) -> None:
    async def main() -> None:
        async with narrow_connection() as (transport, _, peer):
            sending = loop.create_task(loop.sendfile(transport, make_file))
            assert await peer.receive(len(DATA)) == DATA
            assert await sending == len(DATA)
            assert make_file.tell() == len(DATA)
            transport.close()
            assert await peer.receive_all() == b""

    run(loop, main())


@pytest.mark.parametrize(
    ("offset", "count", "sent"),
    [
        (0, 1, DATA[:1]),
        (1000, 2000, DATA[1000:3000]),
        (len(DATA) - 10, None, DATA[-10:]),
        (len(DATA) - 10, 20, DATA[-10:]),
        (100, len(DATA) * 2, DATA[100:]),
    ],
)
def test_a_part_of_a_file(loop: Loop, make_file: Any, offset: int, count: int | None, sent: bytes) -> None:
    async def main() -> None:
        async with narrow_connection() as (transport, _, peer):
            sending = loop.create_task(loop.sendfile(transport, make_file, offset, count))
            assert await peer.receive(len(sent)) == sent
            assert await sending == len(sent)
            assert make_file.tell() == offset + len(sent)
            transport.close()
            assert await peer.receive_all() == b""

    run(loop, main())


def test_an_offset_past_the_end_sends_nothing(loop: Loop, make_file: Any) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, _):
            assert await loop.sendfile(transport, make_file, len(DATA) + 5) == 0

    run(loop, main())


def test_an_empty_file_sends_nothing(loop: Loop, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    async def main() -> None:
        with (tmp_path / "empty").open("rb") as empty:
            async with connection(RecordingProtocol) as (transport, _, peer):
                assert await loop.sendfile(transport, empty) == 0
                transport.write(b"after")
                assert await peer.receive(5) == b"after"

    run(loop, main())


def test_what_is_written_before_and_after_keeps_its_place(loop: Loop, make_file: Any) -> None:
    async def main() -> None:
        async with narrow_connection() as (transport, _, peer):
            before = await block_writing(transport)
            sending = loop.create_task(loop.sendfile(transport, make_file))
            assert await peer.receive(len(before)) == before
            assert await peer.receive(len(DATA)) == DATA
            await sending
            transport.write(b"after")
            assert await peer.receive(5) == b"after"

    run(loop, main())


def test_a_small_write_just_before_keeps_its_place(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            transport.write(b"before")
            sending = loop.create_task(loop.sendfile(transport, file, 0, 100))
            assert await peer.receive(106) == b"before" + DATA[:100]
            assert await sending == 100

    run(loop, main())


@pytest.mark.reference_since(3, 12)
def test_nobody_else_writes_meanwhile(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        async with narrow_connection() as (transport, _, peer):
            sending = loop.create_task(loop.sendfile(transport, file))
            await turns()
            with pytest.raises(RuntimeError, match=r"^unable to write; sendfile is in progress$"):
                transport.write(b"x")
            with pytest.raises(RuntimeError, match=r"^unable to writelines; sendfile is in progress$"):
                transport.writelines([b"x"])
            assert await peer.receive(len(DATA)) == DATA
            await sending
            transport.write(b"now")
            transport.writelines([b"?"])
            assert await peer.receive(4) == b"now?"

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_second_file_meanwhile_is_refused(loop: Loop, file: BinaryIO, path: Path) -> None:
    async def main() -> None:
        with path.open("rb") as second:
            async with narrow_connection() as (transport, _, peer):
                sending = loop.create_task(loop.sendfile(transport, file))
                await turns()
                with pytest.raises(RuntimeError):
                    await loop.sendfile(transport, second)
                assert await peer.receive(len(DATA)) == DATA
                await sending

    run(loop, main())


def test_nothing_is_read_meanwhile_and_all_of_it_afterwards(loop: Loop, make_file: Any) -> None:
    async def main() -> None:
        async with narrow_connection() as (transport, protocol, peer):
            sending = loop.create_task(loop.sendfile(transport, make_file))
            await turns()
            await peer.send(b"question")
            await turns()
            assert protocol.received == b""
            assert await peer.receive(len(DATA)) == DATA
            await sending
            assert await protocol.receive(8) == b"question"
            assert transport.get_protocol() is protocol

    run(loop, main())


def test_a_transport_that_was_paused_stays_paused(loop: Loop, make_file: Any) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            transport.pause_reading()
            sending = loop.create_task(loop.sendfile(transport, make_file, 0, 1000))
            assert await peer.receive(1000) == DATA[:1000]
            await sending
            assert not transport.is_reading()

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_peer_that_closes_in_the_middle_is_a_connection_error(loop: Loop, make_file: Any) -> None:
    """The standard library raises the same, and at times an InvalidStateError in the loop besides."""

    async def main() -> None:
        async with narrow_connection() as (transport, protocol, peer):
            sending = loop.create_task(loop.sendfile(transport, make_file))
            await peer.receive(10_000)
            peer.reset()
            with pytest.raises(ConnectionError):
                await sending
            await protocol.lost
            assert 10_000 <= make_file.tell() < len(DATA)
            assert protocol.calls.count("connection_lost") == 1

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_cancelled_sendfile_leaves_the_connection_usable(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        async with narrow_connection() as (transport, _, peer):
            sending = loop.create_task(loop.sendfile(transport, file))
            await eventually(lambda: not sending.done())
            await turns(20)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            sent = file.tell()
            assert 0 < sent < len(DATA)
            transport.write(b"after")
            assert await peer.receive(sent + 5) == DATA[:sent] + b"after"

    run(loop, main())


@pytest.mark.only_ouroloop
def test_aborting_meanwhile_ends_it_at_once(loop: Loop, make_file: Any) -> None:
    """The standard library's loop waits for ever for a socket that is closed."""

    async def main() -> None:
        async with narrow_connection() as (transport, protocol, _):
            sending = loop.create_task(loop.sendfile(transport, make_file))
            await turns()
            transport.abort()
            with pytest.raises(ConnectionError, match=r"^Connection (is )?closed by peer$"):
                await sending
            assert await protocol.lost is None

    run(loop, main())


@pytest.mark.only_ouroloop
def test_closing_meanwhile_lets_the_file_go_out_first(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        async with narrow_connection() as (transport, protocol, peer):
            sending = loop.create_task(loop.sendfile(transport, file))
            await turns()
            transport.close()
            assert await peer.receive_all() == DATA
            assert await sending == len(DATA)
            assert await protocol.lost is None

    run(loop, main())


@pytest.mark.only_ouroloop
def test_the_end_of_file_follows_the_file(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        async with narrow_connection() as (transport, _, peer):
            sending = loop.create_task(loop.sendfile(transport, file))
            await turns()
            transport.write_eof()
            assert await peer.receive_all() == DATA
            assert await sending == len(DATA)

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_connection_that_is_lost_before_the_file_is_begun(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        async with narrow_connection() as (transport, _, _):
            await block_writing(transport)
            sending = loop.create_task(loop.sendfile(transport, file))
            await turns()
            transport.abort()
            with pytest.raises(ConnectionError, match="Connection is closed by peer"):
                await sending
            assert file.tell() == 0

    run(loop, main())


@pytest.mark.only_ouroloop
def test_flow_control_of_the_copy_is_hidden_from_the_protocol(loop: Loop) -> None:
    async def main() -> None:
        async with narrow_connection() as (transport, protocol, peer):
            sending = loop.create_task(loop.sendfile(transport, io.BytesIO(DATA)))
            assert await peer.receive(len(DATA)) == DATA
            await sending
            assert protocol.calls == ["connection_made"]

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_protocol_that_was_paused_is_resumed_when_there_is_room(loop: Loop) -> None:
    async def main() -> None:
        async with narrow_connection() as (transport, protocol, peer):
            before = await block_writing(transport)
            assert protocol.calls == ["connection_made", "pause_writing"]
            sending = loop.create_task(loop.sendfile(transport, io.BytesIO(DATA)))
            await peer.receive(len(before) + len(DATA))
            await sending
            assert protocol.calls == ["connection_made", "pause_writing", "resume_writing"]

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_protocol_hears_of_a_full_queue_that_a_cancelled_copy_leaves(loop: Loop) -> None:
    async def main() -> None:
        async with narrow_connection() as (transport, protocol, peer):
            sending = loop.create_task(loop.sendfile(transport, io.BytesIO(DATA)))
            await eventually(lambda: transport.get_write_buffer_size() > 70_000 or sending.done())
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert protocol.calls == ["connection_made", "pause_writing"]
            while "resume_writing" not in protocol.calls:
                await peer.receive(1000)

    run(loop, main())


def test_a_buffered_protocol_is_given_back(loop: Loop) -> None:
    class Buffered(RecordingProtocol, asyncio.BufferedProtocol):
        buffer = bytearray(100)

        def get_buffer(self, sizehint: int) -> bytearray:
            return self.buffer

        def buffer_updated(self, nbytes: int) -> None:
            self.received += self.buffer[:nbytes]

    async def main() -> None:
        async with connection(Buffered) as (transport, protocol, peer):
            assert await loop.sendfile(transport, io.BytesIO(b"data")) == 4
            assert await peer.receive(4) == b"data"
            await peer.send(b"answer")
            assert await protocol.receive(6) == b"answer"

    run(loop, main())


def test_a_file_that_can_only_be_read(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            assert await loop.sendfile(transport, Odd(b"some data")) == 9  # type: ignore[arg-type]
            assert await peer.receive(9) == b"some data"

    run(loop, main())


def test_a_pipe_is_copied(loop: Loop) -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        with os.fdopen(writer, "wb") as end:
            end.write(b"through a pipe")
        with os.fdopen(reader, "rb", buffering=0) as source:
            async with connection(RecordingProtocol) as (transport, _, peer):
                with pytest.raises((asyncio.SendfileNotAvailableError, OSError)):
                    await loop.sendfile(transport, source, 0, 5, fallback=False)
                transport.write(b"!")
                assert await peer.receive(1) == b"!"

    run(loop, main())


def test_without_fallback_an_odd_file_is_refused(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, _):
            with pytest.raises(asyncio.SendfileNotAvailableError, match=r"^not a regular file$"):
                await loop.sendfile(transport, io.BytesIO(DATA), fallback=False)
            assert transport.is_reading()
            assert transport.get_protocol() is protocol

    run(loop, main())


@pytest.mark.parametrize(
    ("offset", "count", "error", "text"),
    [
        (0, 0, ValueError, "count must be a positive integer (got 0)"),
        (0, -1, ValueError, "count must be a positive integer (got -1)"),
        (0, 1.5, TypeError, "count must be a positive integer (got 1.5)"),
        (-1, None, ValueError, "offset must be a non-negative integer (got -1)"),
        ("1", None, TypeError, "offset must be a non-negative integer (got '1')"),
    ],
)
def test_wrong_arguments_are_refused(
    loop: Loop, file: BinaryIO, offset: Any, count: Any, error: type[Exception], text: str
) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, _):
            with pytest.raises(error) as raised:
                await loop.sendfile(transport, file, offset, count)
            assert str(raised.value) == text
            assert transport.is_reading()
            transport.write(b"still usable")

    run(loop, main())


def test_a_text_file_is_refused(loop: Loop, path: Path) -> None:
    async def main() -> None:
        with path.open("r", encoding="latin-1") as text:
            async with connection(RecordingProtocol) as (transport, _, _):
                with pytest.raises(ValueError, match=r"^file should be opened in binary mode$"):
                    await loop.sendfile(transport, text)  # type: ignore[arg-type]

    run(loop, main())


def test_a_closing_transport_is_refused(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, _):
            transport.close()
            with pytest.raises(RuntimeError, match=r"^Transport is closing$"):
                await loop.sendfile(transport, file)

    run(loop, main())


def test_a_transport_of_another_kind_is_refused(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(LOOPBACK, 0))
        with pytest.raises(RuntimeError, match=r"^sendfile is not supported for transport"):
            await loop.sendfile(transport, file)  # type: ignore[arg-type]
        transport.close()
        await turns()

    run(loop, main())


def test_over_a_unix_socket(loop: Loop, file: BinaryIO) -> None:
    async def main() -> None:
        near, far = socket.socketpair()
        far.setblocking(False)
        with far:
            transport, protocol = await loop.create_unix_connection(RecordingProtocol, sock=near)
            sending = loop.create_task(loop.sendfile(transport, file))
            received = bytearray()
            while len(received) < len(DATA):
                try:
                    received += far.recv(1 << 18)
                except BlockingIOError:
                    await asyncio.sleep(0)
            assert received == DATA
            assert await sending == len(DATA)
            transport.close()
            await protocol.lost

    run(loop, main())


def test_many_files_at_once(loop: Loop, path: Path) -> None:
    async def one() -> None:
        with path.open("rb") as opened:
            async with connection(RecordingProtocol) as (transport, _, peer):
                sending = loop.create_task(loop.sendfile(transport, opened))
                assert await peer.receive(len(DATA)) == DATA
                assert await sending == len(DATA)

    async def main() -> None:
        await asyncio.gather(*(one() for _ in range(20)))

    run(loop, main())
