"""`wait`: until some or all of several futures are done. Nothing is cancelled, and nothing is raised for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ouroloop.sync.arrivals import Arrivals
from ouroloop.sync.sleep import set_unless_done
from ouroloop.task.kinds import iscoroutine
from ouroloop.task.registry import current_task

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST_COMPLETED = asyncio.FIRST_COMPLETED
FIRST_EXCEPTION = asyncio.FIRST_EXCEPTION
ALL_COMPLETED = asyncio.ALL_COMPLETED


async def wait(
    fs: Iterable[Any],
    *,
    timeout: float | None = None,
    return_when: str = ALL_COMPLETED,
) -> tuple[set[Any], set[Any]]:
    """Waits for the futures and tasks in `fs`, and gives those that are done and those that are not.

    timeout: seconds; past it, what is done by then is given. return_when: FIRST_COMPLETED, FIRST_EXCEPTION or
    ALL_COMPLETED. Raises TypeError for coroutines, ValueError for nothing to wait for. As `asyncio.wait`, but that
    RuntimeError is raised where the current task would wait for its own end.
    """
    if asyncio.isfuture(fs) or iscoroutine(fs):
        raise TypeError(f"expect a list of futures, not {type(fs).__name__}")
    if not fs:
        raise ValueError("Set of Tasks/Futures is empty.")
    if return_when not in (FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED):
        raise ValueError(f"Invalid return_when value: {return_when}")
    futures = set(fs)
    if any(iscoroutine(each) for each in futures):
        raise TypeError("Passing coroutines is forbidden, use tasks explicitly.")
    return await _wait(futures, timeout, return_when, asyncio.get_running_loop())


async def _wait(
    futures: set[Any],
    timeout: float | None,
    return_when: str,
    loop: asyncio.AbstractEventLoop,
) -> tuple[set[Any], set[Any]]:
    if not futures:
        # An iterable that was empty but did not say so.
        raise ValueError("Set of Tasks/Futures is empty.")
    task = current_task()
    if task in futures and timeout is None and return_when == ALL_COMPLETED:
        raise RuntimeError(f"Task cannot await on itself: {task!r}")
    waiter = loop.create_future()
    timer = None if timeout is None else loop.call_later(timeout, set_unless_done, waiter)
    arrivals = Arrivals(futures, waiter, task, return_when)
    try:
        await waiter
    finally:
        if timer is not None:
            timer.cancel()
        arrivals.unfollow()
    done = {future for future in futures if future.done()}
    return done, futures - done
