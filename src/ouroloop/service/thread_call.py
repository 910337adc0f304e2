"""A call in a thread whose outcome a loop's future gets: what `run_in_executor` submits to threads of ours.

It stands among a pool's calls in the place of a `concurrent.futures.Future`, which brings a lock, a condition and two
callbacks that only its other users need. The loop's future is read in the thread to see whether the call is still
wanted, and completed in the loop's thread alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ouroloop.task.adopt import as_loop_error, tell

if TYPE_CHECKING:
    import asyncio
    from collections import deque
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop


class ThreadCall:
    """Carries the outcome of one call to `future`, a new future of `loop`."""

    __slots__ = ("future", "loop")

    def __init__(self, loop: EventLoop) -> None:
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()

    def make(self, function: Callable[..., Any], args: tuple[Any, ...], free: deque[None]) -> None:
        """In a thread of the pool: makes the call, if it is still wanted, and tells the loop.

        free: where the thread counts itself before it tells, since the loop's next call may come at once.
        """
        if self.future.cancelled():
            free.append(None)
            return
        try:
            value = function(*args)
        except BaseException as error:
            free.append(None)
            self._tell(fail, error)
        else:
            free.append(None)
            self._tell(succeed, value)
        finally:
            # The error refers to this frame, which must not refer back.
            del self

    # Of a call that no thread has taken, in whatever thread; by the names that a concurrent.futures.Future has.

    def set_running_or_notify_cancel(self) -> bool:
        return not self.future.cancelled()

    def set_exception(self, error: BaseException) -> None:
        self._tell(fail, error)

    def cancel(self) -> bool:
        self._tell(abandon, None)
        return True

    def _tell(self, complete: Any, outcome: Any) -> None:
        if not self.loop.is_closed():
            tell(self.loop, complete, self.future, outcome)


def succeed(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(as_loop_error(error))


def abandon(future: asyncio.Future[Any], _: None) -> None:
    future.cancel()
