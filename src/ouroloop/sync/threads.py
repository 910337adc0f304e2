"""Between the loop and other threads: `to_thread`, and the future of `run_coroutine_threadsafe`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ouroloop.sync.submission import Submission
from ouroloop.task.adopt import as_loop_error, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


async def to_thread(
    func: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Runs `func(*args, **kwargs)` in a thread of the default executor, and gives its result; `asyncio.to_thread`.

    It runs in a copy of the current context.
    """
    loop = asyncio.get_running_loop()
    call = functools.partial(contextvars.copy_context().run, func, *args, **kwargs)
    return await loop.run_in_executor(None, call)


def run_coroutine_threadsafe(
    coro: Coroutine[Any, Any, Result], loop: asyncio.AbstractEventLoop
) -> concurrent.futures.Future[Result]:
    """Has `loop` run a coroutine, from another thread; `asyncio.run_coroutine_threadsafe`.

    Returns a future that the caller's thread can wait for; cancelling it cancels the coroutine. Raises TypeError for
    what is no coroutine. In the thread of `loop` itself, while that runs, the future raises RuntimeError for who would
    wait for ever.
    """
    if not asyncio.iscoroutine(coro):
        raise TypeError("A coroutine object is required")
    future: SubmittedFuture[Result] = SubmittedFuture(loop)
    loop.call_soon_threadsafe(Submission(coro, loop, future))
    return future


class SubmittedFuture(concurrent.futures.Future[Result]):
    """The caller's side: its cancellation reaches the task, once there is one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._task: Any = None

    def result(self, timeout: float | None = None) -> Result:
        self._refuse_deadlock(timeout)
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._refuse_deadlock(timeout)
        return super().exception(timeout)

    def _refuse_deadlock(self, timeout: float | None) -> None:
        if timeout is None and asyncio._get_running_loop() is self._loop and not self.done():
            text = "this thread runs the loop that is waited for: await asyncio.wrap_future(future) instead"
            raise RuntimeError(text)

    def cancel(self) -> bool:
        # The loop's thread may let go of the task meanwhile.
        task = self._task
        is_cancelled = super().cancel()
        if is_cancelled and task is not None:
            if task.get_loop() is asyncio._get_running_loop():
                # In the loop's own thread the task is cancelled before anything else runs.
                task.cancel()
            else:
                tell(task.get_loop(), task.cancel)
        return is_cancelled

    def _started(self, task: Any) -> None:
        self._task = task
        if self.cancelled():
            tell(task.get_loop(), task.cancel)

    def _ended(self, task: Any) -> None:
        """The task is done: so is this, unless somebody has cancelled it."""
        self._task = None
        if task.cancelled():
            super().cancel()
        if not self.set_running_or_notify_cancel():
            return
        error = task.exception()
        if error is None:
            self.set_result(task.result())
        else:
            self.set_exception(as_loop_error(error))

    def _refused(self, error: BaseException) -> None:
        """No task could be made."""
        if self.set_running_or_notify_cancel():
            self.set_exception(error)
