"""What a transport says about itself: names, socket, classes and repr."""

import asyncio
import asyncio.trsock
import re
import socket
import weakref
from typing import Any

import pytest

from .peers import (
    LOOPBACK,
    RecordingProtocol,
    Served,
    accept_from,
    block_writing,
    connection,
    listening_socket,
    run,
    turns,
)

Loop = asyncio.AbstractEventLoop


def test_a_stream_transport_is_an_asyncio_transport(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, _):
            assert isinstance(transport, asyncio.Transport)
            assert isinstance(transport, asyncio.ReadTransport)
            assert isinstance(transport, asyncio.WriteTransport)
            assert hash(transport) == hash(transport)
            assert weakref.ref(transport)() is transport

    run(loop, main())


def test_a_program_may_keep_things_on_a_transport_and_replace_its_methods(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            assert not hasattr(transport, "kept")
            transport.kept = "for later"
            assert transport.kept == "for later"
            written: list[bytes] = []
            transport.write = written.append
            transport.write(b"held back")
            del transport.write
            transport.write(b"sent")
            assert await peer.receive(4) == b"sent"
            assert written == [b"held back"]

    run(loop, main())


def test_names_of_both_ends(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            assert transport.get_extra_info("peername") == peer.sock.getsockname()
            assert transport.get_extra_info("sockname") == peer.sock.getpeername()

    run(loop, main())


def test_names_of_both_ends_over_ipv6(loop: Loop) -> None:
    async def main() -> None:
        with listening_socket("::1", family=socket.AF_INET6) as listener:
            transport, protocol = await loop.create_connection(RecordingProtocol, *listener.getsockname()[:2])
            with accept_from(listener) as far:
                assert transport.get_extra_info("peername") == far.getsockname()
                assert transport.get_extra_info("sockname") == far.getpeername()
                assert len(transport.get_extra_info("peername")) == 4
                transport.close()
                await protocol.lost

    run(loop, main())


def test_names_and_socket_of_an_accepted_connection(loop: Loop) -> None:
    made: list[RecordingProtocol] = []

    class Accepted(RecordingProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            assert isinstance(transport, asyncio.Transport)
            assert transport.get_extra_info("peername") == client.getsockname()
            assert transport.get_extra_info("sockname") == client.getpeername()
            assert isinstance(transport.get_extra_info("socket"), asyncio.trsock.TransportSocket)
            made.append(self)

    async def main() -> None:
        server = await loop.create_server(Accepted, LOOPBACK, 0)
        client.connect(server.sockets[0].getsockname())
        while not made:
            await turns(1)
        server.close()
        transport = made[0].transport
        assert transport is not None
        transport.close()
        await made[0].lost
        await turns(2)

    with socket.socket() as client:
        run(loop, main())
    assert len(made) == 1


def test_an_unknown_name_gives_the_default(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, _):
            default = object()
            assert transport.get_extra_info("no such thing") is None
            assert transport.get_extra_info("no such thing", default) is default
            assert transport.get_extra_info("no such thing", default=default) is default
            assert transport.get_extra_info("sslcontext") is None
            assert transport.get_extra_info("peername", default) is not default

    run(loop, main())


def test_names_stay_after_the_connection_was_lost(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, protocol, peer):
            names = [transport.get_extra_info(name) for name in ("peername", "sockname")]
            peer.close()
            await protocol.lost
            await turns(2)
            assert [transport.get_extra_info(name) for name in ("peername", "sockname")] == names
            sock = transport.get_extra_info("socket")
            assert sock.fileno() == -1
            assert repr(sock).startswith("<asyncio.TransportSocket fd=-1")

    run(loop, main())


def test_a_peer_that_is_gone_before_the_transport_is_made_has_no_name(loop: Loop) -> None:
    async def main() -> None:
        with listening_socket() as listener, socket.socket() as near:
            near.connect(listener.getsockname())
            far = accept_from(listener)
            near.shutdown(socket.SHUT_RDWR)
            far.close()
            await turns()
            try:
                expected = near.getpeername()
            except OSError:
                expected = None
            transport, protocol = await loop.create_connection(RecordingProtocol, sock=near)
            assert transport.get_extra_info("peername") == expected
            transport.abort()
            await protocol.lost

    run(loop, main())


def test_the_socket_shows_the_connection_and_forbids_what_would_break_it(loop: Loop) -> None:
    async def main() -> None:
        async with connection(RecordingProtocol) as (transport, _, peer):
            sock = transport.get_extra_info("socket")
            assert isinstance(sock, asyncio.trsock.TransportSocket)
            assert (sock.family, sock.type) == (socket.AF_INET, socket.SOCK_STREAM)
            assert sock.getpeername() == peer.sock.getsockname()
            assert sock.getsockname() == peer.sock.getpeername()
            assert sock.fileno() >= 0
            assert sock.gettimeout() == 0
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            with pytest.raises(ValueError, match="transport sockets cannot be blocking"):
                sock.setblocking(True)
            assert not hasattr(sock, "close")
            assert not hasattr(sock, "send")

    run(loop, main())


def test_a_connection_sends_small_writes_without_delay(loop: Loop) -> None:
    options: list[int] = []

    class Accepted(RecordingProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            sock = transport.get_extra_info("socket")
            options.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            super().connection_made(transport)

    async def main() -> None:
        served = Served(Accepted)
        server = await loop.create_server(served, LOOPBACK, 0)
        transport, protocol = await loop.create_connection(Accepted, *server.sockets[0].getsockname())
        while len(options) < 2:
            await turns(1)
        transport.close()
        server.close()
        await protocol.lost
        await served.ended()

    run(loop, main())
    assert all(options)
    assert len(options) == 2


def test_a_unix_socket_pair_is_a_stream_too(loop: Loop) -> None:
    async def main() -> None:
        near, far = socket.socketpair()
        with far:
            transport, protocol = await loop.create_connection(RecordingProtocol, sock=near)
            far.send(b"over a pair")
            assert await protocol.receive(11) == b"over a pair"
            assert transport.get_extra_info("socket").family == socket.AF_UNIX
            transport.close()
            await protocol.lost

    run(loop, main())


def test_repr_names_the_descriptor_and_what_is_polled(loop: Loop) -> None:
    async def main() -> Any:
        async with connection(RecordingProtocol, small_buffers=True) as (transport, protocol, _):
            await turns()
            number = transport.get_extra_info("socket").fileno()
            assert repr(transport).startswith("<")
            assert repr(transport).endswith(f" fd={number} read=polling write=<idle, bufsize=0>>")
            transport.pause_reading()
            assert " read=idle " in repr(transport)
            await block_writing(transport)
            size = transport.get_write_buffer_size()
            assert repr(transport).endswith(f" write=<polling, bufsize={size}>>")
            transport.close()
            assert re.search(r"\bclosing\b", repr(transport))
            transport.abort()
            await protocol.lost
            await turns(2)
            assert re.search(r"\bclosed\b", repr(transport))

    run(loop, main())
