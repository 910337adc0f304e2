"""What `wait_for` does where its native way has no part: no time left, or an awaitable of a rare kind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from ouroloop.sync.sleep import set_unless_done
from ouroloop.sync.timeout import timeout as time_limit
from ouroloop.task.adopt import ensure_future
from ouroloop.task.awaited_by import future_add_to_awaited_by, future_discard_from_awaited_by
from ouroloop.task.registry import current_task

if TYPE_CHECKING:
    from collections.abc import Awaitable

Result = TypeVar("Result")


async def wait_for(fut: Awaitable[Result], timeout: float | None) -> Result:
    """As `wait_for`, for whatever it is given."""
    if timeout is not None and timeout <= 0:
        future = ensure_future(fut)
        if future.done():
            return future.result()  # type: ignore[no-any-return]
        await _cancel_and_wait(future)
        try:
            return future.result()  # type: ignore[no-any-return]
        except asyncio.CancelledError as error:
            raise TimeoutError from error
    async with time_limit(timeout):
        return await fut


async def _cancel_and_wait(future: Any) -> None:
    """Cancels `future` and waits until it is done. Waiting can itself be cancelled."""
    loop = asyncio.get_running_loop()
    is_over = loop.create_future()
    task = current_task(loop)

    def over(_: Any) -> None:
        set_unless_done(is_over)

    future.add_done_callback(over)
    future_add_to_awaited_by(future, task)
    try:
        future.cancel()
        await is_over
    finally:
        future.remove_done_callback(over)
        future_discard_from_awaited_by(future, task)
