"""The default executor: threads for blocking calls, which a program that ends by Ctrl-C can leave behind.

A `ThreadPoolExecutor` by its contract, and by its type, which other people's checks ask for. The standard
library's has the interpreter wait for its threads whatever happens; ours waits as well, so that what was
submitted is finished, unless the pool was abandoned. Therefore its threads are daemons, and `Crews.finish`
is what waits for them.

A pool has a crew: all that its threads share. They refer to the crew and never to the pool, so a pool that
is dropped is collected, and its idle threads end. The queue has no bound, as the standard library's.
"""

from __future__ import annotations

import atexit
import functools
import logging
import os
import queue
import threading
import weakref
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.thread import BrokenThreadPool
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ouroloop.service.look_up_threads import answer
from ouroloop.service.thread_call import ThreadCall

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop

logger = logging.getLogger("concurrent.futures")

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Call = tuple["Future[Any] | ThreadCall", "Callable[..., Any]", tuple[Any, ...]]
Refusal = tuple[type[RuntimeError], str]

SHUT: Refusal = (RuntimeError, "cannot schedule new futures after shutdown")
EXITING: Refusal = (RuntimeError, "cannot schedule new futures after interpreter shutdown")
BROKEN: Refusal = (BrokenThreadPool, "A thread initializer failed, the thread pool is not usable anymore")


class WorkerThreads(ThreadPoolExecutor):
    """A thread pool that can be abandoned.

    max_workers: how many threads there may be; None takes what `concurrent.futures.ThreadPoolExecutor` takes.
    thread_name_prefix: what their names begin with. initializer: called with `initargs` in each thread first.
    As `concurrent.futures.ThreadPoolExecutor`, but that its threads are daemons.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "asyncio",
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        threads_max = threads_max_default() if max_workers is None else max_workers
        # It refuses wrong arguments, and its own queue and threads stay empty.
        super().__init__(threads_max, thread_name_prefix, initializer, initargs)
        self._crew = Crew(threads_max, thread_name_prefix, initializer, initargs)
        self._crew.pool = weakref.ref(self, self._crew.pool_is_gone)
        crews.add(self._crew)

    def submit(
        self, fn: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        """Has a thread call `fn(*args, **kwargs)`, and returns the future of its result.

        Raises RuntimeError after `shutdown`, `abandon` and the interpreter's end, or when the system gives no
        thread; BrokenThreadPool when the initializer has failed. `concurrent.futures.Executor.submit`.
        """
        future: Future[Result] = Future()
        function = functools.partial(fn, **kwargs) if kwargs else fn
        self._crew.take_on((future, function, args))
        return future

    def call_for(
        self, loop: EventLoop, function: Callable[..., Any], args: tuple[Any, ...]
    ) -> asyncio.Future[Any]:
        """As `submit`, with a future of `loop`."""
        call = ThreadCall(loop)
        self._crew.take_on((call, function, args))
        return call.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no more calls, and has the threads end once they have made those that were submitted.

        wait: returns when they have ended. cancel_futures: cancels what has not started.
        `concurrent.futures.Executor.shutdown`; never waits for a pool that was abandoned.
        """
        self._crew.close(SHUT)
        if cancel_futures:
            self._crew.cancel_waiting()
        if wait:
            self._crew.join()

    def abandon(self) -> None:
        """Takes no more calls, cancels what has not started and leaves what runs to itself.

        Nothing waits for it any more: neither `shutdown` nor the end of the interpreter, which cuts it off.
        """
        self._crew.is_abandoned = True
        self._crew.close(SHUT)
        self._crew.cancel_waiting()

    @property
    def has_threads(self) -> bool:
        """False until the first call is submitted."""
        return bool(self._crew.threads)


