"""An echo server with the loop's own socket calls: sock_accept, sock_recv and sock_sendall."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from benchmarks.programs.serving import RECEIVE_BYTES, serve


async def echo(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with connection, contextlib.suppress(ConnectionError):
        while data := await loop.sock_recv(connection, RECEIVE_BYTES):
            await loop.sock_sendall(connection, data)


async def accept(listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    echoes = set()
    while True:
        connection, _ = await loop.sock_accept(listener)
        # The transports of every loop turn Nagle's algorithm off; here it is the program's to do.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = loop.create_task(echo(connection))
        echoes.add(task)
        task.add_done_callback(echoes.discard)


async def start(listener: socket.socket) -> asyncio.Task[None]:
    return asyncio.get_running_loop().create_task(accept(listener))


if __name__ == "__main__":
    serve(start)
