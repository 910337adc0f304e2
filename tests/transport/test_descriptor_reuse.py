"""A descriptor's number that is used again never carries over what belonged to its earlier user."""

import asyncio
import os
import random
import socket
import time
from typing import TYPE_CHECKING

import pytest

from .peers import LOOPBACK, RecordingProtocol, Served, connected_sockets, connection, run, turns
from .reference import skip_standard_library

if TYPE_CHECKING:
    from collections.abc import Callable

Loop = asyncio.AbstractEventLoop


def test_a_ready_event_of_a_closed_descriptor_is_not_delivered_to_its_successor(loop: Loop) -> None:
    """Both pipes are ready in one batch; whichever is called first replaces the other under its number."""
    called: list[str] = []

    async def main() -> None:
        ends = [os.pipe() for _ in range(2)]
        idle_read, idle_write = os.pipe()

        def replace(own: int) -> None:
            called.append("ready")
            other = ends[1 - own][0]
            for read_end, _ in ends:
                loop.remove_reader(read_end)
            os.close(other)
            assert os.dup2(idle_read, other) == other
            loop.add_reader(other, called.append, "successor")

        for own, (read_end, write_end) in enumerate(ends):
            loop.add_reader(read_end, replace, own)
            os.write(write_end, b"x")
        while not called:
            await turns(1)
        await turns(10)
        assert called == ["ready"]
        os.write(idle_write, b"x")
        while "successor" not in called:
            await turns(1)
        for read_end, write_end in ends:
            loop.remove_reader(read_end)
            os.close(read_end)
            os.close(write_end)
        os.close(idle_read)
        os.close(idle_write)

    run(loop, main())


def test_a_reader_added_again_for_a_new_file_of_the_same_number_is_called(loop: Loop) -> None:
    """Closing took the old file out of the poller; the loop must not believe it is still there."""

    async def main() -> None:
        for _ in range(5):
            near, far = socket.socketpair()
            with near, far:
                readable = asyncio.Event()
                loop.add_reader(near, readable.set)
                far.send(b"x")
                await readable.wait()
                loop.remove_reader(near)

    run(loop, main())


def move_to_number(sock: socket.socket, number: int) -> socket.socket:
    """Move `sock` to the descriptor `number`, which must be free."""
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
    os.dup2(sock.fileno(), number, inheritable=False)
    moved = socket.socket(sock.family, sock.type, sock.proto, fileno=number)
    sock.close()
    return moved


@pytest.mark.parametrize("end", ["close", "abort"])
def test_a_transport_on_a_reused_number_receives_only_its_own_bytes(loop: Loop, end: str) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            async with connection(RecordingProtocol) as (first, first_protocol, first_peer):
                number = first.get_extra_info("socket").fileno()
                await first_peer.send(b"for the first")
                getattr(first, end)()
                await first_protocol.lost
                await turns(2)
                again = move_to_number(near, number)
                second, protocol = await loop.create_connection(RecordingProtocol, sock=again)
                assert second.get_extra_info("socket").fileno() == number
                first.close()
                first.abort()
                first.resume_reading()
                far.send(b"for the second")
                assert await protocol.receive(14) == b"for the second"
                assert not second.is_closing()
                second.close()
                await protocol.lost

    run(loop, main())


def test_the_number_of_a_lost_transport_is_free_for_readers_and_sockets(loop: Loop) -> None:
    """MagicStack/uvloop#646: it was still "used by transport" after the transport was gone."""

    async def once() -> None:
        with connected_sockets() as (near, far):
            async with connection(RecordingProtocol) as (transport, protocol, peer):
                number = transport.get_extra_info("socket").fileno()
                peer.close()
                await protocol.lost
                await turns(2)
                with move_to_number(near, number) as again:
                    receiving = asyncio.ensure_future(loop.sock_recv(again, 10))
                    await turns()
                    assert not receiving.done()
                    far.send(b"x")
                    assert await receiving == b"x"
                    loop.add_reader(again, lambda: None)
                    assert loop.remove_reader(again)

    async def main() -> None:
        for _ in range(20):
            await once()

    run(loop, main())


