"""`ouroloop.run`: a loop of our own around one awaitable, as `asyncio.run`."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ouroloop.service import executor
from ouroloop.service.event_loop import EventLoop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from ouroloop.service.worker_threads import WorkerThreads

Result = TypeVar("Result")


def run(
    main: Awaitable[Result],
    *,
    debug: bool | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> Result:
    """Runs `main` in a new event loop and returns its result.

    main: a coroutine, or any other awaitable. debug: True or False sets the loop's debug mode; None leaves
    what the interpreter was started with. loop_factory: makes the loop; None makes an `ouroloop.EventLoop`.
    Leftover tasks are cancelled, asynchronous generators and the default executor are shut down, and the
    loop is closed before it returns. Ctrl-C cancels `main` and raises KeyboardInterrupt; what then still
    runs in the default executor's threads holds the program up no longer.
    Raises RuntimeError inside a running loop. As `asyncio.run` of Python 3.14, but that it waits for those
    threads even after Ctrl-C.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("asyncio.run() cannot be called from a running event loop")
    threads: WorkerThreads | None = None
    try:
        with asyncio.Runner(debug=debug, loop_factory=loop_factory or EventLoop) as runner:
            loop = runner.get_loop()
            try:
                return runner.run(as_coroutine(main))
            except KeyboardInterrupt:
                if isinstance(loop, EventLoop):
                    executor.abandon(loop)
                raise
            finally:
                # Those that closing the loop will wait for; the loop lets go of them when it is closed.
                if isinstance(loop, EventLoop):
                    threads = executor.own_threads(loop)
    except KeyboardInterrupt:
        # Of `main`, or of a Ctrl-C while the loop was closed.
        if threads is not None:
            threads.abandon()
        raise


def as_coroutine(main: Awaitable[Result]) -> Coroutine[Any, Any, Result]:
    """`main`, or a coroutine around it; what cannot be awaited is left for the runner to refuse."""
    if inspect.isawaitable(main) and not asyncio.iscoroutine(main):
        return _await(main)
    return cast("Coroutine[Any, Any, Result]", main)


async def _await(awaitable: Awaitable[Result]) -> Result:
    return await awaitable
