"""Pipes, FIFOs, sockets and terminals to test pipe transports on, and a protocol that writes down what they say."""

import asyncio
import contextlib
import io
import os
import pty
import socket
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from .peers import eventually, turns

KINDS = ("pipe", "FIFO", "socket", "terminal")


class PipeProtocol(asyncio.Protocol):
    """Writes down each callback's name, the bytes, and how the pipe ended."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.received = bytearray()
        self.transport: Any = None
        self.lost: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.calls.append("connection_made")
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert type(data) is bytes
        assert data
        self.received += data

    def eof_received(self) -> None:
        self.calls.append("eof_received")

    def pause_writing(self) -> None:
        self.calls.append("pause_writing")

    def resume_writing(self) -> None:
        self.calls.append("resume_writing")

    def connection_lost(self, exc: BaseException | None) -> None:
        self.calls.append("connection_lost")
        self.lost.set_result(exc)  # raises, and so fails the test, on a second call


@contextlib.contextmanager
def open_ends(kind: str, folder: Path) -> Iterator[tuple[Any, Any]]:
    """The reading and the writing end of a pipe of this kind, as unbuffered file objects."""
    if kind == "pipe":
        reader, writer = os.pipe()
    elif kind == "FIFO":
        os.mkfifo(folder / "fifo")
        reader = os.open(folder / "fifo", os.O_RDONLY | os.O_NONBLOCK)
        writer = os.open(folder / "fifo", os.O_WRONLY)
    elif kind == "socket":
        left, right = socket.socketpair()
        reader, writer = left.detach(), right.detach()
    else:
        reader, writer = pty.openpty()
        tty.setraw(writer, termios.TCSANOW)
    with io.FileIO(reader) as read_file, io.FileIO(writer, "w") as write_file:
        yield read_file, write_file


@contextlib.asynccontextmanager
async def reading(
    kind: str, folder: Path, protocol_class: type[PipeProtocol] = PipeProtocol
) -> AsyncIterator[tuple[Any, PipeProtocol, Any]]:
    """A transport that reads, its protocol, and the file to write to."""
    loop = asyncio.get_running_loop()
    with open_ends(kind, folder) as (reader, writer):
        transport, protocol = await loop.connect_read_pipe(protocol_class, reader)
        try:
            yield transport, protocol, writer
        finally:
            transport.close()
            await turns(10)


@contextlib.asynccontextmanager
async def writing(kind: str, folder: Path) -> AsyncIterator[tuple[Any, PipeProtocol, Any]]:
    """A transport that writes, its protocol, and the file to read from without blocking."""
    loop = asyncio.get_running_loop()
    with open_ends(kind, folder) as (reader, writer):
        os.set_blocking(reader.fileno(), False)
        transport, protocol = await loop.connect_write_pipe(PipeProtocol, writer)
        try:
            yield transport, protocol, reader
        finally:
            if not protocol.lost.done():
                transport.abort()
            await turns(10)


async def read_all(file: Any, count: int | None = None) -> bytes:
    """Reads a non-blocking file up to `count` bytes or its end, between turns of the loop."""
    found = bytearray()
    ended = False

    def step() -> bool:
        nonlocal ended
        data = file.read(1 << 16)
        if data is not None:
            found.extend(data)
            ended = data == b""
        return ended or (count is not None and len(found) >= count)

    await eventually(step)
    return bytes(found)
