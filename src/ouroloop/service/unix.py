"""Connections and servers on Unix sockets, by path, by abstract name and from a socket.

A socket that was opened here is closed here whatever goes wrong, and a server's file goes with the server.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any

from ouroloop.service import tls
from ouroloop.service.connect import make_transport
from ouroloop.service.given_socket import check_choice, check_unix_stream
from ouroloop.service.server import Server
from ouroloop.service.socket_file import remove_stale, socket_file
from ouroloop.versions import UNIX_SERVER_REMOVES_ITS_FILE

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop

    Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]
    ProtocolFactory = Callable[[], asyncio.BaseProtocol]


async def create_unix_connection(
    loop: EventLoop,
    protocol_factory: ProtocolFactory,
    path: Path | None = None,
    *,
    ssl: Any = None,
    sock: socket.socket | None = None,
    server_hostname: str | None = None,
    ssl_handshake_timeout: float | None = None,
    ssl_shutdown_timeout: float | None = None,
) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
    """Connects to a path or an abstract name, or takes a socket; `asyncio.loop.create_unix_connection`."""
    if ssl and server_hostname is None:
        raise ValueError("you have to pass server_hostname when using ssl")
    if server_hostname is not None and not ssl:
        raise ValueError("server_hostname is only meaningful with ssl")
    tls.check_timeouts(bool(ssl), ssl_handshake_timeout, ssl_shutdown_timeout)
    check_choice(sock, (path,), "path", "no path and sock were specified", check_unix_stream)
    secure = (
        tls.Options(ssl, False, server_hostname, ssl_handshake_timeout, ssl_shutdown_timeout) if ssl else None
    )
    if sock is None:
        assert path is not None
        sock = await connect_to(loop, os.fspath(path))
    return await make_transport(loop, sock, protocol_factory, secure)


async def create_unix_server(
    loop: EventLoop,
    protocol_factory: ProtocolFactory,
    path: Path | None = None,
    *,
    sock: socket.socket | None = None,
    backlog: int = 100,
    ssl: Any = None,
    ssl_handshake_timeout: float | None = None,
    ssl_shutdown_timeout: float | None = None,
    start_serving: bool = True,
    cleanup_socket: bool = UNIX_SERVER_REMOVES_ITS_FILE,
) -> Server:
    """Makes a server on a path, an abstract name or a bound socket; `asyncio.loop.create_unix_server`.

    cleanup_socket: the socket's file is removed when the server is closed, if it is still the same one; the running
    Python says whether that is the default.
    """
    if isinstance(ssl, bool):
        raise TypeError("ssl argument must be an SSLContext or None")
    tls.check_timeouts(bool(ssl), ssl_handshake_timeout, ssl_shutdown_timeout)
    check_choice(sock, (path,), "path", "path was not specified, and no sock specified", check_unix_stream)
    is_ours = sock is None
    if sock is None:
        assert path is not None
        sock = bound_to(os.fspath(path))
    try:
        sock.setblocking(False)
        file = socket_file(sock) if cleanup_socket else None
        server = Server(
            loop, [sock], protocol_factory, ssl, backlog, ssl_handshake_timeout, ssl_shutdown_timeout
        )
        server.when_closing = file.remove if file is not None else None
    except BaseException:
        if is_ours:
            sock.close()
        raise
    if start_serving:
        try:
            await server.start_serving()
        except BaseException:
            server.close()
            raise
    return server


async def connect_to(loop: EventLoop, path: str | bytes) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, path)
    except BaseException:
        sock.close()
        raise
    return sock


def bound_to(path: str | bytes) -> socket.socket:
    """A socket bound to a path, in the place of one that an earlier run may have left."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        remove_stale(path)
        sock.bind(path)
    except BaseException as error:
        sock.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise OSError(errno.EADDRINUSE, f"Address {path!r} is already in use") from None
        raise
    return sock
