"""Connections that this program opens, and sockets that it has from elsewhere, as transports.

Whatever goes wrong on the way, or is cancelled, a socket that was opened here is closed here. A socket that
the caller gave stays the caller's until a transport has it.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

from ouroloop.service import tls
from ouroloop.service.dns import AddressInfo, ensure_resolved
from ouroloop.service.given_socket import check_internet_choice, check_stream
from ouroloop.service.race import first_connected
from ouroloop.transport.stream import StreamTransport

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop

    ProtocolFactory = Callable[[], asyncio.BaseProtocol]

logger = logging.getLogger("asyncio")


async def create_connection(
    loop: EventLoop,
    protocol_factory: ProtocolFactory,
    host: Any = None,
    port: Any = None,
    *,
    ssl: Any = None,
    family: int = 0,
    proto: int = 0,
    flags: int = 0,
    sock: socket.socket | None = None,
    local_addr: Any = None,
    server_hostname: str | None = None,
    ssl_handshake_timeout: float | None = None,
    ssl_shutdown_timeout: float | None = None,
    happy_eyeballs_delay: float | None = None,
    interleave: int | None = None,
    all_errors: bool = False,
) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
    """Connects to a host and port, or takes a connected socket; `asyncio.loop.create_connection`."""
    tls.check_server_hostname(ssl, server_hostname, host)
    tls.check_timeouts(bool(ssl), ssl_handshake_timeout, ssl_shutdown_timeout)
    check_internet_choice(sock, host, port, "host and port was not specified and no sock specified")
    if ssl and server_hostname is None:
        server_hostname = host
    secure = (
        tls.Options(ssl, False, server_hostname, ssl_handshake_timeout, ssl_shutdown_timeout) if ssl else None
    )
    if sock is None:
        if happy_eyeballs_delay is not None and interleave is None:
            interleave = 1
        options = {"family": family, "type": socket.SOCK_STREAM, "proto": proto, "flags": flags}
        addresses = await resolved(loop, (host, port), options)
        local_addresses = None if local_addr is None else await resolved(loop, local_addr, options)
        if interleave:
            addresses = interleaved(addresses, interleave)
        sock = await connect_to_any(loop, addresses, local_addresses, happy_eyeballs_delay, all_errors)
    transport, protocol = await make_transport(loop, sock, protocol_factory, secure)
    if loop.get_debug():
        shown = transport.get_extra_info("socket")
        logger.debug("%r connected to %s:%r: (%r, %r)", shown, host, port, transport, protocol)
    return transport, protocol


async def connect_accepted_socket(
    loop: EventLoop,
    protocol_factory: ProtocolFactory,
    sock: socket.socket,
    *,
    ssl: Any = None,
    ssl_handshake_timeout: float | None = None,
    ssl_shutdown_timeout: float | None = None,
) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
    """Takes a connection that was accepted elsewhere; `asyncio.loop.connect_accepted_socket`."""
    check_stream(sock)
    tls.check_timeouts(bool(ssl), ssl_handshake_timeout, ssl_shutdown_timeout)
    tls.check_plain(sock)
    secure = tls.Options(ssl, True, "", ssl_handshake_timeout, ssl_shutdown_timeout) if ssl else None
    transport, protocol = await make_transport(loop, sock, protocol_factory, secure)
    if loop.get_debug():
        logger.debug("%r handled: (%r, %r)", transport.get_extra_info("socket"), transport, protocol)
    return transport, protocol


async def connect_to_any(
    loop: EventLoop,
    addresses: list[AddressInfo],
    local_addresses: list[AddressInfo] | None,
    delay: float | None,
    all_errors: bool,
) -> socket.socket:
    """A socket connected to the first address that answers.

    delay: seconds from one attempt to the next, which may overlap; None makes them one after another.
    """
    failures: list[list[OSError]] = [[] for _ in addresses]
    attempts = [
        partial(connect_to, loop, address, local_addresses, kept)
        for address, kept in zip(addresses, failures, strict=True)
    ]
    try:
        if delay is not None:
            sock = await first_connected(loop, attempts, delay)
            if sock is not None:
                return sock
        else:
            for attempt in attempts:
                with contextlib.suppress(OSError):
                    return await attempt()
        raise summary(list(itertools.chain.from_iterable(failures)), all_errors)
    finally:
        # What is raised refers to this frame: it must not refer back, nor by an attempt's own list.
        for kept in failures:
            kept.clear()
        del failures, attempts


async def connect_to(
    loop: EventLoop,
    address: AddressInfo,
    local_addresses: list[AddressInfo] | None,
    failures: list[OSError],
) -> socket.socket:
    """A socket connected to one address. Keeps in `failures` each OSError that happens on the way."""
    family, type_, proto, _, remote = address
    sock: socket.socket | None = None
    try:
        sock = socket.socket(family, type_, proto)
        sock.setblocking(False)
        if local_addresses is not None:
            bind_to_any(sock, local_addresses, failures)
        await loop.sock_connect(sock, remote)
    except BaseException as error:
        if isinstance(error, OSError):
            failures.append(error)
        if sock is not None:
            # Why it could not be closed matters less than why it must be.
            with contextlib.suppress(OSError):
                sock.close()
        raise
    finally:
        del failures
    return sock


def bind_to_any(sock: socket.socket, local_addresses: list[AddressInfo], failures: list[OSError]) -> None:
    """Binds to the first local address of the socket's family that can be had."""
    error: OSError | None = None
    for family, _, _, _, local in local_addresses:
        if family != sock.family:
            continue
        try:
            sock.bind(local)
        except OSError as cause:
            if error is not None:
                failures.append(error)
            error = bind_error(local, cause)
        else:
            if error is not None:
                failures.append(error)
            return
    try:
        raise error or OSError(f"no matching local address with family={sock.family!r} found")
    finally:
        del error


