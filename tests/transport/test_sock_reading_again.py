"""A socket that is read by turns stays registered with the kernel: what happens to it, and to its number, then."""

import asyncio
import os
import socket
import time

import pytest

from .peers import RecordingProtocol, connected_sockets, run, turns

Loop = asyncio.AbstractEventLoop
READS = 4


async def read_often(loop: Loop, near: socket.socket, far: socket.socket) -> None:
    """Waits for bytes several times, so that the registration outlives the last read."""
    for _ in range(READS):
        reading = loop.create_task(loop.sock_recv(near, 100))
        await turns(3)
        assert not reading.done()
        far.send(b"a")
        assert await reading == b"a"


@pytest.mark.exact_calls
def test_what_comes_between_two_reads_is_there_for_the_second(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            await read_often(loop, near, far)
            far.send(b"abcdef")
            await asyncio.sleep(0.01)
            assert await loop.sock_recv(near, 4) == b"abcd"
            assert await loop.sock_recv(near, 4) == b"ef"
            await read_often(loop, near, far)
            far.close()
            assert await loop.sock_recv(near, 4) == b""
            assert await loop.sock_recv(near, 4) == b""

    run(loop, main())


@pytest.mark.exact_calls
def test_a_read_of_less_than_there_is_leaves_the_rest_to_the_next(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            await read_often(loop, near, far)
            reading = loop.create_task(loop.sock_recv(near, 2))
            await turns(2)
            far.send(b"abcdef")
            assert await reading == b"ab"
            buffer = bytearray(10)
            assert await asyncio.wait_for(loop.sock_recv_into(near, buffer), 5) == 4
            assert buffer[:4] == b"cdef"

    run(loop, main())


def test_the_next_socket_of_the_same_number_is_read_for_itself(loop: Loop) -> None:
    async def main() -> None:
        for _ in range(3):
            with connected_sockets() as (near, far):
                await read_often(loop, near, far)
                number = near.fileno()
            with connected_sockets() as (near, far):
                assert number in (near.fileno(), far.fileno())
                await read_often(loop, near, far)
                await read_often(loop, far, near)

    run(loop, main())


def test_a_reader_callback_takes_over(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            await read_often(loop, near, far)
            heard = asyncio.Event()
            loop.add_reader(near, heard.set)
            far.send(b"x")
            await asyncio.wait_for(heard.wait(), 5)
            assert loop.remove_reader(near)
            assert not loop.remove_reader(near)
            assert await loop.sock_recv(near, 10) == b"x"
            await read_often(loop, near, far)

    run(loop, main())


def test_a_transport_takes_over(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            await read_often(loop, near, far)
            transport, protocol = await loop.create_connection(RecordingProtocol, sock=near)
            far.send(b"for the transport")
            while protocol.received != b"for the transport":
                await asyncio.sleep(0.001)
            transport.close()
            await turns(3)

    run(loop, main())


@pytest.mark.parametrize("is_reused", [False, True])
def test_a_socket_that_lives_on_elsewhere_wakes_nobody_for_ever(loop: Loop, is_reused: bool) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            await read_often(loop, near, far)
            number = near.fileno()
            copy = near.dup()
            near.close()
            with copy:
                others = socket.socketpair() if is_reused else ()
                for other in others:
                    other.setblocking(False)
                if others:
                    assert number in (others[0].fileno(), others[1].fileno())
                    await read_often(loop, others[0], others[1])
                    await read_often(loop, others[1], others[0])
                far.send(b"for the copy")
                before = time.thread_time()
                await asyncio.sleep(0.3)
                assert time.thread_time() - before < 0.15
                assert os.read(copy.fileno(), 100) == b"for the copy"
                for other in others:
                    other.close()

    run(loop, main())
