"""`start_tls`: a connection that is open goes on in TLS, with what was written and read before; TLS in TLS."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from .peers import LOOPBACK, EchoProtocol, RecordingProtocol, connected, connected_sockets, run, turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Loop = asyncio.AbstractEventLoop


@contextlib.asynccontextmanager
async def plain_ends(loop: Loop, far: Any = RecordingProtocol) -> AsyncIterator[tuple[Any, Any]]:
    """The protocols at both ends of a connection without TLS."""
    with connected_sockets() as (near_socket, far_socket):
        _, near = await loop.create_connection(RecordingProtocol, sock=near_socket.dup())
        _, other = await loop.connect_accepted_socket(far, far_socket.dup())
    try:
        yield near, other
    finally:
        near.transport.close()
        other.transport.close()
        await near.lost
        await other.lost


async def upgrade(loop: Loop, near: Any, far: Any, client_context: Any, server_context: Any) -> None:
    """Both ends go on in TLS; `transport` of each is the new one."""
    near.transport, far.transport = await asyncio.gather(
        loop.start_tls(near.transport, near, client_context, server_hostname="localhost"),
        loop.start_tls(far.transport, far, server_context, server_side=True),
    )


def test_connection_goes_on_in_tls(loop, server_context, client_context):
    async def main() -> None:
        async with plain_ends(loop, EchoProtocol) as (near, far):
            near.transport.write(b"plain")
            assert await near.receive(5) == b"plain"
            await upgrade(loop, near, far, client_context, server_context)
            assert near.transport.get_extra_info("ssl_object").version()
            near.transport.write(b"secret")
            assert await near.receive(6) == b"secret"
        # A connection is made once, in whatever it goes on.
        for protocol in (near, far):
            assert protocol.calls.count("connection_made") == protocol.calls.count("connection_lost") == 1

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's fails an assertion, and leaves the protocol paused
def test_what_was_written_before_goes_before(loop, server_context, client_context):
    size = 20_000_000  # more than the kernel holds

    def serve(sock: socket.socket) -> bytes:
        sock.setblocking(True)
        sock.settimeout(10)
        left = size
        while left:
            left -= len(sock.recv(left))
        with server_context.wrap_socket(sock, server_side=True) as secure:
            return secure.recv(6)

    async def main() -> None:
        with connected_sockets() as (near_socket, far_socket):
            _, near = await loop.create_connection(RecordingProtocol, sock=near_socket.dup())
            near.transport.write(b"x" * size)
            assert near.transport.get_write_buffer_size()
            serving = loop.run_in_executor(None, serve, far_socket)
            transport = await loop.start_tls(
                near.transport, near, client_context, server_hostname="localhost"
            )
            transport.write(b"secret")
            assert await serving == b"secret"
            assert near.calls[:3] == ["connection_made", "pause_writing", "resume_writing"]
            transport.close()
            await near.lost

    run(loop, main())


@pytest.mark.reference_since(3, 15)
def test_stream_that_has_read_the_clients_first_flight_loses_nothing(loop, server_context, certificate):
    check_first_flight(loop, asyncio.start_server, server_context, certificate)


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("limit", [64, 65536])  # the smaller one stops the transport, which must go on
def test_stream_of_ours_that_has_read_the_clients_first_flight_loses_nothing(
    loop, server_context, certificate, limit
):
    from ouroloop.asyncio import start_server

    check_first_flight(loop, functools.partial(start_server, limit=limit), server_context, certificate)


def check_first_flight(loop: Loop, start_server: Any, server_context: Any, certificate: Any) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"STARTTLS\n"
        await asyncio.sleep(0.05)  # the client's first flight is in the reader's buffer by now
        await writer.start_tls(server_context)
        writer.write(await reader.readexactly(5))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        server = await start_server(handle, LOOPBACK, 0)
        address = server.sockets[0].getsockname()
        echoed = await loop.run_in_executor(None, eager_client, address)
        assert echoed == b"hello"
        server.close()
        await server.wait_closed()

    def eager_client(address: Any) -> bytes:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = certificate.client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
        with socket.create_connection(address, timeout=10) as sock:
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
            sock.sendall(b"STARTTLS\n" + outgoing.read())
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    incoming.write(sock.recv(65536))
            tls.write(b"hello")
            sock.sendall(outgoing.read())
            while True:
                try:
                    return tls.read(5)
                except ssl.SSLWantReadError:
                    incoming.write(sock.recv(65536))

    run(loop, main())


def test_tls_in_tls(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context) as ends:
            await upgrade(loop, ends.near, ends.far, client_context, server_context)
            data = bytes(range(256)) * 8000
            ends.near.transport.write(b"small")
            ends.near.transport.write(data)
            assert await ends.near.receive(5 + len(data)) == b"small" + data
            outer = ends.transport.get_extra_info("ssl_object")
            inner = ends.near.transport.get_extra_info("ssl_object")
            assert outer is not inner
            ends.near.transport.close()
            assert await ends.near.lost is None
            assert await ends.far.lost is None

    run(loop, main())


def test_tls_in_tls_keeps_records_apart_that_come_many_at_once(loop, server_context, client_context):
    async def main() -> None:
        async with await connected(server_context, client_context, RecordingProtocol) as ends:
            await upgrade(loop, ends.near, ends.far, client_context, server_context)
            outer = ends.far.transport
            data = b"".join(bytes([number % 251]) * (number * 313 % 30_000) for number in range(1000))
            ends.near.transport.write(data[:1000])
            assert await ends.far.receive(1000) == data[:1000]
            for turn in range(1000, len(data), 700_001):
                outer.pause_reading()
                ends.near.transport.write(data[turn : turn + 700_001])
                await asyncio.sleep(0.005)
                outer.resume_reading()
            assert await ends.far.receive(len(data) - 1000) == data[1000:]
            ends.near.transport.close()
            assert await ends.near.lost is None

    run(loop, main())


def test_stream_upgrades_both_ways(loop, server_context, client_context):
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"STARTTLS\n"
        writer.write(b"GO\n")
        await writer.start_tls(server_context)
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        server = await asyncio.start_server(handle, LOOPBACK, 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"STARTTLS\n")
        assert await reader.readline() == b"GO\n"
        await writer.start_tls(client_context, server_hostname="localhost")
        writer.write(b"hello\n")
        assert await reader.read() == b"hello\n"
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()

    run(loop, main())


def test_what_is_no_context_is_refused(loop):
    async def main() -> None:
        async with plain_ends(loop) as (near, _):
            with pytest.raises(
                TypeError, match=r"^sslcontext is expected to be an instance of ssl.SSLContext, got None$"
            ):
                await loop.start_tls(near.transport, near, None)  # type: ignore[arg-type]

    run(loop, main())


def test_transport_of_another_kind_is_refused(loop, client_context):
    async def main() -> None:
        with pytest.raises(TypeError, match=r"^transport .* is not supported by start_tls\(\)$"):
            await loop.start_tls(asyncio.Transport(), asyncio.Protocol(), client_context)

    run(loop, main())


class Carrier(asyncio.Transport):
    """A transport of another make, which carries what is written to it into its peer's protocol."""

    _start_tls_compatible = True

    def __init__(self, loop: Loop, protocol: Any) -> None:
        super().__init__()
        self.loop = loop
        self.protocol = protocol
        self.peer: Any = None
        self.closing = False

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: Any) -> None:
        self.loop.call_soon(self.peer.protocol.data_received, bytes(data))

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self.loop.call_soon(self.protocol.connection_lost, None)

    abort = close