def bind_error(address: Any, cause: OSError) -> OSError:
    """What to raise for an address that cannot be bound: it names the address."""
    text = f"error while attempting to bind on address {address!r}: {str(cause).lower()}"
    return OSError(cause.errno, text)


def summary(failures: list[OSError], all_errors: bool) -> Exception:
    """The one exception to raise for all that failed."""
    if not failures:
        return TimeoutError("create_connection failed")
    if all_errors:
        return ExceptionGroup("create_connection failed", failures)
    texts = [str(failure) for failure in failures]
    if all(text == texts[0] for text in texts):
        return failures[0]
    return OSError(f"Multiple exceptions: {', '.join(texts)}")


async def make_transport(
    loop: EventLoop,
    sock: socket.socket,
    protocol_factory: ProtocolFactory,
    secure: tls.Options | None = None,
) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
    """Joins a connected socket and a new protocol, and waits until `connection_made` was called.

    What fails closes the socket, be it the caller's: nobody else would. Only one that another transport uses already
    is left to that. secure: how to speak TLS, or None.
    """
    is_used = False
    try:
        sock.setblocking(False)
        protocol = protocol_factory()
        waiter = loop.create_future()
        is_used = True
        loop._ensure_fd_no_transport(sock)
        is_used = False
        transport: asyncio.Transport
        if secure is not None:
            transport = tls.over_socket(loop, sock, protocol, waiter, secure)
        else:
            transport = StreamTransport(loop, sock, protocol, waiter)
    except BaseException:
        if not is_used:
            sock.close()
        raise
    try:
        await waiter
    except BaseException:
        transport.close()
        raise
    return transport, protocol


async def resolved(loop: EventLoop, address: tuple[Any, ...], options: dict[str, int]) -> list[AddressInfo]:
    found = await ensure_resolved(loop, address, **options)
    if not found:
        raise OSError("getaddrinfo() returned empty list")
    return list(found)


def interleaved(addresses: list[AddressInfo], first_count: int) -> list[AddressInfo]:
    """The addresses with their families in turn, after `first_count` of the first; RFC 8305, section 4."""
    by_family: dict[int, list[AddressInfo]] = {}
    for address in addresses:
        by_family.setdefault(address[0], []).append(address)
    first, *others = by_family.values()
    lead = first_count - 1 if first_count > 1 else 0
    turns = itertools.zip_longest(first[lead:], *others)
    return first[:lead] + [address for turn in turns for address in turn if address is not None]
