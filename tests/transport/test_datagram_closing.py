"""How a datagram transport ends: close, abort, and what is sent afterwards."""

import asyncio
import contextlib
import logging
import socket
from typing import Any

import pytest

from .datagram_peers import DatagramRecorder, datagram_sockets, endpoint, full_receiver, receive_filled
from .peers import run, turns

Loop = asyncio.AbstractEventLoop
UNIX_DATAGRAMS = {"family": socket.AF_UNIX}


def test_closing_twice_loses_the_endpoint_once(loop: Loop) -> None:
    async def main() -> None:
        async with endpoint(DatagramRecorder) as (transport, protocol):
            assert not transport.is_closing()
            transport.close()
            transport.close()
            assert transport.is_closing()
            assert protocol.calls == ["connection_made"]
            transport.abort()
            assert await protocol.lost is None
            await turns()
            transport.close()
            transport.abort()
            await turns()
            assert protocol.calls == ["connection_made", "connection_lost"]

    run(loop, main())


def test_nothing_is_received_after_close(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (sender,):
            async with endpoint(DatagramRecorder) as (transport, protocol):
                sender.sendto(b"x", transport.get_extra_info("sockname"))
                transport.close()
                await protocol.lost
                assert protocol.received == []

    run(loop, main())


def test_closing_sends_what_is_queued(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        with full_receiver(socket_path) as receiver:
            options = {"remote_addr": socket_path, **UNIX_DATAGRAMS}
            async with endpoint(DatagramRecorder, **options) as (transport, protocol):
                transport.sendto(b"one")
                transport.sendto(b"two")
                transport.close()
                await turns()
                assert not protocol.lost.done()
                assert await receive_filled(receiver, 2) == [b"one", b"two"]
                assert await protocol.lost is None

    run(loop, main())


@pytest.mark.reference_since(3, 15)
def test_aborting_drops_what_is_queued(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        with full_receiver(socket_path) as receiver:
            options = {"remote_addr": socket_path, **UNIX_DATAGRAMS}
            async with endpoint(DatagramRecorder, **options) as (transport, protocol):
                transport.sendto(b"one")
                transport.abort()
                assert transport.get_write_buffer_size() == 0
                assert await protocol.lost is None
                found = []
                with contextlib.suppress(BlockingIOError):
                    while True:
                        found.append(receiver.recv(100))
                assert set(found) == {b""}

    run(loop, main())


def test_what_is_sent_after_the_end_goes_nowhere(loop: Loop, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        with datagram_sockets(1) as (receiver,):
            async with endpoint(DatagramRecorder, remote_addr=receiver.getsockname()) as (
                transport,
                protocol,
            ):
                transport.abort()
                with caplog.at_level(logging.WARNING, "asyncio"):
                    for _ in range(5):
                        transport.sendto(b"x")
                await protocol.lost
                with pytest.raises(BlockingIOError):
                    receiver.recv(10)

    run(loop, main())
    assert [record.getMessage() for record in caplog.records] == ["socket.send() raised exception."]


@pytest.mark.only_ouroloop
def test_what_is_sent_to_an_address_after_the_end_goes_nowhere_either(loop: Loop) -> None:
    """The standard library sends it, or calls methods of None, depending on how late it is."""

    async def main() -> None:
        with datagram_sockets(1) as (receiver,):
            async with endpoint(DatagramRecorder) as (transport, protocol):
                transport.close()
                transport.sendto(b"x", receiver.getsockname())
                await protocol.lost
                transport.sendto(b"x", receiver.getsockname())
                with pytest.raises(BlockingIOError):
                    receiver.recv(10)

    run(loop, main())


def test_aborting_from_an_error_of_a_queued_datagram(loop: Loop, socket_folder: Any) -> None:
    class Aborts(DatagramRecorder):
        def error_received(self, exc: Exception) -> None:
            super().error_received(exc)
            assert self.transport is not None
            self.transport.abort()

    async def main() -> None:
        path = str(socket_folder / "socket")
        with full_receiver(path) as receiver:
            options = {"local_addr": str(socket_folder / "own"), **UNIX_DATAGRAMS}
            async with endpoint(Aborts, **options) as (transport, protocol):
                transport.sendto(b"one", path)
                transport.sendto(b"nowhere", str(socket_folder / "missing"))
                transport.sendto(b"two", path)
                assert await receive_filled(receiver, 1) == [b"one"]
                assert await protocol.lost is None

    run(loop, main())


@pytest.mark.only_ouroloop
def test_a_loop_may_be_closed_with_an_endpoint_open(loop: Loop, socket_path: str) -> None:
    with full_receiver(socket_path):
        options: Any = {"remote_addr": socket_path, **UNIX_DATAGRAMS}
        transport, protocol = run(loop, loop.create_datagram_endpoint(DatagramRecorder, **options))
        transport.sendto(b"queued")
        loop.close()
        transport.sendto(b"late")
        with pytest.raises(RuntimeError, match="Event loop is closed"):
            transport.abort()
        protocol.transport = None
        del protocol
        with pytest.warns(ResourceWarning, match="unclosed transport"):
            del transport
