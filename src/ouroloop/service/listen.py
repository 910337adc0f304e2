"""`create_server`: sockets bound to every address that was asked for, and a server that listens on them.

Either all of it succeeds or every socket that was opened here is closed again.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import logging
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from ouroloop.service import tls
from ouroloop.service.connect import bind_error
from ouroloop.service.dns import AddressInfo, ensure_resolved
from ouroloop.service.given_socket import check_internet_choice
from ouroloop.service.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop

logger = logging.getLogger("asyncio")

INTERNET_FAMILIES = (socket.AF_INET, socket.AF_INET6)


async def create_server(
    loop: EventLoop,
    protocol_factory: Callable[[], asyncio.BaseProtocol],
    host: Any = None,
    port: Any = None,
    *,
    family: int = socket.AF_UNSPEC,
    flags: int = socket.AI_PASSIVE,
    sock: socket.socket | None = None,
    backlog: int = 100,
    ssl: Any = None,
    reuse_address: bool | None = None,
    reuse_port: bool | None = None,
    keep_alive: bool | None = None,
    ssl_handshake_timeout: float | None = None,
    ssl_shutdown_timeout: float | None = None,
    start_serving: bool = True,
) -> Server:
    """Makes a TCP server; `asyncio.loop.create_server`."""
    if isinstance(ssl, bool):
        raise TypeError("ssl argument must be an SSLContext or None")
    tls.check_timeouts(ssl is not None, ssl_handshake_timeout, ssl_shutdown_timeout)
    check_internet_choice(sock, host, port, "Neither host/port nor sock were specified")
    if sock is not None:
        sockets = [sock]
    else:
        options = Options(reuse_address is None or bool(reuse_address), bool(reuse_port), bool(keep_alive))
        addresses = await addresses_to_bind(loop, host, port, family, flags)
        sockets = bind_all(loop, addresses, options)
    for each in sockets:
        each.setblocking(False)
    server = Server(
        loop, sockets, protocol_factory, ssl, backlog, ssl_handshake_timeout, ssl_shutdown_timeout
    )
    if start_serving:
        try:
            await server.start_serving()
        except BaseException:
            server.close()
            raise
    if loop.get_debug():
        logger.info("%r is serving", server)
    return server


async def addresses_to_bind(
    loop: EventLoop, host: Any, port: Any, family: int, flags: int
) -> list[AddressInfo]:
    """The addresses of every host, each once, in the order in which they were named."""
    if host == "":
        hosts: list[Any] = [None]
    elif isinstance(host, (str, bytes)) or not isinstance(host, Iterable):
        hosts = [host]
    else:
        hosts = list(host)
    found = await asyncio.gather(*(addresses_of(loop, each, port, family, flags) for each in hosts))
    return list(dict.fromkeys(itertools.chain.from_iterable(found)))


async def addresses_of(loop: EventLoop, host: Any, port: Any, family: int, flags: int) -> list[AddressInfo]:
    found = await ensure_resolved(loop, (host, port), family=family, flags=flags)
    if not found:
        raise OSError(f"getaddrinfo({host!r}) returned empty list")
    return found


class Options(NamedTuple):
    """What is switched on for each listening socket before it is bound."""

    reuse_address: bool
    reuse_port: bool
    keep_alive: bool


def bind_all(loop: EventLoop, addresses: list[AddressInfo], options: Options) -> list[socket.socket]:
    """A socket bound to each address that this machine has. Raises OSError when it has none of them."""
    bound: list[socket.socket] = []
    refused: OSError | None = None
    with contextlib.ExitStack() as opened:
        for address in addresses:
            family, type_, proto, _, local = address
            try:
                sock = socket.socket(family, type_, proto)
            except OSError as error:
                # The resolver may know families that the kernel does not.
                refused = error
                if loop.get_debug():
                    text = "create_server() failed to create socket.socket(%r, %r, %r)"
                    logger.warning(text, family, type_, proto, exc_info=True)
                continue
            opened.callback(sock.close)
            prepare(sock, options)
            if bind(loop, sock, local):
                bound.append(sock)
            else:
                sock.close()
        if not bound:
            text = f"could not bind on any address out of {[address[4] for address in addresses]!r}"
            raise OSError(text) from refused
        opened.pop_all()
    return bound


def prepare(sock: socket.socket, options: Options) -> None:
    if options.reuse_address:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, True)
    # Linux from 6.12.9 on refuses to share what is not an internet address.
    if options.reuse_port and sock.family in INTERNET_FAMILIES:
        share_port(sock)
    if options.keep_alive:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, True)
    if sock.family == socket.AF_INET6:
        # IPv4 has a socket of its own: one for both would take its port.
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, True)


def share_port(sock: socket.socket) -> None:
    if not hasattr(socket, "SO_REUSEPORT"):
        raise ValueError("reuse_port not supported by socket module")
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except OSError:
        text = "reuse_port not supported by socket module, SO_REUSEPORT defined but not implemented."
        raise ValueError(text) from None


def bind(loop: EventLoop, sock: socket.socket, local: Any) -> bool:
    """False where this machine does not have the address, as when its family is switched off."""
    try:
        sock.bind(local)
    except OSError as cause:
        error = bind_error(local, cause)
        if cause.errno != errno.EADDRNOTAVAIL:
            raise error from None
        if loop.get_debug():
            logger.warning(error.strerror)
        return False
    return True
