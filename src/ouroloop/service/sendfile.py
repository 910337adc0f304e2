"""`sendfile` and `sock_sendfile`: a file to a connection, by the system where it can, else copied.

The system reads at an offset of its own. Afterwards, also after a failure, the file stands where the last byte that
was sent ends.
"""

from __future__ import annotations

import asyncio
import errno
import io
import os
import socket
from asyncio.constants import _SendfileMode
from typing import TYPE_CHECKING, Any

from ouroloop.service.sockets import WOULD_BLOCK, check_usable, writable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ouroloop.service.event_loop import EventLoop

# Bytes that the system is asked to send at once, where no count is given and the file is huge.
AT_ONCE_MAX = 1 << 30

# Bytes that are read before they are written to a transport; as in the standard library.
COPIED_AT_ONCE = 16384


async def sock_sendfile(
    loop: EventLoop,
    sock: socket.socket,
    file: Any,
    offset: int = 0,
    count: int | None = None,
    *,
    fallback: bool | None = True,
) -> int:
    """Sends a file over a socket that the user owns; `asyncio.loop.sock_sendfile`."""
    check_usable(loop, sock)
    check_arguments(sock, file, offset, count)
    try:
        return await loop._sock_sendfile_native(sock, file, offset, count)
    except asyncio.SendfileNotAvailableError:
        if not fallback:
            raise
    return await copy_to_socket(loop, sock, file, offset, count)


async def sock_sendfile_native(
    loop: EventLoop, sock: socket.socket, file: Any, offset: int, count: int | None
) -> int:
    return await send(sock, file, offset, count, lambda: writable(loop, sock))


async def sendfile(
    loop: EventLoop,
    transport: Any,
    file: Any,
    offset: int = 0,
    count: int | None = None,
    *,
    fallback: bool = True,
) -> int:
    """Sends a file through a transport; `asyncio.loop.sendfile`.

    Until it is sent nobody else may write to the transport, nothing is read, and closing it waits.
    """
    if transport.is_closing():
        raise RuntimeError("Transport is closing")
    mode = getattr(transport, "_sendfile_compatible", _SendfileMode.UNSUPPORTED)
    if mode is _SendfileMode.UNSUPPORTED:
        raise RuntimeError(f"sendfile is not supported for transport {transport!r}")
    if mode is _SendfileMode.TRY_NATIVE:
        try:
            return await loop._sendfile_native(transport, file, offset, count)
        except asyncio.SendfileNotAvailableError:
            if not fallback:
                raise
    if not fallback:
        raise RuntimeError(
            f"fallback is disabled and native sendfile is not supported for transport {transport!r}"
        )
    return await copy_to_transport(loop, transport, file, offset, count)


async def sendfile_native(loop: EventLoop, transport: Any, file: Any, offset: int, count: int | None) -> int:
    sock = transport.get_extra_info("socket")
    check_arguments(sock, file, offset, count)
    was_reading = transport.is_reading()
    transport._start_file()
    transport.pause_reading()
    try:
        if transport.get_write_buffer_size():
            await transport._room_for_file()
        return await send(sock, file, offset, count, transport._room_for_file)
    finally:
        transport._end_file()
        if was_reading:
            transport.resume_reading()


async def send(
    sock: Any, file: Any, offset: int, count: int | None, room: Callable[[], Awaitable[None]]
) -> int:
    """Has the system send, as often as it takes, and returns how many bytes went.

    room: waits until the socket takes bytes. Raises SendfileNotAvailableError when nothing was sent because this
    file or socket is not of the kind that the system can do it for.
    """
    source, size = source_of(file)
    if not (count or size):
        return 0
    sent = 0
    has_begun = False  # the system has taken the arguments
    try:
        while not count or sent < count:
            wanted = min(count - sent if count else size, AT_ONCE_MAX)
            try:
                sent_now = os.sendfile(sock.fileno(), source, offset + sent, wanted)
            except WOULD_BLOCK:
                has_begun = True
            except OSError as error:
                if sent == 0:
                    raise asyncio.SendfileNotAvailableError("os.sendfile call failed") from error
                if error.errno in (errno.ENOTCONN, errno.EBADF):
                    raise ConnectionError("socket is not connected", errno.ENOTCONN) from error
                raise
            else:
                has_begun = True
                sent += sent_now
                if sent_now == 0 or sent == count:
                    break
            await room()
    finally:
        if has_begun:
            set_position(file, source, offset + sent)
    return sent


def source_of(file: Any) -> tuple[int, int]:
    """The descriptor and the size of a file. Raises SendfileNotAvailableError where there is none."""
    try:
        source = file.fileno()
    except (AttributeError, io.UnsupportedOperation) as error:
        raise asyncio.SendfileNotAvailableError("not a regular file") from error
    try:
        return source, os.fstat(source).st_size
    except OSError as error:
        raise asyncio.SendfileNotAvailableError("not a regular file") from error


