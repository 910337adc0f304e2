"""TLS in connections and servers: its arguments, checked, and the transports that they ask for; `start_tls`.

A connection of TLS is two transports: a socket's, and the one that the user holds. Its protocol is told that it is
connected once the handshake is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ouroloop.transport.stream import StreamTransport

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop
    from ouroloop.service.server import Server
    from ouroloop.tls.transport import TlsTransport
    from ouroloop.tls.wire_protocol import WireProtocol

    ProtocolFactory = Callable[[], asyncio.BaseProtocol]

TlsSocket: type | tuple[()]
try:
    from ssl import SSLSocket as TlsSocket
except ImportError:
    # A Python without OpenSSL makes no such sockets.
    TlsSocket = ()


def check_plain(sock: socket.socket) -> None:
    """Raises TypeError for a socket that encrypts by itself: its calls block in ways that no loop can see."""
    if isinstance(sock, TlsSocket):
        raise TypeError("Socket cannot be of type SSLSocket")


def check_timeouts(uses_tls: bool, handshake_timeout: float | None, shutdown_timeout: float | None) -> None:
    """Raises ValueError for a time limit of TLS where no TLS was asked for."""
    if handshake_timeout is not None and not uses_tls:
        raise ValueError("ssl_handshake_timeout is only meaningful with ssl")
    if shutdown_timeout is not None and not uses_tls:
        raise ValueError("ssl_shutdown_timeout is only meaningful with ssl")
    for name, seconds in (
        ("ssl_handshake_timeout", handshake_timeout),
        ("ssl_shutdown_timeout", shutdown_timeout),
    ):
        # What is no number at all passes the first comparison.
        if seconds is not None and (seconds <= 0 or seconds != seconds):
            raise ValueError(f"{name} should be a positive number, got {seconds}")


def check_server_hostname(ssl: Any, server_hostname: str | None, host: Any) -> None:
    """Raises ValueError unless a client of TLS, and no other, knows whose certificate to expect."""
    if server_hostname is not None and not ssl:
        raise ValueError("server_hostname is only meaningful with ssl")
    if server_hostname is None and ssl and not host:
        raise ValueError("You must set server_hostname when using ssl without a host")


class Options(NamedTuple):
    """How one end of TLS is made."""

    # An `ssl.SSLContext`, or True for a client that takes the default.
    context: Any
    server_side: bool
    server_hostname: str | None
    handshake_timeout: float | None
    shutdown_timeout: float | None


def context_of(options: Options) -> Any:
    """The context to use: the user's, or a client's default."""
    if options.context and not isinstance(options.context, bool):
        return options.context
    if options.server_side:
        raise ValueError("Server side SSL needs a valid SSLContext")
    # Imported late, because it takes longer than the rest of the loop and most programs do without.
    import ssl

    context = ssl.create_default_context()
    if not options.server_hostname:
        context.check_hostname = False
    return context


def connection(
    loop: EventLoop,
    protocol: asyncio.BaseProtocol,
    options: Options,
    *,
    waiter: asyncio.Future[None] | None = None,
    server: Server | None = None,
    is_made: bool = False,
) -> tuple[TlsTransport, WireProtocol]:
    """A TLS transport, and the protocol for the transport that will carry it."""
    from ouroloop.tls.transport import TlsTransport
    from ouroloop.tls.wire_protocol import WireProtocol

    transport = TlsTransport(
        loop,
        protocol,
        context_of(options),
        server_side=options.server_side,
        server_hostname=None if options.server_side else options.server_hostname or None,
        waiter=waiter,
        server=server,
        handshake_timeout=options.handshake_timeout,
        shutdown_timeout=options.shutdown_timeout,
        is_made=is_made,
    )
    return transport, WireProtocol(transport)


def over_socket(
    loop: EventLoop,
    sock: socket.socket,
    protocol: asyncio.BaseProtocol,
    waiter: asyncio.Future[None],
    options: Options,
) -> TlsTransport:
    """A TLS transport over a connected socket, which it owns from now on."""
    transport, wire = connection(loop, protocol, options, waiter=waiter)
    StreamTransport(loop, sock, wire)  # type: ignore[arg-type]
    return transport


def accepting(loop: EventLoop, factory: ProtocolFactory, server: Server, options: Options) -> ProtocolFactory:
    """A protocol factory for a listener: what it makes speaks TLS for the protocols that `factory` makes."""

    def accept() -> Any:
        return connection(loop, factory(), options, server=server)[1]

    return accept


async def start_tls(
    loop: EventLoop,
    transport: asyncio.WriteTransport,
    protocol: asyncio.BaseProtocol,
    sslcontext: Any,
    *,
    server_side: bool = False,
    server_hostname: str | None = None,
    ssl_handshake_timeout: float | None = None,
    ssl_shutdown_timeout: float | None = None,
) -> asyncio.Transport:
    """Goes on in TLS over a connection that is open already; `asyncio.loop.start_tls`."""
    import ssl

    if not isinstance(sslcontext, ssl.SSLContext):
        raise TypeError(f"sslcontext is expected to be an instance of ssl.SSLContext, got {sslcontext!r}")
    lower: Any = transport
    if not getattr(lower, "_start_tls_compatible", False):
        raise TypeError(f"transport {transport!r} is not supported by start_tls()")
    check_timeouts(True, ssl_handshake_timeout, ssl_shutdown_timeout)
    options = Options(sslcontext, server_side, server_hostname, ssl_handshake_timeout, ssl_shutdown_timeout)
    waiter = loop.create_future()
    upper, wire = connection(loop, protocol, options, waiter=waiter, is_made=True)
    # Nothing may arrive before the handshake has begun.
    lower.pause_reading()
    early = read_already(protocol) if server_side else b""
    lower.set_protocol(wire)
    begin = loop.call_soon(start_over, wire, lower, early)
    try:
        await waiter
    except BaseException:
        begin.cancel()
        lower.close()
        raise
    return upper


def start_over(wire: WireProtocol, lower: Any, early: bytes) -> None:
    wire.connection_made(lower)
    if early:
        wire.data_received(early)
    lower.resume_reading()


def read_already(protocol: Any) -> bytes:
    """Takes what a stream reader holds: the client may have begun its handshake in the same segment."""
    # Imported late: who speaks TLS need not use streams.
    from ouroloop.stream.read_buffer import ReadBuffer

    reader = getattr(protocol, "_stream_reader", None)
    buffer = getattr(reader, "_buffer", None)
    if not isinstance(buffer, (bytearray, ReadBuffer)) or not buffer:
        return b""
    early = bytes(buffer)
    buffer.clear()
    # Nothing is unread now, and the transport reads on.
    reader._paused = False  # type: ignore[union-attr]
    return early
