"""An echo server for datagrams: each one that comes in is sent back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from benchmarks.programs.serving import bind_datagrams, serve

if TYPE_CHECKING:
    import socket


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.transport.sendto(data, addr)


async def start(sock: socket.socket) -> object:
    return await asyncio.get_running_loop().create_datagram_endpoint(Echo, sock=sock)


if __name__ == "__main__":
    serve(start, bind_datagrams)
