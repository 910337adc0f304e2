"""The order in which a stream transport calls its protocol, and how often."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from .peers import (
    EchoProtocol,
    Peer,
    RecordingProtocol,
    connected_sockets,
    connection,
    eventually,
    run,
    turns,
)

Loop = asyncio.AbstractEventLoop


def test_bytes_come_back_from_an_echo(loop: Loop) -> None:
    async def main() -> None:
        async with connection(EchoProtocol) as (_, _, peer):
            for message in (b"a", b"\x00" * 1000, bytes(range(256)) * 64):
                await peer.send(message)
                assert await peer.receive(len(message)) == message

    run(loop, main())


def test_callbacks_come_in_order_and_the_last_one_once(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (_, protocol, peer):
            await peer.send(b"hello")
            assert await protocol.receive(5) == b"hello"
            peer.finish_writing()
            assert await protocol.lost is None
            await turns()
            assert protocol.calls == ["connection_made", "data_received", "eof_received", "connection_lost"]

    run(loop, main())


def test_connection_made_has_run_when_create_connection_returns(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, _):
            assert protocol.calls == ["connection_made"]
            assert protocol.transport is transport
            assert transport.get_protocol() is protocol

    run(loop, main())


@pytest.mark.exact_calls
def test_data_that_was_there_before_the_transport_comes_after_connection_made(loop: Loop) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            far.send(b"early")
            far.shutdown(socket.SHUT_WR)
            _, protocol = await loop.create_connection(RecordingProtocol, sock=near)
            assert await protocol.lost is None
            assert protocol.calls == ["connection_made", "data_received", "eof_received", "connection_lost"]
            assert protocol.received == b"early"

    run(loop, main())


def test_data_and_end_of_stream_that_arrive_together_are_both_delivered(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (_, protocol, peer):
            peer.sock.send(b"last words")
            peer.close()
            assert await protocol.lost is None
            assert protocol.received == b"last words"
            assert protocol.calls[-2:] == ["eof_received", "connection_lost"]

    run(loop, main())


def test_every_byte_arrives_before_the_end_of_the_stream(loop: Loop) -> None:
    data = bytes(range(256)) * 4096 * 2

    async def main() -> None:
        async with connection(RecordingProtocol) as (_, protocol, peer):
            await peer.send(data)
            peer.finish_writing()
            assert await protocol.lost is None
            assert protocol.received == data

    run(loop, main())


def test_a_reset_by_the_peer_reaches_connection_lost_and_is_not_reported(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (_, protocol, peer):
            peer.reset()
            assert type(await protocol.lost) is ConnectionResetError
            assert protocol.calls == ["connection_made", "connection_lost"]

    run(loop, main())


class FirstCall(RecordingProtocol):
    """Calls a method of its transport in one of its callbacks."""

    def __init__(self, callback: str, method: str) -> None:
        super().__init__()
        self.callback = callback
        self.method = method

    def act(self, callback: str) -> None:
        if callback == self.callback:
            assert self.transport is not None
            getattr(self.transport, self.method)()
            assert self.transport.is_closing()
            assert not self.lost.done(), "connection_lost must wait until the callback has returned"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.act("connection_made")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.act("data_received")

    def eof_received(self) -> bool | None:
        super().eof_received()
        self.act("eof_received")
        return True


@pytest.mark.parametrize("method", ["close", "abort"])
def test_a_transport_closed_in_connection_made_receives_nothing(loop: Loop, method: str) -> None:
    async def main() -> None:
        with connected_sockets() as (near, far):
            far.send(b"too late")
            transport, protocol = await loop.create_connection(
                lambda: FirstCall("connection_made", method), sock=near
            )
            assert transport.is_closing()
            assert await protocol.lost is None
            await turns()
            assert protocol.calls == ["connection_made", "connection_lost"]

    run(loop, main())


@pytest.mark.parametrize("method", ["close", "abort"])
def test_a_transport_closed_in_data_received_receives_no_more(loop: Loop, method: str) -> None:
    async def main() -> None:
        async with connection(lambda: FirstCall("data_received", method)) as (_, protocol, peer):
            peer.sock.send(b"x" * 100_000)
            peer.sock.shutdown(socket.SHUT_WR)
            assert await protocol.lost is None
            await turns()
            assert protocol.calls == ["connection_made", "data_received", "connection_lost"]

    run(loop, main())


@pytest.mark.parametrize("method", ["close", "abort"])
def test_a_transport_closed_in_eof_received_closes_once(loop: Loop, method: str) -> None:
    async def main() -> None:
        async with connection(lambda: FirstCall("eof_received", method)) as (_, protocol, peer):
            peer.finish_writing()
            assert await protocol.lost is None
            await turns()
            assert protocol.calls == ["connection_made", "eof_received", "connection_lost"]

    run(loop, main())


@pytest.mark.parametrize("method", ["close", "abort"])
def test_connection_lost_waits_for_the_next_turn_of_the_loop(loop: Loop, method: str) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, _):
            getattr(transport, method)()
            assert transport.is_closing()
            assert protocol.calls == ["connection_made"]
            assert await protocol.lost is None

    run(loop, main())


def test_nothing_is_called_after_connection_lost(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            transport.abort()
            await protocol.lost
            calls = list(protocol.calls)
            for method in (
                transport.close,
                transport.abort,
                transport.pause_reading,
                transport.resume_reading,
            ):
                method()
            transport.write(b"into the void")
            peer.sock.close()
            await turns(10)
            assert protocol.calls == calls

    run(loop, main())


def test_callbacks_run_in_the_thread_of_the_running_loop(loop: Loop) -> None:
    seen: list[tuple[str, Any, int]] = []

    class Observer(RecordingProtocol):
        def note(self, name: str) -> None:
            seen.append((name, asyncio.get_running_loop(), threading.get_ident()))

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self.note("made")

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self.note("data")

        def connection_lost(self, exc: BaseException | None) -> None:
            super().connection_lost(exc)
            self.note("lost")

    async def main() -> None:
        async with connection(Observer) as (_, protocol, peer):
            await peer.send(b"x")
            peer.finish_writing()
            await protocol.lost

    run(loop, main())
    thread = threading.get_ident()
    assert seen == [("made", loop, thread), ("data", loop, thread), ("lost", loop, thread)]


def test_no_task_is_current_in_a_callback(loop: Loop) -> None:
    seen: list[asyncio.Task[Any] | None] = []

    class Observer(RecordingProtocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            seen.append(asyncio.current_task())

    async def main() -> None:
        async with connection(Observer) as (_, _, peer):
            await peer.send(b"x")
            await eventually(lambda: seen)

    run(loop, main())
    assert seen == [None]


def test_two_ready_connections_are_both_served(loop: Loop) -> None:
    """One busy connection does not keep the loop from the other."""

    async def flood(peer: Peer) -> None:
        while True:
            await peer.send(bytes(1 << 16))

    async def main() -> None:
        async with connection(RecordingProtocol) as (_, _, busy), connection(EchoProtocol) as (_, _, quiet):
            flooding = asyncio.ensure_future(flood(busy))
            for number in range(20):
                await quiet.send(b"%d" % number)
                assert await quiet.receive(len(str(number))) == b"%d" % number
            flooding.cancel()
            await asyncio.wait({flooding})

    run(loop, main())
