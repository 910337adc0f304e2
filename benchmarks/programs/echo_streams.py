"""An echo server with streams: the standard library's on whichever loop runs, or our own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from benchmarks.programs.namespace import asyncio
from benchmarks.programs.serving import BACKLOG, RECEIVE_BYTES, serve, server_context

if TYPE_CHECKING:
    import socket


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(RECEIVE_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()


async def start(listener: socket.socket) -> asyncio.Server:
    return await asyncio.start_server(echo, sock=listener, backlog=BACKLOG, ssl=server_context())


if __name__ == "__main__":
    serve(start)
