"""`sock_recvfrom`, `sock_recvfrom_into` and `sock_sendto`."""

import asyncio
import contextlib
import os
import socket
from typing import Any

import pytest

from .datagram_peers import datagram_sockets
from .peers import LOOPBACK, RecordingProtocol, connected_sockets, run, turns

Loop = asyncio.AbstractEventLoop


@pytest.mark.parametrize("host", [LOOPBACK, "::1"])
def test_a_datagram_comes_with_its_senders_address(loop: Loop, host: str) -> None:
    async def main() -> None:
        with datagram_sockets(host=host) as (near, far):
            assert await loop.sock_sendto(near, b"hello", far.getsockname()) == 5
            assert await loop.sock_recvfrom(far, 100) == (b"hello", near.getsockname())

    run(loop, main())


def test_receiving_waits_for_a_datagram(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets() as (near, far):
            receiving = loop.create_task(loop.sock_recvfrom(far, 100))
            await turns()
            assert not receiving.done()
            near.sendto(b"late", far.getsockname())
            assert await receiving == (b"late", near.getsockname())

    run(loop, main())


def test_an_empty_datagram_arrives(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets() as (near, far):
            assert await loop.sock_sendto(near, b"", far.getsockname()) == 0
            assert await loop.sock_recvfrom(far, 100) == (b"", near.getsockname())

    run(loop, main())


def test_a_datagram_is_cut_off_where_it_was_asked_to(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets() as (near, far):
            near.sendto(b"abcdef", far.getsockname())
            near.sendto(b"next", far.getsockname())
            assert (await loop.sock_recvfrom(far, 3))[0] == b"abc"
            assert (await loop.sock_recvfrom(far, 100))[0] == b"next"

    run(loop, main())


def test_receiving_into_a_buffer(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets() as (near, far):
            sender = near.getsockname()
            buffer = bytearray(b"-" * 8)
            receiving = loop.create_task(loop.sock_recvfrom_into(far, buffer))
            await turns()
            near.sendto(b"abc", far.getsockname())
            assert await receiving == (3, sender)
            assert buffer == b"abc-----"
            near.sendto(b"defgh", far.getsockname())
            assert await loop.sock_recvfrom_into(far, memoryview(buffer)[4:], 2) == (2, sender)
            assert buffer == b"abc-de--"
            near.sendto(b"0123456789", far.getsockname())
            assert await loop.sock_recvfrom_into(far, buffer, 0) == (8, sender)
            assert buffer == b"01234567"
            near.sendto(b"and more", far.getsockname())
            assert await loop.sock_recvfrom_into(far, buffer, None) == (8, sender)  # type: ignore[arg-type]
            assert buffer == b"and more"
            buffer.clear()  # nobody holds it any more

    run(loop, main())


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview], ids=lambda make: make.__name__)
def test_what_is_sent_may_be_of_several_types(loop: Loop, make: Any) -> None:
    async def main() -> None:
        with datagram_sockets() as (near, far):
            await loop.sock_sendto(near, make(b"data"), far.getsockname())
            assert (await loop.sock_recvfrom(far, 100))[0] == b"data"

    run(loop, main())


def test_a_connected_socket_hears_that_nobody_listens(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets() as (near, far):
            near.connect(far.getsockname())
            far.close()
            near.send(b"anybody there?")
            with pytest.raises(ConnectionRefusedError):
                await loop.sock_recvfrom(near, 100)

    run(loop, main())


def test_a_datagram_that_is_too_large_is_an_oserror(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets() as (near, far), pytest.raises(OSError, match="Message too long"):
            await loop.sock_sendto(near, bytes(70_000), far.getsockname())

    run(loop, main())


def test_wrong_arguments_are_refused(loop: Loop) -> None:
    async def main() -> None:
        with datagram_sockets() as (near, far):
            address = far.getsockname()
            wrong: list[Any] = [
                loop.sock_recvfrom(near, "ten"),  # type: ignore[arg-type]
                loop.sock_recvfrom_into(near, b"read only"),  # type: ignore[arg-type]
                loop.sock_recvfrom_into(near, "text"),  # type: ignore[arg-type]
                loop.sock_sendto(near, "text", address),  # type: ignore[arg-type]
                loop.sock_sendto(near, b"x", None),  # type: ignore[arg-type]
                loop.sock_sendto(near, b"x", (1, 2)),  # type: ignore[arg-type]
            ]
            for waiting in wrong:
                with pytest.raises(TypeError):
                    await waiting
            with pytest.raises(ValueError, match="negative buffersize in recvfrom"):
                await loop.sock_recvfrom(near, -1)
            with pytest.raises(ValueError, match="negative buffersize in recvfrom_into"):
                await loop.sock_recvfrom_into(near, bytearray(3), -1)
            with pytest.raises(ValueError, match="is greater than the length of the buffer"):
                await loop.sock_recvfrom_into(near, bytearray(3), 4)
            with pytest.raises(OverflowError):
                await loop.sock_sendto(near, b"x", (LOOPBACK, 70_000))

    run(loop, main())


def test_the_socket_of_a_transport_is_refused(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, _):
            transport, protocol = await loop.create_connection(RecordingProtocol, sock=near)
            text = f"File descriptor {near.fileno()} is used by transport"
            for waiting in (loop.sock_recvfrom(near, 1), loop.sock_recvfrom_into(near, bytearray(1))):
                with pytest.raises(RuntimeError, match=text):
                    await waiting
            transport.close()
            await protocol.lost

    run(loop, main())


@pytest.mark.parametrize("name", ["sock_recvfrom", "sock_recvfrom_into"])
def test_a_cancelled_receiver_takes_nothing(loop: Loop, name: str) -> None:
    arguments = {"sock_recvfrom": (100,), "sock_recvfrom_into": (bytearray(100),)}[name]

    async def main() -> None:
        with datagram_sockets() as (near, far):
            receiving = loop.create_task(getattr(loop, name)(far, *arguments))
            await turns()
            near.sendto(b"kept", far.getsockname())
            receiving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await receiving
            assert not loop.remove_reader(far)
            assert (await loop.sock_recvfrom(far, 100))[0] == b"kept"

    run(loop, main())


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("iterations", range(4))
def test_a_datagram_is_never_lost_to_a_cancelled_receiver(loop: Loop, iterations: int) -> None:
    """Cancelled before, while and after it is woken, it has the datagram or has left it there."""

    async def main() -> None:
        with datagram_sockets() as (near, far):
            receiving = loop.create_task(loop.sock_recvfrom(far, 100))
            await turns()
            near.sendto(b"kept", far.getsockname())
            await turns(iterations)
            receiving.cancel()
            try:
                data, _ = await receiving
            except asyncio.CancelledError:
                data, _ = await loop.sock_recvfrom(far, 100)
            assert data == b"kept"

    run(loop, main())


def test_a_full_receiver_is_waited_for(loop: Loop, socket_path: str) -> None:
    """An unconnected Unix socket always looks writable, whether its receiver has room or not."""

    async def main() -> None:
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
        ):
            receiver.bind(socket_path)
            receiver.setblocking(False)
            sender.setblocking(False)
            count = 0
            with contextlib.suppress(BlockingIOError):
                while True:
                    sender.sendto(b"%d" % count, socket_path)
                    count += 1
            sending = loop.create_task(loop.sock_sendto(sender, b"last", socket_path))
            await turns()
            assert not sending.done()
            for number in range(count):
                assert receiver.recv(100) == b"%d" % number
            assert await sending == 4
            assert receiver.recv(100) == b"last"

    run(loop, main())


@pytest.mark.only_ouroloop
def test_waiting_for_a_full_receiver_keeps_no_processor_busy(loop: Loop, socket_path: str) -> None:
    async def main() -> None:
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
        ):
            receiver.bind(socket_path)
            sender.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    sender.sendto(b"x", socket_path)
            sending = loop.create_task(loop.sock_sendto(sender, b"last", socket_path))
            before = os.times()
            await asyncio.sleep(0.3)
            after = os.times()
            assert after.user + after.system - before.user - before.system < 0.15
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending

    run(loop, main())


def test_many_exchanges_at_once(loop: Loop) -> None:
    async def exchange(number: int) -> bool:
        with datagram_sockets() as (near, far):
            text = b"%06d" % number * 50
            answering = loop.create_task(answer(far))
            await loop.sock_sendto(near, text, far.getsockname())
            found = await loop.sock_recvfrom(near, 1000)
            await answering
            return found == (text, far.getsockname())

    async def answer(sock: socket.socket) -> None:
        data, address = await loop.sock_recvfrom(sock, 1000)
        await loop.sock_sendto(sock, data, address)

    async def main() -> None:
        assert all(await asyncio.gather(*(exchange(number) for number in range(100))))

    run(loop, main())
