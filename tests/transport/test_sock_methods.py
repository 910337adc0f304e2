"""`sock_recv`, `sock_recv_into`, `sock_sendall`, `sock_connect` and `sock_accept` on plain sockets."""

import asyncio
import hashlib
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from .peers import (
    LOOPBACK,
    Peer,
    RecordingProtocol,
    connected_sockets,
    connection,
    listening_socket,
    refusing_port,
    run,
    silent_listener,
    turns,
)

Loop = asyncio.AbstractEventLoop
ResolveAs = Callable[[str, list[tuple[str, int]]], None]


@pytest.mark.exact_calls
def test_recv_returns_at_most_what_was_asked_for_and_then_the_rest(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            far.send(b"abcdef")
            assert await loop.sock_recv(near, 4) == b"abcd"
            assert await loop.sock_recv(near, 4) == b"ef"
            far.shutdown(socket.SHUT_WR)
            assert await loop.sock_recv(near, 4) == b""

    run(loop, main())


def test_recv_waits_for_bytes(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            receiving = asyncio.ensure_future(loop.sock_recv(near, 100))
            await turns()
            assert not receiving.done()
            far.send(b"x")
            assert await receiving == b"x"

    run(loop, main())


@pytest.mark.exact_calls
def test_recv_into_fills_a_buffer_and_returns_the_count(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            buffer = bytearray(b"-" * 8)
            receiving = asyncio.ensure_future(loop.sock_recv_into(near, buffer))
            await turns()
            far.send(b"abc")
            assert await receiving == 3
            assert buffer == b"abc-----"
            far.send(b"de")
            assert await loop.sock_recv_into(near, memoryview(buffer)[4:]) == 2
            assert buffer == b"abc-de--"
            buffer.clear()  # nobody holds it any more
            far.shutdown(socket.SHUT_WR)
            assert await loop.sock_recv_into(near, bytearray(4)) == 0

    run(loop, main())


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview], ids=lambda make: make.__name__)
def test_sendall_sends_every_byte_of_a_large_buffer(loop: Loop, make: Callable[[bytes], Any]) -> None:
    data = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(1 << 17))

    async def main() -> None:
        with connected_sockets() as (near, far):
            sending = asyncio.ensure_future(loop.sock_sendall(near, make(data)))
            await turns()
            assert not sending.done()
            assert await Peer(far).receive(len(data)) == data
            assert await sending is None
            assert await loop.sock_sendall(near, b"") is None

    run(loop, main())


def test_both_directions_of_one_socket_at_once(loop: Loop) -> None:
    size = 1 << 21

    async def echo(sock: socket.socket) -> None:
        while data := await loop.sock_recv(sock, 1 << 16):
            await loop.sock_sendall(sock, data)
        sock.shutdown(socket.SHUT_WR)

    async def receive(sock: socket.socket) -> int:
        count = 0
        while data := await loop.sock_recv(sock, 1 << 16):
            count += len(data)
        return count

    async def main() -> None:
        with connected_sockets() as (near, far):
            echoing = asyncio.ensure_future(echo(far))
            receiving = asyncio.ensure_future(receive(near))
            await loop.sock_sendall(near, bytes(size))
            near.shutdown(socket.SHUT_WR)
            assert await receiving == size
            await echoing

    run(loop, main())


@pytest.mark.exact_calls
def test_connect_and_accept(loop: Loop) -> None:
    async def main() -> None:
        with listening_socket() as listener, socket.socket() as client:
            client.setblocking(False)
            accepting = asyncio.ensure_future(loop.sock_accept(listener))
            assert await loop.sock_connect(client, listener.getsockname()) is None
            accepted, address = await accepting
            with accepted:
                assert address == client.getsockname()
                assert isinstance(accepted, socket.socket)
                assert accepted.gettimeout() == 0
                assert not accepted.get_inheritable()
                await loop.sock_sendall(client, b"hello")
                assert await loop.sock_recv(accepted, 10) == b"hello"

    run(loop, main())


def test_connect_over_ipv6(loop: Loop) -> None:
    async def main() -> None:
        with listening_socket("::1", family=socket.AF_INET6) as listener:
            for address in (listener.getsockname(), listener.getsockname()[:2]):
                with socket.socket(socket.AF_INET6) as client:
                    client.setblocking(False)
                    await loop.sock_connect(client, address)
                    accepted, peer = await loop.sock_accept(listener)
                    accepted.close()
                    assert peer == client.getsockname()

    run(loop, main())


def test_connect_over_a_unix_socket(loop: Loop, tmp_path: Any) -> None:
    async def main() -> None:
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
            listener.bind(str(tmp_path / "socket"))
            listener.listen()
            listener.setblocking(False)
            client.setblocking(False)
            await loop.sock_connect(client, str(tmp_path / "socket"))
            accepted, _ = await loop.sock_accept(listener)
            accepted.close()

    run(loop, main())


def test_connect_resolves_a_name(loop: Loop, resolve_as: ResolveAs) -> None:
    async def main() -> None:
        with listening_socket() as listener, socket.socket() as client:
            resolve_as("server.test", [listener.getsockname()])
            client.setblocking(False)
            await loop.sock_connect(client, ("server.test", 80))
            assert client.getpeername() == listener.getsockname()

    run(loop, main())


