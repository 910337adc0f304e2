"""What a thread needs while it runs a loop, and what it gets back afterwards.

The running loop that `asyncio.get_running_loop()` finds, the hooks for asynchronous generators, the origin tracking of
debug mode, and, in the main thread, the descriptor that lets a signal end the poller's sleep.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import warnings

# anyio knows the root task by this callback.
from asyncio.base_events import _run_until_complete_cb as stop_when_done  # type: ignore[attr-defined]
from asyncio.constants import DEBUG_STACK_DEPTH
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ouroloop.task.adopt import ensure_future

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from ouroloop.service.event_loop import EventLoop


@contextmanager
def thread_of(loop: EventLoop) -> Iterator[None]:
    """Makes the calling thread ready to run `loop`."""
    hooks = sys.get_asyncgen_hooks()
    origin_depth = sys.get_coroutine_origin_tracking_depth()
    set_origin_tracking(loop.get_debug())
    sys.set_asyncgen_hooks(firstiter=loop._asyncgen_started, finalizer=loop._asyncgen_dropped)
    asyncio._set_running_loop(loop)
    wakeup_before = _take_wakeup_descriptor(loop)
    try:
        yield
    finally:
        if wakeup_before is not None and not loop._signal_handlers and not _wake_by(wakeup_before):
            signal.set_wakeup_fd(-1)
        asyncio._set_running_loop(None)
        sys.set_asyncgen_hooks(*hooks)
        sys.set_coroutine_origin_tracking_depth(origin_depth)


def _take_wakeup_descriptor(loop: EventLoop) -> int | None:
    """Has signals write to the loop's poller. Returns the descriptor they wrote to before; None: leave it as it is."""
    if threading.current_thread() is not threading.main_thread():
        return None
    before = signal.set_wakeup_fd(loop.poller.wakeup_fd, warn_on_full_buffer=False)
    if before == -1 or loop._signal_handlers:
        return before
    # Where somebody else listens, a signal still ends a sleep by EINTR.
    return None if _wake_by(before) else -1


def _wake_by(descriptor: int) -> bool:
    """Has signals write to a descriptor. False where it was closed without a word, and nothing has changed."""
    try:
        signal.set_wakeup_fd(descriptor)
    except (OSError, ValueError):
        # Its number may be that of another file by now, which blocks or takes no bytes.
        return False
    return True


def set_origin_tracking(enabled: bool) -> None:
    """Has each coroutine remember where it was made (debug mode)."""
    sys.set_coroutine_origin_tracking_depth(DEBUG_STACK_DEPTH if enabled else 0)


def check_can_run(loop: EventLoop) -> None:
    """Raises RuntimeError when the loop is closed, or this thread or the loop runs already."""
    loop._check_closed()
    if loop.is_running():
        raise RuntimeError("This event loop is already running")
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("Cannot run the event loop while another loop is running")


def run_until_complete(loop: EventLoop, awaitable: Any) -> Any:
    """Runs `loop` until `awaitable` is done; `asyncio.loop.run_until_complete`."""
    check_can_run(loop)
    is_new = not asyncio.isfuture(awaitable)
    future = ensure_future(awaitable, loop=loop)
    if is_new:
        future._log_destroy_pending = False
    future.add_done_callback(stop_when_done)
    try:
        loop.run_forever()
    except BaseException:
        if is_new and future.done() and not future.cancelled():
            # The exception that left run_forever is this one: it counts as seen.
            future.exception()
        raise
    finally:
        future.remove_done_callback(stop_when_done)
    if not future.done():
        raise RuntimeError("Event loop stopped before Future completed.")
    return future.result()


def note_asyncgen(loop: EventLoop, generator: AsyncGenerator[Any, Any]) -> None:
    """An asynchronous generator was iterated for the first time."""
    if loop._asyncgens_are_shut:
        warnings.warn(
            f"asynchronous generator {generator!r} was scheduled after loop.shutdown_asyncgens() call",
            ResourceWarning,
            source=loop,
            stacklevel=2,
        )
    loop._asyncgens.add(generator)


def finalize_asyncgen(loop: EventLoop, generator: AsyncGenerator[Any, Any]) -> None:
    """An asynchronous generator was dropped before its end, in whatever thread the collector ran."""
    loop._asyncgens.discard(generator)
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.create_task, generator.aclose())


async def shutdown_asyncgens(loop: EventLoop) -> None:
    """Closes every asynchronous generator that is open; `asyncio.loop.shutdown_asyncgens`."""
    loop._asyncgens_are_shut = True
    generators = list(loop._asyncgens)
    loop._asyncgens.clear()
    closing = [(generator, loop.create_task(generator.aclose())) for generator in generators]
    for generator, task in closing:
        try:
            await task
        except Exception as error:
            loop.call_exception_handler(
                {
                    "message": f"an error occurred during closing of asynchronous generator {generator!r}",
                    "exception": error,
                    "asyncgen": generator,
                }
            )
