"""An echo server with Trio's streams."""

from __future__ import annotations

import contextlib

import trio

from benchmarks.programs.loops import die_in_time
from benchmarks.programs.serving import RECEIVE_BYTES, announce, listen, number_of, settle_allocator


async def echo(stream: trio.SocketStream) -> None:
    with contextlib.suppress(trio.BrokenResourceError):
        while data := await stream.receive_some(RECEIVE_BYTES):
            await stream.send_all(data)


async def main() -> None:
    listener = listen()
    announce(number_of(listener))
    await trio.serve_listeners(echo, [trio.SocketListener(trio.socket.from_stdlib_socket(listener))])


if __name__ == "__main__":
    die_in_time()
    settle_allocator()
    trio.run(main)
