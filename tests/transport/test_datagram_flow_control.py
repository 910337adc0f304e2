"""What a datagram transport does while its receiver has no room: queue, pause, resume."""

import asyncio
import os
import socket
from typing import Any

import pytest

from .datagram_peers import DatagramRecorder, endpoint, full_receiver, receive_filled
from .peers import eventually, run

Loop = asyncio.AbstractEventLoop
UNIX_DATAGRAMS = {"family": socket.AF_UNIX}


@pytest.mark.reference_since(3, 14)
def test_what_finds_no_room_is_queued_and_sent_in_order(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        with full_receiver(socket_path) as receiver:
            async with endpoint(DatagramRecorder, remote_addr=socket_path, **UNIX_DATAGRAMS) as (
                transport,
                _,
            ):
                mutable = bytearray(b"first")
                transport.sendto(mutable)
                mutable[:] = b"wrong"
                for number in range(100):
                    transport.sendto(b"%d" % number)
                size = transport.get_write_buffer_size()
                assert size >= 5 + sum(len(b"%d" % number) for number in range(100))
                expected = [b"first", *(b"%d" % number for number in range(100))]
                assert await receive_filled(receiver, 101) == expected
                await eventually(lambda: transport.get_write_buffer_size() == 0)

    run(loop, main())


@pytest.mark.reference_since(3, 14)
def test_the_queue_counts_down_to_nothing(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        with full_receiver(socket_path) as receiver:
            async with endpoint(DatagramRecorder, remote_addr=socket_path, **UNIX_DATAGRAMS) as (
                transport,
                _,
            ):
                transport.sendto(b"12345")
                assert transport.get_write_buffer_size() == 13
                assert await receive_filled(receiver, 1) == [b"12345"]
                await eventually(lambda: transport.get_write_buffer_size() == 0)

    run(loop, main())


def test_a_protocol_is_paused_and_resumed_once(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        with full_receiver(socket_path) as receiver:
            options = {"remote_addr": socket_path, **UNIX_DATAGRAMS}
            async with endpoint(DatagramRecorder, **options) as (transport, protocol):
                for _ in range(65):
                    transport.sendto(bytes(1024))
                assert protocol.calls == ["connection_made", "pause_writing"]
                assert await receive_filled(receiver, 65) == [bytes(1024)] * 65
                await eventually(lambda: len(protocol.calls) > 2)
                assert protocol.calls == ["connection_made", "pause_writing", "resume_writing"]

    run(loop, main())


def test_the_water_marks_can_be_moved(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        with full_receiver(socket_path):
            options = {"remote_addr": socket_path, **UNIX_DATAGRAMS}
            async with endpoint(DatagramRecorder, **options) as (transport, protocol):
                limits = transport.get_write_buffer_limits  # type: ignore[attr-defined]
                move: Any = transport.set_write_buffer_limits  # type: ignore[attr-defined]
                assert limits() == (16384, 65536)
                move(high=1000)
                assert limits() == (250, 1000)
                move(low=1000)
                assert limits() == (1000, 4000)
                transport.sendto(bytes(2000))
                assert protocol.calls == ["connection_made"]
                move(high=100, low=10)
                assert protocol.calls == ["connection_made", "pause_writing"]
                with pytest.raises(ValueError, match=r"^high \(1\) must be >= low \(2\) must be >= 0$"):
                    move(high=1, low=2)
                assert limits() == (10, 100)

    run(loop, main())


def test_flow_control_that_fails_is_reported(
    loop: Loop, socket_path: str, capture_errors: list[dict[str, Any]]
) -> None:
    class Fails(DatagramRecorder):
        def pause_writing(self) -> None:
            raise ZeroDivisionError

    async def main() -> None:
        with full_receiver(socket_path):
            async with endpoint(Fails, remote_addr=socket_path, **UNIX_DATAGRAMS) as (transport, protocol):
                for _ in range(2):
                    transport.sendto(bytes(70_000))
                [context] = capture_errors
                assert context["message"] == "protocol.pause_writing() failed"
                assert context["transport"] is transport
                assert context["protocol"] is protocol

    run(loop, main())


def test_an_error_of_a_queued_datagram_is_told_and_the_rest_goes_out(loop: Loop, socket_folder: Any) -> None:
    async def main() -> None:
        path = str(socket_folder / "socket")
        with full_receiver(path) as receiver:
            options = {"local_addr": str(socket_folder / "own"), **UNIX_DATAGRAMS}
            async with endpoint(DatagramRecorder, **options) as (transport, protocol):
                transport.sendto(b"one", path)
                transport.sendto(b"nowhere", str(socket_folder / "missing"))
                transport.sendto(b"two", path)
                assert protocol.errors == []
                assert await receive_filled(receiver, 2) == [b"one", b"two"]
                assert isinstance(await protocol.failure(), FileNotFoundError)

    run(loop, main())


@pytest.mark.only_ouroloop
def test_waiting_for_a_full_receiver_keeps_no_processor_busy(loop: Loop, socket_folder: Any) -> None:
    """A Unix socket that is not connected always looks writable; the standard library's loop spins."""

    async def main() -> None:
        path = str(socket_folder / "socket")
        with full_receiver(path):
            options = {"local_addr": str(socket_folder / "own"), **UNIX_DATAGRAMS}
            async with endpoint(DatagramRecorder, **options) as (transport, _):
                transport.sendto(b"x", path)
                before = os.times()
                await asyncio.sleep(0.3)
                after = os.times()
                assert transport.get_write_buffer_size() > 0
                assert after.user + after.system - before.user - before.system < 0.15

    run(loop, main())
