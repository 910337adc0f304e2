"""Back-pressure: the water marks that pause and resume a writer, and reading that stops on demand."""

import asyncio
from typing import Any

import pytest

from .peers import Peer, RecordingProtocol, block_writing, connection, eventually, run, turns
from .reference import skip_standard_library

Loop = asyncio.AbstractEventLoop


def test_the_water_marks_are_16_and_64_kibibytes_at_first(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, _):
            assert transport.get_write_buffer_limits() == (16384, 65536)

    run(loop, main())


@pytest.mark.parametrize(
    ("arguments", "limits"),
    [
        ({"high": 1000}, (250, 1000)),
        ({"low": 1000}, (1000, 4000)),
        ({"high": 1000, "low": 900}, (900, 1000)),
        ({"high": 7, "low": 7}, (7, 7)),
        ({"high": 0}, (0, 0)),
        ({"low": 0}, (0, 0)),
        ({"high": 1000.0}, (250, 1000)),
        ({}, (16384, 65536)),
    ],
    ids=str,
)
def test_a_missing_water_mark_follows_from_the_other(
    loop: Loop, arguments: dict[str, int], limits: tuple[int, int]
) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, _):
            transport.set_write_buffer_limits(high=1, low=1)
            transport.set_write_buffer_limits(**arguments)
            assert transport.get_write_buffer_limits() == limits

    run(loop, main())


@pytest.mark.parametrize("high", [float("inf"), 1 << 100], ids=["infinite", "huge"])
def test_a_mark_may_be_higher_than_any_queue(loop: Loop, high: float) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, _):
            transport.set_write_buffer_limits(high=high, low=0)  # type: ignore[arg-type]
            transport.write(bytes(1 << 22))
            await turns()
            assert transport.get_write_buffer_size() > 1 << 20
            assert "pause_writing" not in protocol.calls

    run(loop, main())


@pytest.mark.parametrize(
    ("high", "low", "text"),
    [
        (1, 2, "high (1) must be >= low (2) must be >= 0"),
        (-1, None, "high (-1) must be >= low (-1) must be >= 0"),
        (None, -1, "high (-4) must be >= low (-1) must be >= 0"),
        (0, -1, "high (0) must be >= low (-1) must be >= 0"),
    ],
)
def test_water_marks_in_the_wrong_order_are_refused(
    loop: Loop, high: int | None, low: int | None, text: str
) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, _):
            with pytest.raises(ValueError, match="must be >=") as error:
                transport.set_write_buffer_limits(high=high, low=low)
            assert str(error.value) == text
            assert transport.get_write_buffer_limits() == (16384, 65536)

    run(loop, main())


def test_a_writer_is_paused_above_the_high_mark_and_resumed_at_the_low_one(loop: Loop) -> None:
    sizes: list[tuple[str, int]] = []

    class Sizes(RecordingProtocol):
        def pause_writing(self) -> None:
            super().pause_writing()
            assert self.transport is not None
            sizes.append(("pause", self.transport.get_write_buffer_size()))

        def resume_writing(self) -> None:
            super().resume_writing()
            assert self.transport is not None
            sizes.append(("resume", self.transport.get_write_buffer_size()))

    async def main() -> None:
        async with connection(Sizes, small_buffers=True) as (transport, protocol, peer):
            transport.set_write_buffer_limits(high=100_000, low=40_000)
            for _ in range(3):
                size = len(await block_writing(transport))
                await turns()
                assert protocol.calls[-1] == "pause_writing"
                await peer.receive(size)
            assert protocol.calls[1:] == ["pause_writing", "resume_writing"] * 3
            assert [name for name, _ in sizes] == ["pause", "resume"] * 3
            assert all(size > 100_000 for name, size in sizes if name == "pause")
            assert all(size <= 40_000 for name, size in sizes if name == "resume")

    run(loop, main())


def test_a_buffer_of_exactly_the_high_mark_does_not_pause(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, _):
            transport.set_write_buffer_limits(high=1 << 30)
            await block_writing(transport)
            await turns()
            size = transport.get_write_buffer_size()
            transport.set_write_buffer_limits(high=size + 10)
            transport.write(b"x" * 10)
            assert protocol.calls == ["connection_made"]
            transport.write(b"x")
            assert protocol.calls == ["connection_made", "pause_writing"]

    run(loop, main())


def test_lowering_the_high_mark_below_what_waits_pauses_at_once(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, _):
            transport.set_write_buffer_limits(high=1 << 30)
            await block_writing(transport)
            assert protocol.calls == ["connection_made"]
            transport.set_write_buffer_limits(high=10)
            assert protocol.calls == ["connection_made", "pause_writing"]
            transport.set_write_buffer_limits(high=5)
            assert protocol.calls == ["connection_made", "pause_writing"]

    run(loop, main())


@pytest.mark.exact_calls
def test_marks_below_what_was_just_written_pause_nobody(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            transport.write(b"x" * 1171)
            transport.set_write_buffer_limits(high=200)
            assert await peer.receive(1171) == b"x" * 1171
            assert protocol.calls == ["connection_made"]

    run(loop, main())


def test_writelines_pauses_a_writer_too(loop: Loop) -> None:
    skip_standard_library(loop, "writelines forgot the water marks in early 3.12 and 3.13", since=(3, 12))

    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, peer):
            transport.writelines([bytes(1 << 20)] * 4)
            await turns(2)
            assert protocol.calls == ["connection_made", "pause_writing"]
            await peer.receive(1 << 22)
            assert protocol.calls == ["connection_made", "pause_writing", "resume_writing"]

    run(loop, main())


