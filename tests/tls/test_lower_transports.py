"""TLS over a transport of the program's own, which delivers each write before it returns."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ouroloop.tls.machine import TlsMachine
from ouroloop.tls.states import State
from ouroloop.tls.transport import TlsTransport
from ouroloop.tls.wire_protocol import WireProtocol

from .peers import eventually, run

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.only_ouroloop

TURNS = 50


class Cable(asyncio.Transport):
    """One end of a pair whose other end has every byte at once, inside whatever its writer is doing."""

    def __init__(self) -> None:
        super().__init__()
        self.wire: Any = None
        self.other: Cable | None = None
        self.is_closed = False

    def write(self, data: Any) -> None:
        assert self.other is not None
        if not self.other.is_closed:
            self.other.wire.data_received(bytes(data))

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            asyncio.get_running_loop().call_soon(self.wire.connection_lost, None)

    def is_closing(self) -> bool:
        return self.is_closed

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Answering(asyncio.Protocol):
    """Answers each piece with the next one of its own."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.heard = bytearray()
        self.lost = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        # Each write goes out inside the callback that makes it.
        transport.set_write_buffer_limits(0)

    def data_received(self, data: bytes) -> None:
        self.heard += data
        if answer := self.answer(data):
            self.transport.write(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


def plugged(loop: Any, client: Any, server: Any, client_context: Any, server_context: Any) -> None:
    ends = Cable(), Cable()
    ends[0].other, ends[1].other = ends[1], ends[0]
    server_side = TlsTransport(loop, server, server_context, server_side=True)
    client_side = TlsTransport(loop, client, client_context, server_hostname="localhost")
    for cable, transport in zip(ends, (client_side, server_side), strict=True):
        cable.wire = WireProtocol(transport)
    ends[1].wire.connection_made(ends[1])
    ends[0].wire.connection_made(ends[0])


@pytest.mark.parametrize("size", [1, 1000, 100_000])
def test_answers_that_come_inside_a_callback_keep_their_order(loop, server_context, client_context, size):
    count = 0

    def next_piece(_: bytes) -> bytes:
        nonlocal count
        count += 1
        return b"" if count > TURNS else (b"%d " % count) * (size // 2 + 1)

    async def main() -> None:
        server, client = Answering(lambda data: data), Answering(next_piece)
        plugged(loop, client, server, client_context, server_context)
        await asyncio.sleep(0)
        client.transport.write(b"start")
        await eventually(lambda: count > TURNS)
        assert server.heard.startswith(b"start")
        # What was echoed is what was sent, and in that order.
        assert client.heard == server.heard
        client.transport.close()
        await eventually(lambda: client.lost and server.lost)

    run(loop, main())


class Interrupted(asyncio.BufferedProtocol):
    """Is interrupted when the first piece has come, as by Ctrl-C."""

    def __init__(self) -> None:
        self.room = bytearray(1000)
        self.heard = bytearray()
        self.lost = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.room

    def buffer_updated(self, count: int) -> None:
        is_first = not self.heard
        self.heard += self.room[:count]
        if is_first:
            raise KeyboardInterrupt

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


def test_interrupt_loses_no_byte(loop, server_context, client_context):
    client, server = Interrupted(), Answering(lambda _: b"")

    async def first() -> None:
        plugged(loop, client, server, client_context, server_context)
        await asyncio.sleep(0)
        server.transport.write(b"0123456789" * 10_000)

    async def second() -> None:
        server.transport.write(b"the end")
        await eventually(lambda: client.heard.endswith(b"the end"))
        assert client.heard == b"0123456789" * 10_000 + b"the end"
        client.transport.abort()
        server.transport.abort()
        await eventually(lambda: client.lost and server.lost)

    with pytest.raises(KeyboardInterrupt):
        # Without a time limit: it waits for nothing, and who waits for it would be interrupted in the second run.
        loop.run_until_complete(first())
    run(loop, second())


class Drawer(Cable):
    """A lower transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = bytearray()

    def write(self, data: Any) -> None:
        self.kept += data

    def take(self) -> bytes:
        data = bytes(self.kept)
        self.kept.clear()
        return data


class WritesAtTheEnd(Answering):
    """Writes to another connection when its own peer has closed."""

    other: Any = None

    def eof_received(self) -> None:
        self.other.set_write_buffer_limits(0)
        self.other.write(b"other " * 5_000)


def shaken(loop: Any, server: Any, server_context: Any, client_context: Any) -> tuple[Drawer, TlsMachine]:
    """A server's connection whose peer is a machine, after the handshake."""
    drawer, client = Drawer(), TlsMachine(client_context, server_hostname="localhost")
    drawer.wire = WireProtocol(TlsTransport(loop, server, server_context, server_side=True))
    drawer.wire.connection_made(drawer)
    client.begin()
    while True:
        client.receive(drawer.take())
        flight = client.to_send()
        if not flight:
            return drawer, client
        drawer.wire.data_received(flight)


def test_what_one_connection_sends_is_not_in_the_way_of_another(loop, server_context, client_context):
    server, other = WritesAtTheEnd(lambda _: b""), Answering(lambda _: b"")

    async def main() -> None:
        drawer, client = shaken(loop, server, server_context, client_context)
        other_drawer, other_client = shaken(loop, other, server_context, client_context)
        server.other = other.transport
        server.transport.pause_reading()
        client.close()
        drawer.wire.data_received(client.to_send())
        # The peer's close_notify is only found when what was written before has been encrypted.
        server.transport.write(b"first " * 1_000)
        server.transport.close()
        client.receive(drawer.take())
        assert client.state == State.ENDED
        assert other_client.receive(other_drawer.take()) == b"other " * 5_000
        other.transport.abort()
        await eventually(lambda: server.lost and other.lost)

    run(loop, main())
