"""The server of aiohttp on the floor: the application is that of the other program."""

from __future__ import annotations

import argparse
import asyncio
import functools
from typing import TYPE_CHECKING, Any

from benchmarks.programs import http_aiohttp
from benchmarks.programs.floor import load_floor
from benchmarks.programs.loops import die_in_time
from benchmarks.programs.serving import announce, listen, number_of, settle_allocator

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


class Loop:
    """What this server asks of a loop: by the floor, but for tasks and futures, which are the standard library's."""

    def __init__(self, floor: Any) -> None:
        self._floor = floor
        self.call_soon = floor.call_soon
        self.call_later = floor.call_later
        self.call_at = floor.call_at
        self.time = floor.time
        self.create_future = functools.partial(asyncio.Future, loop=self)  # type: ignore[call-overload]
        self.create_task = functools.partial(asyncio.Task, loop=self)  # type: ignore[arg-type]

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    async def create_server(
        self, factory: Callable[[], asyncio.Protocol], *, sock: socket.socket, **_: object
    ) -> socket.socket:
        self._floor.serve(sock.fileno(), lambda descriptor: self._floor.transport(descriptor, factory()))
        return sock


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("extension")
    arguments = parser.parse_args()
    die_in_time()
    settle_allocator()
    floor = load_floor(arguments.extension).get_running_loop()
    loop: Any = Loop(floor)
    asyncio._set_running_loop(loop)
    listener = listen()
    started = loop.create_task(http_aiohttp.start(listener))
    started.add_done_callback(lambda task: announce(number_of(listener)) if task.result() else None)
    floor.run_forever()


if __name__ == "__main__":
    main()