class Crew:
    """What the threads of one pool share.

    `free` has an entry for each thread that has finished its call. Each call that is submitted takes one, or
    has a thread started where there is none, so no call waits for another to end while the pool may grow.
    Once it has all its threads, the entries count for nothing. None among the calls tells a thread to end,
    after every call that was submitted; it puts it back for the next one.
    """

    def __init__(
        self,
        threads_max: int,
        name_prefix: str,
        initializer: Callable[..., object] | None,
        initargs: tuple[Any, ...],
    ) -> None:
        self.threads_max = threads_max
        self.name_prefix = name_prefix
        self.initializer = initializer
        self.initargs = initargs
        self.refusal: Refusal | None = None
        self.is_abandoned = False
        self.pool: weakref.ref[WorkerThreads] | None = None
        self.start_afresh()

    def pool_is_gone(self, _: object) -> None:
        # In whatever thread the collector runs, which may hold the lock: a put takes none.
        self.calls.put(None)

    def start_afresh(self) -> None:
        """Without threads and calls: a new crew, or one in a forked child, where the threads do not exist."""
        self.lock = threading.Lock()
        self.calls: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self.threads: list[threading.Thread] = []
        self.free: deque[None] = deque(maxlen=self.threads_max)

    def take_on(self, call: Call) -> None:
        with self.lock:
            if self.refusal is not None:
                error, text = self.refusal
                raise error(text)
            self.calls.put(call)
            try:
                self.free.pop()
            except IndexError:
                if len(self.threads) < self.threads_max:
                    self.start_thread()

    def start_thread(self) -> None:
        name = f"{self.name_prefix}_{len(self.threads)}"
        thread = threading.Thread(target=work, args=(self,), name=name, daemon=True)
        self.threads.append(thread)
        try:
            thread.start()
        except Exception:
            self.threads.remove(thread)
            if not self.threads:
                self.calls.get_nowait()
                raise
            # The system gives no more threads: those that are there do all the work from now on.
            self.threads_max = len(self.threads)

    def close(self, refusal: Refusal) -> None:
        with self.lock:
            if self.refusal is None or refusal is BROKEN:
                self.refusal = refusal
            self.calls.put(None)

    def join(self) -> None:
        for thread in list(self.threads):
            if self.is_abandoned:
                return
            if thread.is_alive():
                thread.join()

    def cancel_waiting(self) -> None:
        for future, _, _ in self.take_waiting():
            # Told twice: `wait` and `as_completed` hear of it only from who would have run the call.
            if future.cancel():
                future.set_running_or_notify_cancel()

    def fail(self) -> None:
        """A thread's initializer has failed."""
        self.close(BROKEN)
        error, text = BROKEN
        for future, _, _ in self.take_waiting():
            if future.set_running_or_notify_cancel():
                future.set_exception(error(text))

    def take_waiting(self) -> list[Call]:
        """Takes every call that has not started. For a closed crew."""
        waiting = []
        with self.lock:
            try:
                while True:
                    call = self.calls.get_nowait()
                    if call is not None:
                        waiting.append(call)
            except queue.Empty:
                self.calls.put(None)
        return waiting


def work(crew: Crew) -> None:
    """What a thread does from its start to its end."""
    if crew.initializer is not None:
        try:
            crew.initializer(*crew.initargs)
        except BaseException:
            logger.critical("Exception in initializer:", exc_info=True)
            crew.fail()
            return
    calls, free = crew.calls, crew.free
    while (call := calls.get()) is not None:
        future, function, args = call
        try:
            if type(future) is ThreadCall:
                future.make(function, args, free)
            elif future.set_running_or_notify_cancel():
                answer(future, function, args)
        except BaseException:
            # Of a callback of the future, which has no other way to be heard.
            logger.critical("Exception in worker", exc_info=True)
        if type(future) is not ThreadCall:
            free.append(None)
        # The next call may be long in coming: what belongs to this one goes now.
        del call, future, function, args
    calls.put(None)


class Crews:
    """Every crew there is, for the two events that concern them all: the interpreter's end, and a fork."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.members: weakref.WeakSet[Crew] = weakref.WeakSet()
        self.is_exiting = False

    def add(self, crew: Crew) -> None:
        with self.lock:
            self.members.add(crew)
            if self.is_exiting:
                crew.close(EXITING)

    def finish(self) -> None:
        """Waits until what was submitted is done, but for abandoned crews."""
        with self.lock:
            self.is_exiting = True
            members = list(self.members)
        for crew in members:
            crew.close(EXITING)
        for crew in members:
            crew.join()

    def start_afresh_in_child(self) -> None:
        # A thread of the parent may have held any of the locks, and none of them is here to let go.
        self.lock = threading.Lock()
        for crew in list(self.members):
            crew.start_afresh()


crews = Crews()
# The standard library's own pools wait at this moment: programs may still start threads then, and their exit
# handlers run after it. It has no public name; where it should be gone, exit handlers are the next best.
getattr(threading, "_register_atexit", atexit.register)(crews.finish)
os.register_at_fork(after_in_child=crews.start_afresh_in_child)


def threads_max_default() -> int:
    processor_count: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)
    return min(32, (processor_count() or 1) + 4)
