"""Turns what can be awaited into a future of a loop, and futures of threads into futures of a loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
from typing import TYPE_CHECKING, Any

from ouroloop.task.current import current_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine


def ensure_future(coro_or_future: Any, *, loop: asyncio.AbstractEventLoop | None = None) -> Any:
    """A future itself, a coroutine as a task, another awaitable as a task that awaits it; `asyncio.ensure_future`.

    loop: None takes the current one. Raises ValueError for a future of another loop, TypeError for what cannot be
    awaited.
    """
    if asyncio.isfuture(coro_or_future):
        if loop is not None and loop is not loop_of(coro_or_future):
            raise ValueError(
                "The future belongs to a different loop than the one specified as the loop argument"
            )
        return coro_or_future
    if not asyncio.iscoroutine(coro_or_future) and not inspect.isawaitable(coro_or_future):
        raise TypeError("An asyncio.Future, a coroutine or an awaitable is required")
    if loop is None:
        loop = current_loop()
    coroutine = as_coroutine(coro_or_future)
    try:
        return loop.create_task(coroutine)
    except RuntimeError:
        # Nobody can run it any more.
        coroutine.close()
        raise


async def await_(awaitable: Awaitable[Any]) -> Any:
    """A coroutine around anything that can be awaited."""
    return await awaitable


def as_coroutine(awaitable: Any) -> Coroutine[Any, Any, Any]:
    """`awaitable` itself where it is a coroutine, else a coroutine around it. Raises TypeError for anything else."""
    if asyncio.iscoroutine(awaitable):
        return awaitable
    if inspect.isawaitable(awaitable):
        return await_(awaitable)
    raise TypeError("An asyncio.Future, a coroutine or an awaitable is required")


def loop_of(future: Any) -> Any:
    """The loop of a future of any make."""
    return asyncio.futures._get_loop(future)  # type: ignore[attr-defined]


def wrap_future(future: Any, *, loop: asyncio.AbstractEventLoop | None = None) -> Any:
    """A future of `loop` (None: the current one) that follows a `concurrent.futures.Future`; `asyncio.wrap_future`.

    A future of a loop is given back as it is.
    """
    if asyncio.isfuture(future):
        return future
    if not isinstance(future, concurrent.futures.Future):
        raise AssertionError(f"concurrent.futures.Future is expected, got {future!r}")
    follower = (current_loop() if loop is None else loop).create_future()
    chain(future, follower)
    return follower


def chain(source: Any, destination: Any) -> None:
    """Has `destination` end as `source` does, and a cancelled `destination` cancel `source`.

    Either may be a future of a loop or a `concurrent.futures.Future`; with two loops, each is touched in its own.
    """
    for future, role in ((source, "source"), (destination, "destination")):
        if not asyncio.isfuture(future) and not isinstance(future, concurrent.futures.Future):
            raise TypeError(f"A future is required for {role} argument")
    source_loop = loop_of(source) if asyncio.isfuture(source) else None
    destination_loop = loop_of(destination) if asyncio.isfuture(destination) else None

    def source_done(_: Any) -> None:
        if destination_loop is None or destination_loop is asyncio._get_running_loop():
            copy_outcome(source, destination)
        elif not destination_loop.is_closed():
            tell(destination_loop, copy_outcome, source, destination)

    def destination_done(_: Any) -> None:
        if not destination.cancelled():
            return
        if source_loop is None or source_loop is asyncio._get_running_loop():
            source.cancel()
        else:
            tell(source_loop, source.cancel)

    destination.add_done_callback(destination_done)
    source.add_done_callback(source_done)


def tell(loop: Any, callback: Any, *args: Any) -> None:
    """Calls back in the loop's thread. A loop that is closed has nobody left who would hear of it."""
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:
        if not loop.is_closed():
            raise


def copy_outcome(source: Any, destination: Any) -> None:
    """Completes `destination` as `source` was completed, unless it is done already."""
    if isinstance(destination, concurrent.futures.Future):
        if source.cancelled():
            destination.cancel()
        if not destination.set_running_or_notify_cancel():
            return
    elif destination.done():
        return
    elif source.cancelled():
        destination.cancel()
        return
    error = source.exception()
    if error is None:
        destination.set_result(source.result())
    else:
        destination.set_exception(as_loop_error(error))


def as_loop_error(error: BaseException) -> BaseException:
    """The exception, or asyncio's own where it is the namesake of `concurrent.futures`."""
    if type(error) is concurrent.futures.CancelledError:
        return asyncio.CancelledError(*error.args).with_traceback(error.__traceback__)
    if type(error) is concurrent.futures.InvalidStateError:
        return asyncio.InvalidStateError(*error.args).with_traceback(error.__traceback__)
    return error
