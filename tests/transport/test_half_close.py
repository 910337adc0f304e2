"""Closing one direction at a time: `write_eof`, and an `eof_received` that keeps the connection open."""

import asyncio
import time

import pytest

from .peers import RecordingProtocol, block_writing, connection, run, turns

Loop = asyncio.AbstractEventLoop


class KeepsOpen(RecordingProtocol):
    keep_open = True


def test_a_stream_transport_can_write_eof(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, _):
            assert transport.can_write_eof() is True

    run(loop, main())


def test_the_peer_can_answer_after_write_eof(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            transport.write(b"question")
            transport.write_eof()
            assert not transport.is_closing()
            assert await peer.receive_all() == b"question"
            await peer.send(b"answer")
            assert await protocol.receive(6) == b"answer"
            peer.close()
            assert await protocol.lost is None
            assert protocol.calls == ["connection_made", "data_received", "eof_received", "connection_lost"]

    run(loop, main())


def test_write_eof_follows_the_bytes_that_wait(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, peer):
            written = await block_writing(transport)
            transport.write_eof()
            assert transport.get_write_buffer_size() > 0
            assert await peer.receive_all() == written
            assert not transport.is_closing()
            await peer.send(b"thanks")
            assert await protocol.receive(6) == b"thanks"

    run(loop, main())


def test_writing_after_write_eof_is_refused(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            transport.write(b"all")
            transport.write_eof()
            with pytest.raises(RuntimeError, match=r"^Cannot call write\(\) after write_eof\(\)$"):
                transport.write(b"more")
            # Until 3.12 the standard library's writelines was its write under another name.
            with pytest.raises(RuntimeError, match=r"^Cannot call write(lines)?\(\) after write_eof\(\)$"):
                transport.writelines([b"more"])
            assert await peer.receive_all() == b"all"

    run(loop, main())


def test_a_wrong_type_is_refused_before_the_end_of_the_stream_is_looked_at(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, _):
            transport.write_eof()
            with pytest.raises(TypeError):
                transport.write("text")  # type: ignore[arg-type]

    run(loop, main())


def test_write_eof_twice_or_on_a_closed_transport_is_harmless(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            transport.write_eof()
            transport.write_eof()
            assert await peer.receive_all() == b""
            transport.close()
            transport.write_eof()
            assert await protocol.lost is None
            transport.write_eof()
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            transport.close()
            transport.write_eof()
            assert await protocol.lost is None
            assert await peer.receive_all() == b""

    run(loop, main())


@pytest.mark.parametrize("close", ["close", "abort"])
def test_a_half_closed_transport_closes_once(loop: Loop, close: str) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, _):
            transport.write_eof()
            await turns()
            getattr(transport, close)()
            assert await protocol.lost is None
            await turns()
            assert protocol.calls == ["connection_made", "connection_lost"]

    run(loop, main())


def test_close_after_write_eof_still_sends_what_waits(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, peer):
            written = await block_writing(transport)
            transport.write_eof()
            transport.close()
            assert await peer.receive_all() == written
            assert await protocol.lost is None

    run(loop, main())


def test_a_true_eof_received_keeps_the_connection_open_for_writing(loop: Loop) -> None:
    async def main() -> None:
        async with connection(KeepsOpen) as (transport, protocol, peer):
            await peer.send(b"request")
            peer.finish_writing()
            while "eof_received" not in protocol.calls:
                await turns(1)
            await turns(10)
            assert not transport.is_closing()
            transport.write(b"response")
            assert await peer.receive(8) == b"response"
            transport.close()
            assert await protocol.lost is None
            assert protocol.calls == ["connection_made", "data_received", "eof_received", "connection_lost"]

    run(loop, main())


def test_a_connection_kept_open_after_the_end_of_the_stream_costs_no_time(loop: Loop) -> None:
    """The socket stays readable for ever; the loop must not go round because of it."""

    async def main() -> None:
        async with connection(KeepsOpen) as (_, protocol, peer):
            peer.finish_writing()
            while "eof_received" not in protocol.calls:
                await turns(1)
            started = time.process_time()
            await asyncio.sleep(0.1)
            assert time.process_time() - started < 0.05
            assert protocol.calls == ["connection_made", "eof_received"]

    run(loop, main())


def test_pausing_after_a_kept_end_of_stream_and_resuming_says_it_no_second_time(loop: Loop) -> None:
    async def main() -> None:
        async with connection(KeepsOpen) as (transport, protocol, peer):
            peer.finish_writing()
            while "eof_received" not in protocol.calls:
                await turns(1)
            transport.pause_reading()
            await turns()
            transport.write(b"still writable")
            assert await peer.receive(14) == b"still writable"
            assert protocol.calls == ["connection_made", "eof_received"]

    run(loop, main())


@pytest.mark.parametrize("answer", [None, False, 0], ids=repr)
def test_a_false_eof_received_closes_after_the_bytes_that_wait(loop: Loop, answer: bool | None) -> None:
    class Closes(RecordingProtocol):
        keep_open = answer

    async def main() -> None:
        async with connection(Closes, small_buffers=True) as (transport, protocol, peer):
            written = await block_writing(transport)
            peer.finish_writing()
            while "eof_received" not in protocol.calls:
                await turns(1)
            assert transport.is_closing()
            assert not protocol.lost.done()
            assert await peer.receive_all() == written
            assert await protocol.lost is None

    run(loop, main())


def test_both_directions_ended_and_kept_open_still_need_close(loop: Loop) -> None:
    async def main() -> None:
        async with connection(KeepsOpen) as (transport, protocol, peer):
            transport.write_eof()
            assert await peer.receive_all() == b""
            peer.finish_writing()
            while "eof_received" not in protocol.calls:
                await turns(1)
            await turns(10)
            assert not transport.is_closing()
            assert not protocol.lost.done()
            transport.close()
            assert await protocol.lost is None

    run(loop, main())


def test_a_peer_that_vanishes_after_a_kept_end_of_stream_is_found_by_writing(loop: Loop) -> None:
    async def main() -> None:
        async with connection(KeepsOpen) as (transport, protocol, peer):
            peer.finish_writing()
            while "eof_received" not in protocol.calls:
                await turns(1)
            peer.close()
            while not transport.is_closing():
                transport.write(b"anyone?")
                await turns(1)
            assert isinstance(await protocol.lost, ConnectionResetError | BrokenPipeError)
            assert protocol.calls == ["connection_made", "eof_received", "connection_lost"]

    run(loop, main())