@pytest.mark.only_ouroloop  # the standard library's wants a transport that reads into buffers
def test_transport_of_another_make_carries_tls(loop, server_context, client_context):
    async def main() -> None:
        near, far = RecordingProtocol(), EchoProtocol()
        near.transport, far.transport = Carrier(loop, near), Carrier(loop, far)
        near.transport.peer, far.transport.peer = far.transport, near.transport
        await upgrade(loop, near, far, client_context, server_context)
        data = bytes(1_000_000)
        near.transport.write(data)
        assert await near.receive(len(data)) == data
        near.transport.close()
        assert await near.lost is None
        assert await far.lost is None

    run(loop, main())


def test_failed_handshake_ends_the_connection(loop, foreign_certificate, client_context):
    async def main() -> None:
        async with plain_ends(loop) as (near, far):
            upgrades = await asyncio.gather(
                loop.start_tls(near.transport, near, client_context, server_hostname="localhost"),
                loop.start_tls(far.transport, far, foreign_certificate.server_context(), server_side=True),
                return_exceptions=True,
            )
            assert isinstance(upgrades[0], ssl.SSLCertVerificationError)
            assert isinstance(upgrades[1], (ssl.SSLError, ConnectionError))
            await near.lost
            await far.lost
            await turns()
        assert near.calls.count("connection_lost") == far.calls.count("connection_lost") == 1

    run(loop, main())


@pytest.mark.only_ouroloop  # the standard library's never tells a protocol that was connected before
def test_handshake_that_takes_too_long_ends_the_connection(loop, client_context):
    async def main() -> None:
        async with plain_ends(loop) as (near, far):
            with pytest.raises(
                ConnectionAbortedError,
                match=r"^SSL handshake is taking longer than 0.05 seconds: aborting the connection$",
            ):
                await loop.start_tls(
                    near.transport, near, client_context, server_hostname="x", ssl_handshake_timeout=0.05
                )
            assert isinstance(await near.lost, ConnectionAbortedError)
            await far.lost

    run(loop, main())


@pytest.mark.only_ouroloop  # as above
def test_cancelled_upgrade_closes_the_connection(loop, client_context):
    async def main() -> None:
        async with plain_ends(loop) as (near, far):
            upgrade = loop.create_task(
                loop.start_tls(near.transport, near, client_context, server_hostname="x")
            )
            await turns()
            upgrade.cancel()
            with pytest.raises(asyncio.CancelledError):
                await upgrade
            await near.lost
            await far.lost

    run(loop, main())
