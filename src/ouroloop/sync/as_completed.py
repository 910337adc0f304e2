"""`as_completed`: futures in the order in which they end."""

from __future__ import annotations

import inspect
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ouroloop.task.adopt import ensure_future
from ouroloop.task.awaited_by import future_add_to_awaited_by, future_discard_from_awaited_by
from ouroloop.task.current import current_loop
from ouroloop.task.registry import current_task

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Coroutine, Iterable

Result = TypeVar("Result")


def as_completed(fs: Iterable[Awaitable[Result]], *, timeout: float | None = None) -> AsCompleted[Result]:
    """Gives `fs` in the order in which they end; `asyncio.as_completed`.

    `async for` gives futures that are done: those of `fs` themselves, and tasks for what was a coroutine or another
    awaitable. A plain `for` gives coroutines, each of which waits for the next one and gives its result.
    timeout: seconds, past which TimeoutError is raised for what is not done. Raises TypeError when `fs` is itself
    awaitable.
    """
    if inspect.isawaitable(fs):
        raise TypeError(f"expects an iterable of awaitables, not {type(fs).__name__}")
    return AsCompleted(fs, timeout)


class AsCompleted(Generic[Result]):
    """What `as_completed` gives: an iterator of both kinds."""

    def __init__(self, awaitables: Iterable[Awaitable[Result]], timeout: float | None) -> None:
        self._loop = current_loop()
        self._done: deque[Any] = deque()
        self._turns: deque[Any] = deque()
        self._timed_out = False
        self._timer = None
        self._pending = {ensure_future(each, loop=self._loop) for each in set(awaitables)}
        self._to_give = len(self._pending)
        # Waits for them, as call graphs show.
        self._task = current_task(self._loop)
        for future in self._pending:
            future.add_done_callback(self._future_done)
            future_add_to_awaited_by(future, self._task)
        if self._pending and timeout is not None:
            self._timer = self._loop.call_later(timeout, self._time_is_up)

    def __aiter__(self) -> AsCompleted[Result]:
        return self

    def __iter__(self) -> AsCompleted[Result]:
        return self

    async def __anext__(self) -> asyncio.Future[Result]:
        if not self._to_give:
            raise StopAsyncIteration
        self._to_give -= 1
        future: asyncio.Future[Result] = await self._next_done()
        return future

    def __next__(self) -> Coroutine[Any, Any, Result]:
        if not self._to_give:
            raise StopIteration
        self._to_give -= 1
        return self._next_result()

    async def _next_result(self) -> Result:
        result: Result = (await self._next_done()).result()
        return result

    async def _next_done(self) -> Any:
        """The next future that is done. Those who wait are served in the order in which they came."""
        while not self._done:
            if self._timed_out:
                raise TimeoutError
            turn = self._loop.create_future()
            self._turns.append(turn)
            try:
                await turn
            except BaseException:
                turn.cancel()
                if turn in self._turns:
                    self._turns.remove(turn)
                elif not turn.cancelled():
                    # Its turn had come: the next in line takes it.
                    self._wake_next()
                raise
        return self._done.popleft()

    def _future_done(self, future: Any) -> None:
        if self._timed_out:
            return
        self._pending.discard(future)
        future_discard_from_awaited_by(future, self._task)
        self._done.append(future)
        self._wake_next()
        if not self._pending and self._timer is not None:
            self._timer.cancel()

    def _time_is_up(self) -> None:
        self._timed_out = True
        for future in self._pending:
            future.remove_done_callback(self._future_done)
            future_discard_from_awaited_by(future, self._task)
        self._pending.clear()
        for _ in range(len(self._turns)):
            self._wake_next()

    def _wake_next(self) -> None:
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return