@pytest.mark.exact_calls
@pytest.mark.parametrize("rounds", [1, 4])
def test_a_reader_that_was_woken_takes_nothing_from_the_successor_of_its_socket(
    loop: Loop, rounds: int
) -> None:
    """Between the wake-up of who waits in `sock_recv` and its step, another callback closes the socket."""

    async def main() -> None:
        first, second, other = (socket.socketpair() for _ in range(3))
        successors: list[socket.socket] = []
        for sock, peer in (first, second, other):
            sock.setblocking(False)
            peer.setblocking(False)

        def replace() -> None:
            loop.remove_reader(first[0])
            number = second[0].fileno()
            second[0].close()
            successors.append(move_to_number(other[0], number))

        loop.add_reader(first[0], replace)
        # From the second read on, the descriptor stays registered between reads.
        for _ in range(rounds):
            reading = loop.create_task(loop.sock_recv(second[0], 10))
            await turns(1)
            second[1].send(b"own")
            assert await reading == b"own"
        reading = loop.create_task(loop.sock_recv(second[0], 10))
        await turns(1)
        # Both are ready in one batch, in this order.
        first[1].send(b"x")
        second[1].send(b"own")
        other[1].send(b"another's")
        with pytest.raises(OSError, match="Bad file descriptor"):
            await reading
        assert successors[0].recv(10) == b"another's"
        for sock in (*first, *second, *other, *successors):
            sock.close()

    run(loop, main())


def test_connections_that_come_and_go_never_mix_their_bytes(loop: Loop) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    randomness = random.Random(seed)

    async def talk(address: tuple[str, int], name: int) -> None:
        transport, protocol = await loop.create_connection(RecordingProtocol, *address)
        message = b"%08d" % name
        for _ in range(randomness.randrange(1, 4)):
            transport.write(message)
            assert await protocol.receive(8) == message
        getattr(transport, randomness.choice(["close", "abort"]))()
        await protocol.lost

    async def main() -> None:
        served = Served()
        server = await loop.create_server(served, LOOPBACK, 0)
        address = server.sockets[0].getsockname()
        for base in range(0, 400, 20):
            await asyncio.gather(*(talk(address, base + each) for each in range(20)))
        server.close()
        await served.ended()

    run(loop, main())


def test_a_duplicate_of_a_closed_transports_socket_keeps_the_loop_asleep(loop: Loop) -> None:
    """The open file outlives the number, so the poller must forget the number before it is closed."""

    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            with transport.get_extra_info("socket").dup() as duplicate:
                transport.abort()
                await protocol.lost
                await turns(2)
                await peer.send(b"unread")
                started = time.process_time()
                await asyncio.sleep(0.1)
                assert time.process_time() - started < 0.05
                assert duplicate.recv(10) == b"unread"
                assert protocol.received == b""

    run(loop, main())


@pytest.mark.parametrize("name", ["add_reader", "remove_reader", "add_writer", "remove_writer"])
def test_a_descriptor_of_a_transport_is_refused_to_others(loop: Loop, name: str) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            method: Callable[..., object] = getattr(loop, name)
            arguments = [print] if name.startswith("add") else []
            sock = transport.get_extra_info("socket")
            for descriptor in (sock, sock.fileno()):
                with pytest.raises(RuntimeError) as error:
                    method(descriptor, *arguments)
                assert (
                    str(error.value) == f"File descriptor {descriptor!r} is used by transport {transport!r}"
                )
            await peer.send(b"unharmed")
            assert await protocol.receive(8) == b"unharmed"

    run(loop, main())


def test_a_transport_cannot_be_made_on_the_descriptor_of_another(loop: Loop) -> None:
    skip_standard_library(loop, "did not look before 3.12", before=(3, 12))
    skip_standard_library(loop, "closes the socket under the first transport", since=(3, 14))

    async def main() -> None:
        with connected_sockets() as (near, far):
            transport, protocol = await loop.create_connection(RecordingProtocol, sock=near)
            with pytest.raises(RuntimeError, match="is used by transport"):
                await loop.create_connection(RecordingProtocol, sock=near)
            far.send(b"unharmed")
            assert await protocol.receive(8) == b"unharmed"
            transport.close()
            await protocol.lost

    run(loop, main())
