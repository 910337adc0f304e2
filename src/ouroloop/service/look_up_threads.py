"""Threads for the system's resolver, which blocks for as long as it likes.

A name that nobody answers may hold a thread for half a minute, so names have threads of their own: they
starve no executor, and an executor that is busy delays no name. Each look-up starts a thread, up to a
number; a thread ends when nothing waits any more, so an idle loop has none. They are daemons: a program
that ends does not wait for a name that it no longer wants.

The queue holds one entry for each caller that waits. `submit` is called from the loop's thread.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS_MAX = 32

LookUp = tuple["Future[Any]", "Callable[..., Any]", tuple[Any, ...]]


class LookUpThreads:
    """At most `THREADS_MAX` threads, which run blocking calls in the order in which they were submitted."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: deque[LookUp] = deque()
        self.thread_count = 0

    def submit(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Future[Any]:
        """Has a thread call `function(*args)`. Raises RuntimeError when the system gives no thread."""
        outcome: Future[Any] = Future()
        with self.lock:
            must_start = self.thread_count < THREADS_MAX
            if must_start:
                self.thread_count += 1
            self.waiting.append((outcome, function, args))
        if must_start:
            try:
                threading.Thread(target=self.work, name="ouroloop-dns", daemon=True).start()
            except BaseException:
                with self.lock:
                    self.thread_count -= 1
                # Nobody waits for it; a thread that is there already passes over it.
                outcome.cancel()
                raise
        return outcome

    def work(self) -> None:
        while True:
            with self.lock:
                if not self.waiting:
                    self.thread_count -= 1
                    return
                outcome, function, args = self.waiting.popleft()
            if outcome.set_running_or_notify_cancel():
                answer(outcome, function, args)
            # The next answer may be long in coming: what belongs to this one goes now.
            del outcome, function, args


def answer(outcome: Any, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        result = function(*args)
    except BaseException as error:
        outcome.set_exception(error)
    else:
        outcome.set_result(result)
    finally:
        # The error refers to this frame, which must not refer back.
        del outcome
