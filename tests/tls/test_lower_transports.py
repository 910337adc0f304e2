"""TLS over a transport of the program's own, which delivers each write before it returns."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ouroloop.tls.machine import TlsMachine
from ouroloop.tls.states import State
from ouroloop.tls.transport import TlsTransport
from ouroloop.tls.wire_protocol import WireProtocol

from .peers import eventually, run
from .test_machine import OwnObject

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


def test_other_code_that_runs_during_unwrap_does_not_touch_what_is_to_be_sent(
    loop, server_context, client_context
):
    server, other = Answering(lambda _: b""), Answering(lambda _: b"")

    async def main() -> None:
        drawer, client = shaken(loop, server, server_context, client_context)
        other_drawer, other_client = shaken(loop, other, server_context, client_context)

        def intrude(frame: Any, event: str, _: object) -> None:
            # As a finalizer or a signal's handler would.
            if event == "call" and frame.f_code.co_name == "unwrap":
                sys.setprofile(None)
                other.transport.write(b"other " * 5_000)
                other.transport.close()

        server.transport.set_write_buffer_limits(1 << 20)
        server.transport.write(b"first " * 1_000)
        sys.setprofile(intrude)
        try:
            server.transport.close()
        finally:
            sys.setprofile(None)
        assert other.transport.is_closing()
        assert client.receive(drawer.take()) == b"first " * 1_000
        assert other_client.receive(other_drawer.take()) == b"other " * 5_000
        server.transport.abort()
        other.transport.abort()
        await eventually(lambda: server.lost and other.lost)

    run(loop, main())


class ReadsElsewhere(Answering):
    """Reads from another socket within its callback."""

    def __init__(self, loop: Any, sock: socket.socket) -> None:
        super().__init__(lambda _: b"")
        self.loop = loop
        self.sock = sock
        self.elsewhere: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.elsewhere:
            try:
                self.loop.sock_recv(self.sock, 65536).send(None)
            except StopIteration as done:
                self.elsewhere.append(done.value)


@pytest.mark.exact_calls  # what is read elsewhere must be there at once
def test_reading_elsewhere_within_a_callback_leaves_the_rest_of_the_cipher_text(
    loop, server_context, client_context
):
    async def main() -> None:
        near, far = socket.socketpair()
        with near, far:
            near.setblocking(False)
            far.sendall(b"elsewhere " * 5_000)
            protocol = ReadsElsewhere(loop, near)
            server = await loop.create_server(lambda: protocol, "127.0.0.1", 0, ssl=server_context)
            client = TlsMachine(client_context, server_hostname="localhost")
            with socket.create_connection(server.sockets[0].getsockname()) as sock:
                sock.setblocking(False)
                client.begin()
                while client.state != State.OPEN:
                    await loop.sock_sendall(sock, client.to_send())
                    client.receive(await loop.sock_recv(sock, 65536))
                await loop.sock_sendall(sock, client.to_send())
                await eventually(lambda: hasattr(protocol, "transport"))
                client.send(b"one " * 100)
                first = client.to_send()
                client.send(b"two " * 2_000)
                second = client.to_send()
                # A record and half of the next are read at once.
                await loop.sock_sendall(sock, first + second[:4_000])
                await eventually(lambda: protocol.elsewhere)
                await loop.sock_sendall(sock, second[4_000:])
                await eventually(lambda: len(protocol.heard) == 8_400 or protocol.lost)
                assert protocol.heard == b"one " * 100 + b"two " * 2_000
                assert protocol.elsewhere[0].startswith(b"elsewhere ")
                protocol.transport.abort()
                await eventually(lambda: protocol.lost)
            server.close()
            await server.wait_closed()

    run(loop, main())


class Patient(OwnObject):
    """Has something else to wait for before it shakes hands."""

    may_go_on = False

    def do_handshake(self) -> None:
        if not self.may_go_on:
            raise ssl.SSLWantReadError
        super().do_handshake()


def test_handshake_that_waits_for_something_else_does_not_stop_the_loop(loop, server_context, client_context):
    server_context.sslobject_class = Patient
    server = Answering(lambda _: b"")

    async def main() -> None:
        drawer, client = Drawer(), TlsMachine(client_context, server_hostname="localhost")
        transport = TlsTransport(loop, server, server_context, server_side=True)
        drawer.wire = WireProtocol(transport)
        drawer.wire.connection_made(drawer)
        client.begin()
        flight = client.to_send()
        drawer.wire.data_received(flight[:50])
        drawer.wire.data_received(flight[50:60])
        Patient.may_go_on = True
        try:
            drawer.wire.data_received(flight[60:])
        finally:
            Patient.may_go_on = False
        client.receive(drawer.take())
        assert client.state == State.OPEN
        transport.abort()
        await eventually(lambda: drawer.is_closed)

    run(loop, main())
