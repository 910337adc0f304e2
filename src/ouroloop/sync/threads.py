"""Between the loop and other threads: `to_thread` and `run_coroutine_threadsafe`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ouroloop.task.adopt import chain, ensure_future

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
    what is no coroutine.
    """
    if not asyncio.iscoroutine(coro):
        raise TypeError("A coroutine object is required")
    future: concurrent.futures.Future[Result] = concurrent.futures.Future()

    def start() -> None:
        try:
            chain(ensure_future(coro, loop=loop), future)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            if future.set_running_or_notify_cancel():
                future.set_exception(error)
            raise

    loop.call_soon_threadsafe(start)
    return future
