"""Blocking calls on threads: the default executor, its shutdown, and how its futures become the loop's."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any

from ouroloop.task.adopt import copy_outcome

if TYPE_CHECKING:
    import asyncio
    import concurrent.futures
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop
    from ouroloop.service.worker_threads import WorkerThreads


def submit(
    loop: EventLoop,
    executor: concurrent.futures.Executor | None,
    function: Callable[..., Any],
    args: tuple[Any, ...],
) -> asyncio.Future[Any]:
    """Runs `function(*args)` in `executor` (None: the default one); `asyncio.loop.run_in_executor`."""
    if executor is None:
        executor = default_executor(loop)
        call_for = getattr(executor, "call_for", None)
        if call_for is not None:
            # Threads of ours, which take a future of the loop.
            future: asyncio.Future[Any] = call_for(loop, function, args)
            return future
    return wrap(loop, executor.submit(function, *args))


def default_executor(loop: EventLoop) -> concurrent.futures.Executor:
    """The loop's own thread pool, made when it is first needed. Raises RuntimeError after its shutdown."""
    if loop._executor_is_shut:
        raise RuntimeError("Executor shutdown has been called")
    if loop._default_executor is None:
        # Imported now: a program that starts no threads does not wait for their code.
        from ouroloop.service.worker_threads import WorkerThreads

        loop._default_executor = WorkerThreads()
    return loop._default_executor


def own_threads(loop: EventLoop) -> WorkerThreads | None:
    """The default executor, where there is one and it is of our making."""
    executor = loop._default_executor
    if executor is None:
        return None
    from ouroloop.service.worker_threads import WorkerThreads

    return executor if isinstance(executor, WorkerThreads) else None


def abandon(loop: EventLoop) -> None:
    """Leaves the default executor's threads to themselves: nothing waits for them any more.

    What the loop's clean-up still submits goes to new ones, which are waited for.
    """
    executor = own_threads(loop)
    if executor is not None:
        loop._default_executor = None
        executor.abandon()


def wrap(loop: EventLoop, source: concurrent.futures.Future[Any]) -> asyncio.Future[Any]:
    """A future of `loop` that follows `source`: its result, its exception, its cancellation, both ways."""
    future = loop.create_future()

    # The source keeps its callbacks for ever, so they must not refer to it: each job would leave a cycle behind.
    def source_done(done: concurrent.futures.Future[Any]) -> None:
        if loop.is_closed():
            return
        try:
            loop.call_soon_threadsafe(copy_outcome, done, future)
        except RuntimeError:
            # The loop was closed in between: nobody is left to hear of it.
            if not loop.is_closed():
                raise

    def future_done(_: asyncio.Future[Any]) -> None:
        if future.cancelled():
            source.cancel()

    future.add_done_callback(future_done)
    source.add_done_callback(source_done)
    return future


async def shut_down(loop: EventLoop, timeout: float | None) -> None:
    """Waits until the default executor's threads have ended, `timeout` seconds at most.

    `asyncio.loop.shutdown_default_executor`: past the time limit it warns and waits no longer.
    """
    loop._executor_is_shut = True
    executor = loop._default_executor
    if executor is None:
        return
    threads = own_threads(loop)
    if threads is not None and not threads.has_threads:
        threads.shutdown()
        return
    joined = loop.create_future()
    # A daemon: the threads that it waits for may be abandoned; if not, the interpreter waits for them.
    thread = threading.Thread(target=_join, args=(loop, executor, joined), daemon=True)
    thread.start()
    timer = None if timeout is None else loop.call_later(timeout, _set_unless_done, joined, False)
    try:
        in_time = await joined
    finally:
        if timer is not None:
            timer.cancel()
    if in_time:
        thread.join()
        return
    warnings.warn(
        f"The executor did not finishing joining its threads within {timeout} seconds.",
        RuntimeWarning,
        stacklevel=2,
    )
    executor.shutdown(wait=False)


def _join(loop: EventLoop, executor: concurrent.futures.Executor, joined: asyncio.Future[bool]) -> None:
    try:
        executor.shutdown(wait=True)
    except BaseException as error:
        _tell(loop, _fail_unless_done, joined, error)
    else:
        _tell(loop, _set_unless_done, joined, True)


def _tell(loop: EventLoop, callback: Callable[..., object], *args: Any) -> None:
    """Calls back in the loop's thread, if the loop is still there."""
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:
        if not loop.is_closed():
            raise


def _set_unless_done(future: asyncio.Future[bool], value: bool) -> None:
    if not future.done():
        future.set_result(value)


def _fail_unless_done(future: asyncio.Future[bool], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
