"""Connecting to several addresses at once, each begun a little after the one before: RFC 8305, section 5.

The first socket that is connected wins. Every other one is closed, whatever way the race ends.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Iterable
    from typing import Any

    from ouroloop.service.event_loop import EventLoop

    Attempt = Callable[[], Coroutine[Any, Any, socket.socket]]


async def first_connected(loop: EventLoop, attempts: Iterable[Attempt], delay: float) -> socket.socket | None:
    """Starts each attempt when the newest one failed, or `delay` seconds after it; None when all failed.

    An attempt that fails raises OSError and keeps what others need to know of it. Anything else that it
    raises ends the race and is raised here.
    """
    race = Race(loop, list(attempts), delay)
    winner: socket.socket | None = None
    try:
        winner = await race.run()
    finally:
        try:
            await race.finish()
        except BaseException:
            # Cancelled after the race was won: nobody will take the socket.
            if winner is not None:
                winner.close()
            raise
    return winner


class Race:
    def __init__(self, loop: EventLoop, attempts: list[Attempt], delay: float) -> None:
        self.loop = loop
        self.attempts = attempts
        self.delay = delay
        self.next_index = 0
        self.next_start = loop.time()
        self.running: list[asyncio.Task[socket.socket]] = []

    async def run(self) -> socket.socket | None:
        while self.running or self.has_more:
            if self.is_next_due():
                self.start_next()
            timeout = max(0.0, self.next_start - self.loop.time()) if self.has_more else None
            await asyncio.wait(self.running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            winner = self.take_finished()
            if winner is not None:
                return winner
        return None

    async def finish(self) -> None:
        """Ends what still runs, and waits until it has."""
        losers, self.running = self.running, []
        for task in losers:
            task.add_done_callback(close_result)
            task.cancel()
        if losers:
            await asyncio.wait(losers)

    @property
    def has_more(self) -> bool:
        return self.next_index < len(self.attempts)

    def is_next_due(self) -> bool:
        return self.has_more and (not self.running or self.loop.time() >= self.next_start)

    def start_next(self) -> None:
        self.running.append(self.loop.create_task(self.attempts[self.next_index]()))
        self.next_index += 1
        self.next_start = self.loop.time() + self.delay

    def take_finished(self) -> socket.socket | None:
        """The socket of the earliest attempt that succeeded. Failed ones are forgotten."""
        newest = self.running[-1]
        for task in [each for each in self.running if each.done()]:
            self.running.remove(task)
            error = None if task.cancelled() else task.exception()
            if not task.cancelled() and error is None:
                return task.result()
            if error is not None and not isinstance(error, OSError):
                raise error
            if task is newest:
                self.next_start = self.loop.time()
        return None


def close_result(task: asyncio.Task[socket.socket]) -> None:
    """Closes the socket of an attempt that nobody waits for any more, and takes note of its failure."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()
