"""`ouroloop.run`: a loop of our own around one awaitable, as `asyncio.run`."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from ouroloop.service.event_loop import EventLoop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

Result = TypeVar("Result")


def run(
    main: Awaitable[Result],
    *,
    debug: bool | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> Result:
    """Runs `main` in a new event loop and returns its result.

    main: a coroutine, or any other awaitable. debug: True or False sets the loop's debug mode; None leaves what the
    interpreter was started with. loop_factory: makes the loop; None makes an `ouroloop.EventLoop`.
    Leftover tasks are cancelled, asynchronous generators and the default executor are shut down, and the loop is closed
    before it returns. Ctrl-C cancels `main` and raises KeyboardInterrupt. Raises RuntimeError inside a running loop.
    As `asyncio.run` of Python 3.14.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("asyncio.run() cannot be called from a running event loop")
    with asyncio.Runner(debug=debug, loop_factory=loop_factory or EventLoop) as runner:
        coroutine: Coroutine[Any, Any, Result]
        if asyncio.iscoroutine(main):
            coroutine = main
        elif inspect.isawaitable(main):
            coroutine = _await(main)
        else:
            raise TypeError("An asyncio.Future, a coroutine or an awaitable is required")
        return runner.run(coroutine)


async def _await(awaitable: Awaitable[Result]) -> Result:
    return await awaitable
