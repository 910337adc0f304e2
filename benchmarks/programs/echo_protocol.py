"""An echo server as a protocol: each piece that comes in is written back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from benchmarks.programs.serving import BACKLOG, serve, server_context

if TYPE_CHECKING:
    import socket


class Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        del self.transport


async def start(listener: socket.socket) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    return await loop.create_server(Echo, sock=listener, backlog=BACKLOG, ssl=server_context())


if __name__ == "__main__":
    serve(start)