def test_what_resume_writing_writes_follows_and_can_pause_again(loop: Loop) -> None:
    class Refill(RecordingProtocol):
        rounds = 0

        def resume_writing(self) -> None:
            super().resume_writing()
            if self.rounds < 5:
                self.rounds += 1
                assert self.transport is not None
                self.transport.write(bytes([self.rounds]) * (1 << 21))

    async def main() -> None:
        async with connection(Refill, small_buffers=True) as (transport, protocol, peer):
            first = await block_writing(transport)
            await peer.receive(len(first))
            for number in range(1, 6):
                assert await peer.receive(1 << 21) == bytes([number]) * (1 << 21)
            assert protocol.calls[1:] == ["pause_writing", "resume_writing"] * 6

    run(loop, main())


class FailsAt(RecordingProtocol):
    """Raises in one of the two flow control callbacks."""

    def __init__(self, callback: str) -> None:
        super().__init__()
        self.callback = callback
        self.error = ArithmeticError(callback)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.callback == "pause_writing":
            raise self.error

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.callback == "resume_writing":
            raise self.error


@pytest.mark.parametrize("callback", ["pause_writing", "resume_writing"])
def test_an_error_in_a_flow_control_callback_is_reported_and_the_bytes_still_go(
    loop: Loop, capture_errors: list[dict[str, Any]], callback: str
) -> None:
    async def main() -> None:
        async with connection(lambda: FailsAt(callback), small_buffers=True) as (transport, protocol, peer):
            size = len(await block_writing(transport))
            assert len(await peer.receive(size)) == size
            await turns()
            assert protocol.calls == ["connection_made", "pause_writing", "resume_writing"]
            [context] = capture_errors
            assert context["message"] == f"protocol.{callback}() failed"
            assert context["exception"] is protocol.error
            assert context["transport"] is transport
            assert context["protocol"] is protocol
            assert not transport.is_closing()

    run(loop, main())


def test_a_paused_transport_delivers_nothing_until_it_is_resumed(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            assert transport.is_reading()
            transport.pause_reading()
            assert not transport.is_reading()
            await peer.send(b"wait")
            peer.finish_writing()
            await turns(10)
            assert protocol.calls == ["connection_made"]
            transport.resume_reading()
            assert transport.is_reading()
            assert await protocol.lost is None
            assert protocol.received == b"wait"

    run(loop, main())


def test_pausing_and_resuming_twice_is_harmless(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            transport.resume_reading()
            transport.pause_reading()
            transport.pause_reading()
            transport.resume_reading()
            transport.resume_reading()
            assert transport.is_reading()
            await peer.send(b"x")
            assert await protocol.receive(1) == b"x"
            transport.pause_reading()
            transport.close()
            assert not transport.is_reading()
            transport.resume_reading()
            assert not transport.is_reading()
            await protocol.lost
            transport.pause_reading()
            transport.resume_reading()
            assert not transport.is_reading()

    run(loop, main())


def test_a_closing_transport_does_not_read(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, peer):
            await block_writing(transport)
            transport.close()
            assert not transport.is_reading()
            await peer.send(b"nobody listens")
            await turns(10)
            assert protocol.received == b""

    run(loop, main())


def test_pausing_in_data_received_stops_the_bytes_that_are_already_there(loop: Loop) -> None:
    class PausesAtOnce(RecordingProtocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            assert self.transport is not None
            self.transport.pause_reading()

    async def main() -> None:
        async with connection(PausesAtOnce) as (transport, protocol, peer):
            sending = asyncio.ensure_future(peer.send(bytes(1 << 22)))
            total = 0
            while total < 1 << 22:
                await eventually(lambda: protocol.received)
                await turns()
                assert protocol.calls[1:] == ["data_received"]
                total += len(protocol.received)
                protocol.calls[1:] = []
                protocol.received.clear()
                transport.resume_reading()
            await sending

    run(loop, main())


def test_pausing_in_connection_made_keeps_the_first_bytes_back(loop: Loop) -> None:
    class StartsPaused(RecordingProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            assert self.transport is not None
            self.transport.pause_reading()

    async def main() -> None:
        async with connection(StartsPaused) as (transport, protocol, peer):
            await peer.send(b"first")
            await turns(10)
            assert protocol.calls == ["connection_made"]
            transport.resume_reading()
            assert await protocol.receive(5) == b"first"

    run(loop, main())


def test_a_paused_reader_holds_the_sender_back(loop: Loop) -> None:
    """What a paused transport takes from its peer is bounded by the kernel's buffers."""

    async def send_until_full(peer: Peer) -> int:
        sent = refused = 0
        while refused < 5:
            try:
                sent += peer.sock.send(bytes(1 << 16))
                refused = 0
            except BlockingIOError:
                refused += 1
                await asyncio.sleep(0.01)
        return sent

    async def main() -> None:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, peer):
            transport.pause_reading()
            sent = await send_until_full(peer)
            assert protocol.received == b""
            transport.resume_reading()
            assert await protocol.receive(sent) == bytes(sent)

    run(loop, main())
