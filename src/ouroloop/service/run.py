"""`ouroloop.run`: a loop of our own around one awaitable, as `asyncio.run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ouroloop.service import runner
from ouroloop.service.event_loop import EventLoop

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

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
    return runner.run(main, debug=debug, loop_factory=loop_factory or EventLoop)
