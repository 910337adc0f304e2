"""Operations on sockets that the user owns: `sock_recv`, `sock_sendall`, `sock_connect` and the like.

Each tries its call at once, and where that would block waits until the socket is ready and tries again. Only
the task that asked ever reads or accepts, after it was woken: a task that is cancelled just then has taken
nothing that the next reader would miss. The socket is watched only while somebody waits.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

from ouroloop.service.dns import ensure_resolved
from ouroloop.service.tls import check_plain
from ouroloop.sync.coroutine_mark import coroutine_function
from ouroloop.transport.socket_operations import sock_recv as sock_recv
from ouroloop.transport.socket_operations import sock_recv_into as sock_recv_into
from ouroloop.transport.socket_operations import sock_sendall as sock_sendall

if TYPE_CHECKING:
    import asyncio

    from ouroloop.service.event_loop import EventLoop

WOULD_BLOCK = (BlockingIOError, InterruptedError)
INTERNET_FAMILIES = (socket.AF_INET, socket.AF_INET6)

# How long a datagram waits before it is offered again to a receiver that is full.
FULL_RECEIVER_SECONDS = 0.002

for function in (sock_recv, sock_recv_into, sock_sendall):
    coroutine_function(function)


async def sock_recvfrom(loop: EventLoop, sock: socket.socket, bufsize: int) -> tuple[bytes, Any]:
    """Receives a datagram, cut off at `bufsize` bytes, and the address of its sender."""
    if type(sock) is not socket.socket or loop.get_debug():
        check_usable(loop, sock)
    while True:
        try:
            return sock.recvfrom(bufsize)
        except WOULD_BLOCK:
            pass
        await readable(loop, sock)


async def sock_recvfrom_into(
    loop: EventLoop, sock: socket.socket, buf: Any, nbytes: int | None = 0
) -> tuple[int, Any]:
    """Receives a datagram into a writable buffer: up to `nbytes` bytes, 0 or None for as many as there is room for.

    Returns the number of bytes and the address of the sender.
    """
    if type(sock) is not socket.socket or loop.get_debug():
        check_usable(loop, sock)
    while True:
        try:
            return sock.recvfrom_into(buf, nbytes or 0)
        except WOULD_BLOCK:
            pass
        await readable(loop, sock)


async def sock_sendto(loop: EventLoop, sock: socket.socket, data: Any, address: Any) -> int:
    """Sends a datagram to `address`, and returns the number of bytes."""
    if type(sock) is not socket.socket or loop.get_debug():
        check_usable(loop, sock)
    was_writable = False
    while True:
        try:
            return sock.sendto(data, address)
        except WOULD_BLOCK:
            pass
        if was_writable:
            # It is the receiver that is full, which the system does not show in our own socket.
            await pause(loop, FULL_RECEIVER_SECONDS)
        await writable(loop, sock)
        was_writable = True


async def sock_connect(loop: EventLoop, sock: socket.socket, address: Any) -> None:
    """Connects to `address`; a host name in it is resolved."""
    if type(sock) is not socket.socket or loop.get_debug():
        check_usable(loop, sock)
    if sock.family in INTERNET_FAMILIES:
        found = await ensure_resolved(loop, address, family=sock.family, type=sock.type, proto=sock.proto)
        address = found[0][4]
    try:
        sock.connect(address)
        return
    except WOULD_BLOCK as error:
        # A Unix socket whose listener is full has not begun to connect, so there is nothing to wait for.
        if error.errno == errno.EAGAIN:
            raise
    await writable(loop, sock)
    number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number != 0:
        raise OSError(number, f"Connect call failed {address}")


async def sock_accept(loop: EventLoop, sock: socket.socket) -> tuple[socket.socket, Any]:
    """Accepts a connection, and returns its non-blocking socket and the address of the other end."""
    if type(sock) is not socket.socket or loop.get_debug():
        check_usable(loop, sock)
    while True:
        try:
            accepted, address = sock.accept()
        except WOULD_BLOCK:
            pass
        else:
            accepted.setblocking(False)
            return accepted, address
        await readable(loop, sock)


def check_usable(loop: EventLoop, sock: socket.socket) -> None:
    """Raises TypeError for a socket that encrypts and, in debug mode, ValueError for one that blocks."""
    check_plain(sock)
    if loop.get_debug() and sock.gettimeout() != 0:
        raise ValueError("the socket must be non-blocking")


async def readable(loop: EventLoop, sock: socket.socket) -> None:
    """Waits until there is something to read or accept, or an error to meet."""
    descriptor = sock.fileno()
    loop._ensure_fd_no_transport(descriptor)
    ready = loop.create_future()
    handle = loop._add_reader(descriptor, wake, ready)
    try:
        await ready
    finally:
        # A handle that was cancelled has been replaced: the descriptor's reader is somebody else's by now.
        if not handle.cancelled():
            loop._remove_reader(descriptor)


async def writable(loop: EventLoop, sock: socket.socket) -> None:
    """Waits until the socket takes bytes, or a connection is made, or there is an error to meet."""
    descriptor = sock.fileno()
    loop._ensure_fd_no_transport(descriptor)
    ready = loop.create_future()
    handle = loop._add_writer(descriptor, wake, ready)
    try:
        await ready
    finally:
        if not handle.cancelled():
            loop._remove_writer(descriptor)


async def pause(loop: EventLoop, seconds: float) -> None:
    over = loop.create_future()
    timer = loop.call_later(seconds, wake, over)
    try:
        await over
    finally:
        timer.cancel()


def wake(ready: asyncio.Future[None]) -> None:
    # The descriptor stays ready until the task runs, which may be an iteration later.
    if not ready.done():
        ready.set_result(None)
