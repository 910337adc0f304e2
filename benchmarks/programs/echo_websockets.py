"""A WebSocket echo with the library websockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets

from benchmarks.programs.serving import serve

if TYPE_CHECKING:
    import socket


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def start(listener: socket.socket) -> object:
    return await serve_websockets(echo, sock=listener, compression=None, max_size=None)


if __name__ == "__main__":
    serve(start)
