"""`create_datagram_endpoint`: a socket bound and connected as was asked for, and a transport on it.

Whatever goes wrong on the way, or is cancelled, a socket that was opened here is closed here.
"""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Any

from ouroloop.service.dns import ensure_resolved
from ouroloop.service.listen import share_port
from ouroloop.service.socket_file import remove_stale
from ouroloop.transport.datagram import DatagramTransport

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop

    # Family and protocol number of a socket, where it is bound and where it sends to; None for neither.
    Plan = tuple[int, int, Any, Any]

logger = logging.getLogger("asyncio")


async def create_datagram_endpoint(
    loop: EventLoop,
    protocol_factory: Callable[[], asyncio.BaseProtocol],
    local_addr: Any = None,
    remote_addr: Any = None,
    *,
    family: int = 0,
    proto: int = 0,
    flags: int = 0,
    reuse_port: bool | None = None,
    allow_broadcast: bool | None = None,
    sock: socket.socket | None = None,
) -> tuple[asyncio.DatagramTransport, asyncio.BaseProtocol]:
    """Makes an endpoint for datagrams; `asyncio.loop.create_datagram_endpoint`."""
    receiver = None
    is_ours = sock is None
    if sock is None:
        plans = await all_plans(loop, local_addr, remote_addr, family, proto, flags)
        sock, receiver = await open_first(loop, plans, bool(reuse_port), bool(allow_broadcast))
    else:
        check_given(
            loop,
            sock,
            local_addr=local_addr,
            remote_addr=remote_addr,
            family=family,
            proto=proto,
            flags=flags,
            reuse_port=reuse_port,
            allow_broadcast=allow_broadcast,
        )
        sock.setblocking(False)
    transport, protocol = await make_transport(loop, sock, protocol_factory, receiver, is_ours)
    if loop.get_debug():
        if local_addr:
            text = "Datagram endpoint local_addr=%r remote_addr=%r created: (%r, %r)"
            logger.info(text, local_addr, remote_addr, transport, protocol)
        else:
            text = "Datagram endpoint remote_addr=%r created: (%r, %r)"
            logger.debug(text, remote_addr, transport, protocol)
    return transport, protocol


def check_given(loop: EventLoop, sock: socket.socket, **options: Any) -> None:
    """Raises ValueError for a stream socket, and for options that only a socket made here can have."""
    if sock.type == socket.SOCK_STREAM:
        raise ValueError(f"{loop._ways.datagram_socket_words} was expected, got {sock!r}")
    problems = ", ".join(f"{name}={value}" for name, value in options.items() if value)
    if problems:
        text = f"socket modifier keyword arguments can not be used when sock is specified. ({problems})"
        raise ValueError(text)


async def all_plans(
    loop: EventLoop, local_addr: Any, remote_addr: Any, family: int, proto: int, flags: int
) -> list[Plan]:
    """Each way to make the socket, in the order in which they are to be tried."""
    if not (local_addr or remote_addr):
        if family == 0:
            raise ValueError("unexpected address family")
        return [(family, proto, None, None)]
    if family == socket.AF_UNIX:
        for path in (local_addr, remote_addr):
            if path is not None and not isinstance(path, str):
                raise TypeError("string is expected")
        if local_addr:
            remove_stale(local_addr)
        return [(family, proto, local_addr or None, remote_addr or None)]
    local = await addresses_by_kind(loop, local_addr, family, proto, flags)
    remote = await addresses_by_kind(loop, remote_addr, family, proto, flags)
    # Where both ends are named, a socket must be able to have both.
    plans = [
        (*kind, local.get(kind), remote.get(kind))
        for kind in {**local, **remote}
        if (not local_addr or kind in local) and (not remote_addr or kind in remote)
    ]
    if not plans:
        raise ValueError("can not get address information")
    return plans


async def addresses_by_kind(
    loop: EventLoop, address: Any, family: int, proto: int, flags: int
) -> dict[tuple[int, int], Any]:
    """The addresses of a host and port by family and protocol number: one of each kind, the last that was found."""
    if address is None:
        return {}
    if not (isinstance(address, tuple) and len(address) == 2):
        raise TypeError("2-tuple is expected")
    options = {"family": family, "type": socket.SOCK_DGRAM, "proto": proto, "flags": flags}
    found = await ensure_resolved(loop, address, **options)
    if not found:
        raise OSError("getaddrinfo() returned empty list")
    return {(each[0], each[2]): each[4] for each in found}


async def open_first(
    loop: EventLoop, plans: list[Plan], reuse_port: bool, allow_broadcast: bool
) -> tuple[socket.socket, Any]:
    """The first socket that can be had, and its receiver. Raises what the first plan failed with."""
    first_failure: OSError | None = None
    try:
        for plan in plans:
            try:
                return await open_one(loop, plan, reuse_port, allow_broadcast), plan[3]
            except OSError as error:
                first_failure = first_failure or error
        assert first_failure is not None
        raise first_failure
    finally:
        # What is raised refers to this frame: it must not refer back.
        del first_failure


async def open_one(loop: EventLoop, plan: Plan, reuse_port: bool, allow_broadcast: bool) -> socket.socket:
    family, proto, local, remote = plan
    sock = socket.socket(family, socket.SOCK_DGRAM, proto)
    try:
        if reuse_port:
            share_port(sock)
        if allow_broadcast:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setblocking(False)
        if local is not None:
            sock.bind(local)
        # Who answers a broadcast does so from an address of its own, which a connected socket would not hear.
        if remote is not None and not allow_broadcast:
            await loop.sock_connect(sock, remote)
    except BaseException:
        sock.close()
        raise
    return sock


async def make_transport(
    loop: EventLoop,
    sock: socket.socket,
    protocol_factory: Callable[[], asyncio.BaseProtocol],
    receiver: Any,
    is_ours: bool,
) -> tuple[asyncio.DatagramTransport, asyncio.BaseProtocol]:
    """Joins a socket and a new protocol, and waits until `connection_made` was called."""
    try:
        protocol = protocol_factory()
        waiter = loop.create_future()
        loop._ensure_fd_no_transport(sock)
        transport = DatagramTransport(loop, sock, protocol, receiver, waiter)
    except BaseException:
        if is_ours:
            sock.close()
        raise
    try:
        await waiter
    except BaseException:
        transport.close()
        raise
    return transport, protocol