def set_position(file: Any, source: int, position: int) -> None:
    if hasattr(file, "seek"):
        # The file object may have read ahead, so it must know.
        file.seek(position)
    else:
        os.lseek(source, position, os.SEEK_SET)


def check_arguments(sock: Any, file: Any, offset: int, count: int | None) -> None:
    """Raises ValueError or TypeError for what cannot be sent, with the standard library's texts."""
    if "b" not in getattr(file, "mode", "b"):
        raise ValueError("file should be opened in binary mode")
    if sock.type != socket.SOCK_STREAM:
        raise ValueError("only SOCK_STREAM type sockets are supported")
    if count is not None:
        text = f"count must be a positive integer (got {count!r})"
        if not isinstance(count, int):
            raise TypeError(text)
        if count <= 0:
            raise ValueError(text)
    text = f"offset must be a non-negative integer (got {offset!r})"
    if not isinstance(offset, int):
        raise TypeError(text)
    if offset < 0:
        raise ValueError(text)


# Copying


async def copy_to_socket(
    loop: EventLoop, sock: socket.socket, file: Any, offset: int, count: int | None
) -> int:
    async def give(data: memoryview) -> None:
        await loop.sock_sendall(sock, data)

    return await copy(loop, file, offset, count, asyncio.constants.SENDFILE_FALLBACK_READBUFFER_SIZE, give)


async def copy_to_transport(
    loop: EventLoop, transport: Any, file: Any, offset: int, count: int | None
) -> int:
    stand_in = FileProtocol(loop, transport)

    async def give(data: memoryview) -> None:
        transport.write(data)
        await stand_in.drain()

    try:
        return await copy(loop, file, offset, count, COPIED_AT_ONCE, give)
    finally:
        stand_in.step_back()


async def copy(
    loop: EventLoop,
    file: Any,
    offset: int,
    count: int | None,
    at_once: int,
    give: Callable[[memoryview], Awaitable[None]],
) -> int:
    """Reads in the default executor, because a disk may be slow, and gives away what was read."""
    if hasattr(file, "seek"):
        file.seek(offset)
    buffer = memoryview(bytearray(min(count, at_once) if count else at_once))
    sent = 0
    try:
        while not count or sent < count:
            part = buffer[: count - sent] if count else buffer
            read = await loop.run_in_executor(None, file.readinto, part)
            if not read:
                break
            await give(part[:read])
            sent += read
        return sent
    finally:
        if sent and hasattr(file, "seek"):
            file.seek(offset + sent)


class FileProtocol(asyncio.Protocol):
    """Stands in for a transport's protocol while a file is copied, and takes its flow control."""

    def __init__(self, loop: EventLoop, transport: Any) -> None:
        self.loop = loop
        self.transport = transport
        self.protocol = transport.get_protocol()
        self.was_reading = transport.is_reading()
        self.was_paused = bool(transport._protocol_paused)
        # A future while the transport has no room.
        self.room: asyncio.Future[None] | None = loop.create_future() if self.was_paused else None
        self.is_lost = False
        transport.pause_reading()
        transport.set_protocol(self)

    async def drain(self) -> None:
        """Waits until the transport has room. Raises ConnectionError when it never will."""
        if self.transport.is_closing():
            raise ConnectionError("Connection closed by peer")
        if self.room is not None:
            await self.room

    def step_back(self) -> None:
        """Gives the transport back to its protocol, and tells it what it has missed."""
        if self.is_lost:
            return
        self.transport.set_protocol(self.protocol)
        if self.was_reading:
            self.transport.resume_reading()
        if self.was_paused and self.room is None:
            self.protocol.resume_writing()
        elif self.room is not None and not self.was_paused:
            self.protocol.pause_writing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        raise RuntimeError("Invalid state: connection should have been established already.")

    def connection_lost(self, error: BaseException | None) -> None:
        self.is_lost = True
        if self.room is not None and not self.room.done():
            self.room.set_exception(error or ConnectionError("Connection is closed by peer"))
            # The copier may have been cancelled: then nobody asks.
            self.room.exception()
        self.protocol.connection_lost(error)

    def pause_writing(self) -> None:
        if self.room is None:
            self.room = self.loop.create_future()

    def resume_writing(self) -> None:
        room, self.room = self.room, None
        if room is not None and not room.done():
            room.set_result(None)

    def data_received(self, data: bytes) -> None:
        raise RuntimeError("Invalid state: reading should be paused")

    def eof_received(self) -> bool | None:
        raise RuntimeError("Invalid state: reading should be paused")
