"""`Runner`: a loop from its making to its end, for programs that are not themselves asynchronous.

Ctrl-C cancels what `run()` runs; the second one raises KeyboardInterrupt at once. Closing cancels what is left, shuts
down asynchronous generators and the default executor, and closes the loop. After a Ctrl-C the executor's busy threads
hold the program up no longer.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import signal
import threading
from asyncio.runners import _State  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ouroloop.service import executor
from ouroloop.service.event_loop import EventLoop
from ouroloop.task.adopt import as_coroutine
from ouroloop.task.registry import all_tasks
from ouroloop.versions import EXECUTOR_SHUTDOWN_HAS_TIMEOUT, RUN_TAKES_AWAITABLES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import FrameType

    from ouroloop.service.worker_threads import WorkerThreads

Result = TypeVar("Result")

# Seconds that closing waits for the default executor's threads; `asyncio.constants.THREAD_JOIN_TIMEOUT` (3.12 on).
THREAD_JOIN_TIMEOUT = 300


def run(
    main: Awaitable[Result],
    *,
    debug: bool | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> Result:
    """Runs `main` in a new event loop and returns its result, as `asyncio.run` of Python 3.15.

    Raises RuntimeError inside a running loop.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("asyncio.run() cannot be called from a running event loop")
    with Runner(debug=debug, loop_factory=loop_factory) as runner:
        return runner.run(main)


class Runner(asyncio.Runner):  # type: ignore[misc]
    """Runs awaitables one after the other in one event loop, as `asyncio.Runner` of Python 3.15.

    debug: True or False sets the loop's debug mode; None leaves what the interpreter was started with. loop_factory:
    makes the loop, which is then not the thread's current one outside `run()`; None makes the default one.
    """

    def __init__(
        self,
        *,
        debug: bool | None = None,
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    ) -> None:
        self._state = _State.CREATED
        self._debug = debug
        self._loop_factory = loop_factory
        self._loop: Any = None
        self._context: contextvars.Context | None = None
        self._interrupt_count = 0
        self._set_event_loop = False

    def __enter__(self) -> Self:
        self._lazy_init()
        return self

    def __exit__(
        self,
        exc_type: object,
        exc_val: object,
        exc_tb: object,
    ) -> None:
        self.close()

    def get_loop(self) -> Any:
        """The event loop. Raises RuntimeError once the runner is closed."""
        self._lazy_init()
        return self._loop

    def run(self, coro: Awaitable[Result], *, context: contextvars.Context | None = None) -> Result:
        """Runs `coro` in the loop and returns its result.

        context: the `contextvars.Context` to run in; None takes the runner's own. Raises KeyboardInterrupt when Ctrl-C
        has ended it, RuntimeError inside a running loop or once the runner is closed, and for what cannot be awaited
        what the running Python's own runner raises: TypeError, or ValueError before 3.14.
        """
        if not RUN_TAKES_AWAITABLES and not inspect.isawaitable(coro) and not asyncio.iscoroutine(coro):
            raise ValueError(f"a coroutine was expected, got {coro!r}")
        if asyncio._get_running_loop() is not None:
            raise RuntimeError("Runner.run() cannot be called from a running event loop")
        self._lazy_init()
        if context is None:
            context = self._context
        task = self._loop.create_task(as_coroutine(coro), context=context)
        handler = self._take_over_interrupts(task)
        self._interrupt_count = 0
        try:
            return self._loop.run_until_complete(task)  # type: ignore[no-any-return]
        except asyncio.CancelledError:
            if self._interrupt_count > 0:
                uncancel = getattr(task, "uncancel", None)
                if uncancel is not None and uncancel() == 0:
                    self._abandon_threads()
                    raise KeyboardInterrupt from None
            raise
        except KeyboardInterrupt:
            self._abandon_threads()
            raise
        finally:
            if handler is not None and signal.getsignal(signal.SIGINT) is handler:
                signal.signal(signal.SIGINT, signal.default_int_handler)

    def close(self) -> None:
        """Ends what the loop still runs, and closes it. Closing twice changes nothing."""
        if self._state is not _State.INITIALIZED:
            return
        loop = self._loop
        threads: WorkerThreads | None = None
        try:
            try:
                cancel_all_tasks(loop)
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.run_until_complete(self._shut_down_executor())
            finally:
                # Those that closing has waited for, also where a task started them while it was cancelled. The loop
                # lets go of them when it is closed.
                threads = executor.own_threads(loop) if isinstance(loop, EventLoop) else None
                if self._set_event_loop:
                    asyncio.set_event_loop(None)
                loop.close()
                self._loop = None
                self._state = _State.CLOSED
        except KeyboardInterrupt:
            if threads is not None:
                threads.abandon()
            raise

    def _shut_down_executor(self) -> Any:
        if isinstance(self._loop, EventLoop) or EXECUTOR_SHUTDOWN_HAS_TIMEOUT:
            return self._loop.shutdown_default_executor(THREAD_JOIN_TIMEOUT)
        return self._loop.shutdown_default_executor()

    def _abandon_threads(self) -> None:
        if isinstance(self._loop, EventLoop):
            executor.abandon(self._loop)

    def _lazy_init(self) -> None:
        if self._state is _State.CLOSED:
            raise RuntimeError("Runner is closed")
        if self._state is _State.INITIALIZED:
            return
        if self._loop_factory is None:
            # It asks the policy in force, which `ouroloop.run` has no use for.
            from ouroloop.service.thread_loop import new_event_loop

            self._loop = new_event_loop()
            if not self._set_event_loop:
                asyncio.set_event_loop(self._loop)
                self._set_event_loop = True
        else:
            self._loop = self._loop_factory()
        if self._debug is not None:
            self._loop.set_debug(self._debug)
        self._context = contextvars.copy_context()
        self._state = _State.INITIALIZED

    def _take_over_interrupts(self, task: Any) -> Any:
        """Has Ctrl-C cancel `task`, in the main thread and where nobody else handles it.

        Returns the signal handler, or None.
        """
        if (
            threading.current_thread() is not threading.main_thread()
            or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        ):
            return None

        # A function of its own, because a partial shows its arguments: before 3.13 `signal` asks every handler for its
        # repr, and the task's would have that of its result.
        def handler(signum: int, frame: FrameType | None) -> None:
            self._on_sigint(signum, frame, task)

        try:
            signal.signal(signal.SIGINT, handler)
        except ValueError:
            # An interpreter inside another program may have no signals in its main thread.
            return None
        return handler

    def _on_sigint(self, signum: int, frame: FrameType | None, main_task: Any) -> None:
        self._interrupt_count += 1
        if self._interrupt_count > 1 or main_task.done():
            raise KeyboardInterrupt
        main_task.cancel()
        # The loop may sleep.
        self._loop.call_soon_threadsafe(lambda: None)


def cancel_all_tasks(loop: Any) -> None:
    """Cancels the loop's tasks and runs it until they have ended. What fails meanwhile is reported."""
    tasks = all_tasks(loop)
    if not tasks:
        return
    from ouroloop.sync.gather import gather

    for task in tasks:
        task.cancel()
    loop.run_until_complete(gather(*tasks, return_exceptions=True))
    for task in tasks:
        if not task.cancelled() and task.exception() is not None:
            loop.call_exception_handler(
                {
                    "message": "unhandled exception during asyncio.run() shutdown",
                    "exception": task.exception(),
                    "task": task,
                }
            )