def test_a_refused_connect_names_the_address(loop: Loop) -> None:
    async def main() -> None:
        with refusing_port() as port, socket.socket() as client:
            client.setblocking(False)
            with pytest.raises(ConnectionRefusedError) as error:
                await loop.sock_connect(client, (LOOPBACK, port))
            assert str(error.value).endswith(f"Connect call failed ('{LOOPBACK}', {port})")

    run(loop, main())


def test_a_reset_peer_is_an_error_of_recv_and_sendall(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            receiving = asyncio.ensure_future(loop.sock_recv(near, 10))
            await turns()
            Peer(far).reset()
            with pytest.raises(ConnectionResetError):
                await receiving
        with connected_sockets() as (near, far):
            sending = asyncio.ensure_future(loop.sock_sendall(near, bytes(1 << 24)))
            await turns()
            assert not sending.done()
            Peer(far).reset()
            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                await sending

    run(loop, main())


Waiting = Callable[[Loop, socket.socket], Coroutine[Any, Any, Any]]


@pytest.mark.parametrize(
    "start",
    [
        lambda loop, sock: loop.sock_recv(sock, 10),
        lambda loop, sock: loop.sock_recv_into(sock, bytearray(10)),
        lambda loop, sock: loop.sock_sendall(sock, bytes(1 << 24)),
    ],
    ids=["recv", "recv_into", "sendall"],
)
@pytest.mark.exact_calls
def test_a_cancelled_wait_frees_the_descriptor(loop: Loop, start: Waiting) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            waiting = asyncio.ensure_future(start(loop, near))
            await turns()
            assert not waiting.done()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert not loop.remove_reader(near)
            assert not loop.remove_writer(near)
            far.send(b"later")
            assert await loop.sock_recv(near, 10) == b"later"

    run(loop, main())


def test_a_cancelled_connect_and_accept_free_their_descriptors(loop: Loop) -> None:
    async def main() -> None:
        with listening_socket() as listener, silent_listener() as address, socket.socket() as client:
            client.setblocking(False)
            waiting: list[asyncio.Task[Any]] = [
                loop.create_task(loop.sock_accept(listener)),
                loop.create_task(loop.sock_connect(client, address)),
            ]
            await turns()
            for each in waiting:
                assert not each.done()
                each.cancel()
            await asyncio.wait(waiting)
            assert all(each.cancelled() for each in waiting)
            assert not loop.remove_reader(listener)
            assert not loop.remove_writer(client)
            with socket.create_connection(listener.getsockname()):
                accepted, _ = await loop.sock_accept(listener)
                accepted.close()

    run(loop, main())


@pytest.mark.only_ouroloop
@pytest.mark.exact_calls  # the kernel may give a part of the bytes, and keep the rest
def test_cancellation_in_the_turn_that_delivers_the_bytes_loses_none(loop: Loop) -> None:
    """Either the task gets the bytes, or they are still there for the next reader.

    The standard library drops what it has read when the task is cancelled before it runs.
    """

    async def main() -> None:
        with connected_sockets() as (near, far):
            for rounds in range(8):
                receiving = asyncio.ensure_future(loop.sock_recv(near, 10))
                await turns(2)
                far.send(b"precious")
                await turns(rounds % 4)
                receiving.cancel()
                await asyncio.wait({receiving})
                received = near.recv(10) if receiving.cancelled() else receiving.result()
                assert received == b"precious"

    run(loop, main())


def test_a_reader_beside_sendall_is_undisturbed(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            readable: list[bytes] = []
            loop.add_reader(near, lambda: readable.append(near.recv(10)))
            sending = asyncio.ensure_future(loop.sock_sendall(near, bytes(1 << 22)))
            await turns()
            far.send(b"meanwhile")
            await Peer(far).receive(1 << 22)
            await sending
            far.send(b"and after")
            while len(readable) < 2:
                await turns(1)
            assert readable == [b"meanwhile", b"and after"]
            assert loop.remove_reader(near)

    run(loop, main())


def test_recv_takes_the_place_of_a_reader(loop: Loop) -> None:
    """One reader a descriptor: the later one replaces the earlier, and leaves none behind."""

    async def main() -> None:
        with connected_sockets() as (near, far):
            called: list[str] = []
            loop.add_reader(near, called.append, "reader")
            receiving = asyncio.ensure_future(loop.sock_recv(near, 10))
            await turns(2)
            far.send(b"x")
            assert await receiving == b"x"
            assert called == []
            assert not loop.remove_reader(near)

    run(loop, main())


def test_a_reader_takes_the_place_of_recv_and_survives_its_cancellation(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            receiving = asyncio.ensure_future(loop.sock_recv(near, 10))
            await turns(2)
            called = asyncio.Event()
            loop.add_reader(near, called.set)
            receiving.cancel()
            await asyncio.wait({receiving})
            far.send(b"x")
            await called.wait()
            assert loop.remove_reader(near)

    run(loop, main())


def test_a_transport_beside_plain_sockets(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (_, protocol, peer):
            with connected_sockets() as (near, far):
                receiving = asyncio.ensure_future(loop.sock_recv(near, 10))
                await peer.send(b"x")
                assert await protocol.receive(1) == b"x"
                far.send(b"y")
                assert await receiving == b"y"

    run(loop, main())
