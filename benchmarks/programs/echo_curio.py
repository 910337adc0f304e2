"""An echo server with curio's sockets."""

from __future__ import annotations

import contextlib
import socket

import curio
import curio.io

from benchmarks.programs.loops import die_in_time
from benchmarks.programs.serving import RECEIVE_BYTES, announce, listen, number_of, settle_allocator


async def echo(connection: curio.io.Socket) -> None:
    async with connection:
        with contextlib.suppress(ConnectionError):
            while data := await connection.recv(RECEIVE_BYTES):
                await connection.sendall(data)


async def main() -> None:
    listener = listen()
    announce(number_of(listener))
    async with curio.io.Socket(listener) as accepting:
        while True:
            connection, _ = await accepting.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await curio.spawn(echo, connection, daemon=True)


if __name__ == "__main__":
    die_in_time()
    settle_allocator()
    curio.run(main)
