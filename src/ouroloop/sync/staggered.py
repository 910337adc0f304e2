"""`staggered_race`: attempts that start one after the other, until the first succeeds."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from ouroloop.sync.sleep import set_unless_done
from ouroloop.sync.wait_for import wait_for
from ouroloop.task.awaited_by import future_add_to_awaited_by, future_discard_from_awaited_by
from ouroloop.task.registry import current_task

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable


async def staggered_race(
    coro_fns: Iterable[Callable[[], Coroutine[Any, Any, Any]]],
    delay: float | None,
    *,
    loop: asyncio.AbstractEventLoop | None = None,
) -> tuple[Any, int | None, list[BaseException | None]]:
    """Starts the coroutine functions in order and gives the first success; as in CPython's `asyncio.staggered`.

    The next one starts as soon as the one before it fails, or `delay` seconds after it started (None: only when it
    fails). When one succeeds the others are cancelled. Returns the winner's result, its index, and the exceptions of
    those that were started; the first two are None when nobody won.
    """
    race = _Race(coro_fns, delay, loop or asyncio.get_running_loop())
    try:
        return await race.run()
    finally:
        # The exceptions hold frames, and these hold the race.
        race.exceptions = []
        race.unexpected = []


class _Race:
    """One race: its attempts, each a task that starts the next one."""

    def __init__(self, coro_fns: Iterable[Any], delay: float | None, loop: Any) -> None:
        self.attempts = enumerate(coro_fns)
        self.delay = delay
        self.loop = loop
        self.parent = current_task(loop)
        self.running: set[Any] = set()
        self.all_ended: Any = None
        self.winner: tuple[Any, int | None] = (None, None)
        self.exceptions: list[BaseException | None] = []
        self.unexpected: list[BaseException] = []

    async def run(self) -> tuple[Any, int | None, list[BaseException | None]]:
        cancellation: BaseException | None = None
        try:
            self.start_next(None)
            while self.running:
                self.all_ended = self.loop.create_future()
                try:
                    await self.all_ended
                except asyncio.CancelledError as error:
                    cancellation = error
                    for task in list(self.running):
                        task.cancel(*error.args)
                self.all_ended = None
            if self.unexpected:
                raise BaseExceptionGroup("staggered race failed", self.unexpected)
            if cancellation is not None:
                raise cancellation
            return (*self.winner, self.exceptions)
        finally:
            cancellation = None

    def start_next(self, previous_failed: Any) -> None:
        # The task may take its first step at once (an eager factory), before it stands among those that run.
        may_start = self.loop.create_future()
        task = self.loop.create_task(self.attempt(may_start, previous_failed))
        future_add_to_awaited_by(task, self.parent)
        self.running.add(task)
        task.add_done_callback(self.ended)
        may_start.set_result(None)

    async def attempt(self, may_start: Any, previous_failed: Any) -> None:
        await may_start
        if previous_failed is not None:
            with contextlib.suppress(TimeoutError):
                await wait_for(previous_failed, self.delay)
        try:
            index, function = next(self.attempts)
        except StopIteration:
            return
        failed = self.loop.create_future()
        self.start_next(failed)
        self.exceptions.append(None)
        try:
            result = await function()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self.exceptions[index] = error
            set_unless_done(failed)
        else:
            self.winner = (result, index)
            own = current_task(self.loop)
            for task in list(self.running):
                # Cancelled after its last await, this one would end with the exception as its result.
                if task is not own:
                    task.cancel()

    def ended(self, task: Any) -> None:
        self.running.discard(task)
        future_discard_from_awaited_by(task, self.parent)
        if not self.running and self.all_ended is not None:
            set_unless_done(self.all_ended)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.unexpected.append(error)
