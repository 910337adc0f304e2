"""Names to addresses and back, without blocking the loop.

A numeric address never leaves the loop's thread. Everything else is the system's resolver, which blocks, so
it runs on threads that do nothing else. `socket.getaddrinfo` is looked up at each call, because programs
replace it.
"""

from __future__ import annotations

import logging
import operator
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ouroloop.service.executor import wrap
from ouroloop.service.look_up_threads import LookUpThreads

if TYPE_CHECKING:
    from ouroloop.service.event_loop import EventLoop

logger = logging.getLogger("asyncio")

# What `socket.getaddrinfo` returns for each address: family, type, protocol, canonical name, socket address.
AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]
LookUp = Callable[..., Any]

PROTOCOL_OF_TYPE: dict[int, int] = {
    socket.SOCK_STREAM: socket.IPPROTO_TCP,
    socket.SOCK_DGRAM: socket.IPPROTO_UDP,
}
PROTOCOLS_WITH_PORTS = (0, socket.IPPROTO_TCP, socket.IPPROTO_UDP)
NUMBERS_ONLY = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
PORT_MAX = 65535

_STREAM = (socket.SOCK_STREAM, socket.IPPROTO_TCP)
_DATAGRAM = (socket.SOCK_DGRAM, socket.IPPROTO_UDP)
# By the type and protocol that are asked for, 0 for any: the types and protocols of the answer.
KINDS_OF_ANSWER: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {
    (0, 0): (_STREAM, _DATAGRAM, (socket.SOCK_RAW, 0)),
    (0, socket.IPPROTO_TCP): (_STREAM,),
    (0, socket.IPPROTO_UDP): (_DATAGRAM,),
    (socket.SOCK_STREAM, 0): (_STREAM,),
    (socket.SOCK_DGRAM, 0): (_DATAGRAM,),
    _STREAM: (_STREAM,),
    _DATAGRAM: (_DATAGRAM,),
}


async def getaddrinfo(
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
    loop._check_closed()
    look_up: LookUp = socket.getaddrinfo
    if loop._debug:
        look_up = timed_look_up(loop)
    elif (
        not flags
        and (known := answer_in_numbers(host, port, family, type, proto))
        and is_the_systems(look_up)
    ):
        return known
    if is_answered_at_once(host, port):
        try:
            return list(look_up(host, port, family, type, proto, flags | socket.AI_NUMERICHOST))
        except socket.gaierror:
            # It only looked like an address. If the question was wrong, the system says so in its own words.
            pass
    addresses: list[AddressInfo] = await in_thread(loop, look_up, host, port, family, type, proto, flags)
    return addresses


async def getnameinfo(loop: EventLoop, sockaddr: tuple[Any, ...], flags: int = 0) -> tuple[str, str]:
    """The host and service names of an address, as `socket.getnameinfo` returns them."""
    loop._check_closed()
    if operator.index(flags) & NUMBERS_ONLY == NUMBERS_ONLY:
        return socket.getnameinfo(sockaddr, flags)
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

    A subclass of the loop may resolve names in its own way, so this asks the loop and not `getaddrinfo` here.
    """
    host, port = address[:2]
    found = numeric_address(host, port, family, type, proto, *address[2:])
    if found is not None:
        return [found]
    resolved: list[AddressInfo] = await loop.getaddrinfo(
        host, port, family=family, type=type, proto=proto, flags=flags
    )
    return resolved


async def in_thread(loop: EventLoop, look_up: LookUp, *args: Any) -> Any:
    """Runs a look-up where it may block."""
    if loop._look_up_threads is None:
        loop._look_up_threads = LookUpThreads()
    return await wrap(loop, loop._look_up_threads.submit(look_up, args))


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


def answer_in_numbers(host: Any, port: Any, family: Any, kind: Any, proto: Any) -> list[AddressInfo] | None:
    """What `socket.getaddrinfo` answers to the commonest questions of a host and port in numbers; None for others."""
    if type(host) is not str or type(port) is not int or not 0 <= port <= PORT_MAX or "%" in host:
        return None
    end: tuple[Any, ...]
    try:
        kinds = KINDS_OF_ANSWER[kind, proto]
        if ":" in host:
            found = socket.AF_INET6
            end = (socket.inet_ntop(found, socket.inet_pton(found, host)), port, 0, 0)
        else:
            found = socket.AF_INET
            socket.inet_pton(found, host)
            end = (host, port)
    except (KeyError, OSError, TypeError, ValueError):
        return None
    if family not in (socket.AF_UNSPEC, found):
        return None
    return [(found, kind, proto, "", end) for kind, proto in kinds]


def is_the_systems(look_up: LookUp) -> bool:
    """Whether `socket.getaddrinfo` is the one that the module has defined, and nobody's replacement."""
    return getattr(look_up, "__globals__", None) is vars(socket)


def is_answered_at_once(host: Any, port: Any) -> bool:
    """Whether `socket.getaddrinfo` has no name to look up, neither of a host nor of a service.

    It knows shorter forms than `inet_pton`: "127.1", "0x7f000001", and IPv6 addresses with a zone.
    """
    if not (port is None or isinstance(port, int) or (isinstance(port, (str, bytes)) and port.isdigit())):
        return False
    if not isinstance(host, (str, bytes)):
        return host is None
    try:
        text = host.decode("ascii") if isinstance(host, bytes) else host
        if ":" not in text:
            socket.inet_aton(text)
    except (OSError, TypeError, ValueError):
        return False
    return True


def timed_look_up(loop: EventLoop) -> LookUp:
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
