"""An echo server with the streams of `from ouroloop import asyncio`: `echo_streams` with one line changed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from benchmarks.programs.serving import BACKLOG, RECEIVE_BYTES, serve
from ouroloop import asyncio

if TYPE_CHECKING:
    import socket


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(RECEIVE_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()


async def start(listener: socket.socket) -> object:
    return await asyncio.start_server(echo, sock=listener, backlog=BACKLOG)


if __name__ == "__main__":
    serve(start)
