"""The loop under test, as classes that CPython's tests can make, derive from and measure time with.

The tests make loops as `SelectorEventLoop(selector)`, put attributes on them, ask `isinstance`, and use
`test_asyncio.utils.TestLoop`, which is a private base class with a clock of its own. Both classes made here
derive from whatever class the implementation's factory returns, and ask nothing private of it.
"""

from __future__ import annotations

import contextvars
import heapq
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

# A timer this close is due: virtual times are sums of fractions.
_CLOCK_RESOLUTION_SECONDS = 1e-9


def loop_class(tested: Any) -> Any:
    """A subclass of the tested class that takes a selector and ignores it."""

    class Meta(type(tested)):  # type: ignore[misc]
        def __instancecheck__(cls, instance: object) -> bool:
            # What the factory makes is of the tested class itself, and counts as the class that tests see.
            return isinstance(instance, tested) if cls is Loop else super().__instancecheck__(instance)

    class Loop(tested, metaclass=Meta):  # type: ignore[misc]
        def __new__(cls, *_args: Any, **_options: Any) -> Any:
            return tested.__new__(cls)

        def __init__(self, selector: Any = None) -> None:
            super().__init__()

    Loop.__name__ = Loop.__qualname__ = tested.__name__
    Loop.__module__ = tested.__module__
    return Loop


class _VirtualTimer:
    """A timer handle for implementations whose own TimerHandle cannot be made outside their loop."""

    def __init__(self, when: float) -> None:
        self._when = when
        self._is_cancelled = False

    def when(self) -> float:
        return self._when

    def cancel(self) -> None:
        self._is_cancelled = True

    def cancelled(self) -> bool:
        return self._is_cancelled


def virtual_time_loop_class(tested: Any, make_timer: Callable[..., Any]) -> Any:
    """What stands in for `test_asyncio.utils.TestLoop`: virtual time on any loop, from `call_soon` alone.

    A test gives a generator that is sent each deadline and yields how far time moves. `make_timer` is the
    standard TimerHandle.
    """

    class TestLoop(_VirtualTime, tested):  # type: ignore[misc]
        _virtual_make_timer = staticmethod(make_timer)

        def __new__(cls, gen: Any = None) -> Any:
            return tested.__new__(cls)

    return TestLoop


class _VirtualTime:
    """Timers on a clock that a generator moves; mixed into the loop class under test."""

    _virtual_make_timer: Callable[..., Any]
    is_closed: Callable[[], bool]

    def __init__(self, gen: Callable[[], Generator[float, float, None]] | None = None) -> None:
        super().__init__()
        self._virtual_must_finish = gen is not None
        self._virtual_advances = (gen or _never_advance)()
        next(self._virtual_advances)
        self._virtual_now = 0.0
        self._virtual_unsent: list[float] = []
        self._virtual_timers: list[tuple[Any, ...]] = []
        self._virtual_timers_made = 0
        self._virtual_tick_scheduled = False
        self._virtual_is_ticking = False

    def time(self) -> float:
        return self._virtual_now

    def advance_time(self, advance: float) -> None:
        if not advance:
            return
        self._virtual_now += advance
        if self._virtual_timers and not self._virtual_is_ticking and not self.is_closed():
            self._virtual_schedule_tick()

    def call_later(self, delay: Any, callback: Any, *args: Any, context: Any = None) -> Any:
        if delay is None:
            raise TypeError("delay must not be None")
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(self, when: Any, callback: Any, *args: Any, context: Any = None) -> Any:
        if when is None:
            raise TypeError("when cannot be None")
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        if context is None:
            context = contextvars.copy_context()
        try:
            timer = self._virtual_make_timer(when, callback, args, self, context)
        except TypeError:
            timer = _VirtualTimer(when)
        self._virtual_unsent.append(when)
        self._virtual_timers_made += 1
        heapq.heappush(
            self._virtual_timers, (when, self._virtual_timers_made, timer, callback, args, context)
        )
        self._virtual_schedule_tick()
        return timer

    def run_until_complete(self, future: Any) -> Any:
        try:
            return super().run_until_complete(future)  # type: ignore[misc]
        finally:
            # The iteration in which a loop stops counts, so what it scheduled still moves time.
            self._virtual_send_deadlines()

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        if not self._virtual_must_finish:
            return
        try:
            self._virtual_advances.send(0)
        except StopIteration:
            return
        raise AssertionError("Time generator is not finished")

    def _timer_handle_cancelled(self, handle: Any) -> None:
        """The standard TimerHandle.cancel() calls this; there is nothing to count here."""

    def _virtual_call_soon(self, *args: Any, **options: Any) -> None:
        super().call_soon(*args, **options)  # type: ignore[misc]

    def _virtual_schedule_tick(self) -> None:
        if not self._virtual_tick_scheduled:
            self._virtual_tick_scheduled = True
            self._virtual_call_soon(self._virtual_tick)

    def _virtual_tick(self) -> None:
        self._virtual_tick_scheduled = False
        self._virtual_send_deadlines()
        while self._virtual_timers and self._virtual_is_due(self._virtual_timers[0][0]):
            _, _, timer, callback, args, context = heapq.heappop(self._virtual_timers)
            if not timer.cancelled():
                self._virtual_call_soon(_fire, timer, callback, args, context=context)

    def _virtual_send_deadlines(self) -> None:
        deadlines, self._virtual_unsent = self._virtual_unsent, []
        self._virtual_is_ticking = True
        for when in deadlines:
            try:
                self.advance_time(self._virtual_advances.send(when))
            except StopIteration:
                continue
        self._virtual_is_ticking = False

    def _virtual_is_due(self, when: float) -> bool:
        return when <= self._virtual_now + _CLOCK_RESOLUTION_SECONDS


def _never_advance() -> Generator[float, float, None]:
    yield 0


def _fire(timer: Any, callback: Any, args: tuple[Any, ...]) -> None:
    if not timer.cancelled():
        callback(*args)
