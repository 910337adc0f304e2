"""Names to addresses and back, without blocking the loop.

A numeric address with a type of socket never leaves the loop's thread. Everything else is the system's
resolver, which blocks, so it runs on a thread that `in_thread` chooses. `socket.getaddrinfo` is looked up at
each call, because programs replace it.
"""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop

logger = logging.getLogger("asyncio")

# What `socket.getaddrinfo` returns for each address: family, type, protocol, canonical name, socket address.
AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]

PROTOCOL_OF_TYPE: dict[int, int] = {
    socket.SOCK_STREAM: socket.IPPROTO_TCP,
    socket.SOCK_DGRAM: socket.IPPROTO_UDP,
}
PROTOCOLS_WITH_PORTS = (0, socket.IPPROTO_TCP, socket.IPPROTO_UDP)
PORT_MAX = 65535


async def resolve(
    loop: EventLoop,
    host: Any,
    port: Any,
    *,
    family: int = 0,
    type: int = 0,  # noqa: A002 - the standard library's name
    proto: int = 0,
    flags: int = 0,
) -> list[AddressInfo]:
    """The addresses of `host` and `port`, as `socket.getaddrinfo` returns them."""
    found = numeric_address(host, port, family, type, proto)
    if found is not None and may_skip_the_system(found, proto, flags):
        return [found]
    look_up = timed_look_up(loop) if loop.get_debug() else socket.getaddrinfo
    addresses: list[AddressInfo] = await in_thread(loop, look_up, host, port, family, type, proto, flags)
    return addresses


async def name_of(loop: EventLoop, sockaddr: tuple[Any, ...], flags: int = 0) -> tuple[str, str]:
    """The host and service names of an address, as `socket.getnameinfo` returns them."""
    names: tuple[str, str] = await in_thread(loop, socket.getnameinfo, sockaddr, flags)
    return names


async def ensure_resolved(
    loop: EventLoop,
    address: tuple[Any, ...],
    *,
    family: int = 0,
    type: int = socket.SOCK_STREAM,  # noqa: A002 - the standard library's name
    proto: int = 0,
    flags: int = 0,
) -> list[AddressInfo]:
    """The addresses of (host, port, ...): itself if it is numeric, else what the loop's `getaddrinfo` says.

    A subclass of the loop may resolve names in its own way, so this asks the loop and not `resolve`.
    """
    host, port = address[:2]
    found = numeric_address(host, port, family, type, proto, *address[2:])
    if found is not None:
        return [found]
    resolved: list[AddressInfo] = await loop.getaddrinfo(
        host, port, family=family, type=type, proto=proto, flags=flags
    )
    return resolved


async def in_thread(loop: EventLoop, function: Callable[..., Any], *args: Any) -> Any:
    """Runs a blocking look-up where it may block."""
    return await loop.run_in_executor(None, function, *args)


def numeric_address(
    host: Any, port: Any, family: int, kind: int, proto: int, flowinfo: int = 0, scope_id: int = 0
) -> AddressInfo | None:
    """The one address that a numeric host and port stand for, or None where only the system's resolver knows.

    As strict as the standard library: only TCP and UDP, no service names, no IPv6 zone in the host.
    """
    if host is None or proto not in PROTOCOLS_WITH_PORTS or kind not in PROTOCOL_OF_TYPE:
        return None
    number = port_number(port)
    if number is None:
        return None
    if isinstance(host, bytes):
        host = host.decode("idna")
    if "%" in host:
        return None
    proto = PROTOCOL_OF_TYPE[kind]
    for candidate in (family,) if family != socket.AF_UNSPEC else (socket.AF_INET, socket.AF_INET6):
        if is_numeric(candidate, host):
            end = (host, number, flowinfo, scope_id) if candidate == socket.AF_INET6 else (host, number)
            return candidate, kind, proto, "", end
    return None


def port_number(port: Any) -> int | None:
    """A port as a number; None for the name of a service, which the system has to look up."""
    if port is None or port in ("", b""):
        return 0
    try:
        return int(port)
    except (TypeError, ValueError):
        return None


def is_numeric(family: int, host: str) -> bool:
    try:
        socket.inet_pton(family, host)
    except OSError:
        return False
    return True


def may_skip_the_system(found: AddressInfo, proto: int, flags: int) -> bool:
    """Whether `socket.getaddrinfo` would answer the same.

    It refuses a protocol that is not the type's and ports that there are not, names the host on demand, and
    shortens IPv6 addresses.
    """
    family, _, own_proto, _, end = found
    if proto not in (0, own_proto) or not 0 <= end[1] <= PORT_MAX or flags & socket.AI_CANONNAME:
        return False
    return family == socket.AF_INET or socket.inet_ntop(family, socket.inet_pton(family, end[0])) == end[0]


def timed_look_up(loop: EventLoop) -> Callable[..., list[AddressInfo]]:
    """`socket.getaddrinfo` that logs what it is asked and how long it takes; for debug mode."""

    def look_up(host: Any, port: Any, family: int, kind: int, proto: int, flags: int) -> list[AddressInfo]:
        options = {"family": family, "type": kind, "proto": proto, "flags": flags}
        asked = ", ".join(
            [f"{host}:{port!r}", *(f"{name}={value!r}" for name, value in options.items() if value)]
        )
        logger.debug("Get address info %s", asked)
        begin = loop.time()
        addresses: list[Any] = socket.getaddrinfo(host, port, family, kind, proto, flags)
        seconds = loop.time() - begin
        level = logging.INFO if seconds >= loop.slow_callback_duration else logging.DEBUG
        logger.log(level, "Getting address info %s took %.3fms: %r", asked, seconds * 1e3, addresses)
        return addresses

    return look_up
