"""An echo server as a buffered protocol: each piece that comes in is copied out of the buffer and written back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from benchmarks.programs.serving import BACKLOG, serve

if TYPE_CHECKING:
    import socket

BUFFER_BYTES = 128 * 1024


class Echo(asyncio.BufferedProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = memoryview(bytearray(BUFFER_BYTES))

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        # A copy, because a transport that cannot send at once may keep what it was given.
        self.transport.write(bytes(self.buffer[:nbytes]))  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        del self.transport


async def start(listener: socket.socket) -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(Echo, sock=listener, backlog=BACKLOG)


if __name__ == "__main__":
    serve(start)
