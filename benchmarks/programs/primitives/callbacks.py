"""Callbacks without tasks: at once, one after another, and by the clock."""

from __future__ import annotations

from benchmarks.programs.namespace import asyncio
from benchmarks.programs.primitives.registry import primitive


def nothing() -> None:
    pass


class Countdown:
    """A callback that ends a wait when it was called for the last time."""

    def __init__(self, count: int) -> None:
        self.remaining = count
        self.done = asyncio.get_running_loop().create_future()

    def __call__(self) -> None:
        self.remaining -= 1
        if not self.remaining:
            self.done.set_result(None)


@primitive("call_soon, a batch", count=100_000)
async def call_soon_batch(count: int) -> None:
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    for _ in range(count):
        loop.call_soon(nothing)
    loop.call_soon(done.set_result, None)
    await done


@primitive("call_soon, a chain", count=60_000)
async def call_soon_chain(count: int) -> None:
    """Each callback schedules the next, so each has an iteration of the loop to itself."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    remaining = count

    def go_on() -> None:
        nonlocal remaining
        remaining -= 1
        if remaining:
            loop.call_soon(go_on)
        else:
            done.set_result(None)

    loop.call_soon(go_on)
    await done


@primitive("100,000 timers made, then cancelled", count=100_000)
async def timers_cancelled(count: int) -> None:
    loop = asyncio.get_running_loop()
    timers = [loop.call_later(3600 + number * 1e-3, nothing) for number in range(count)]
    for timer in timers:
        timer.cancel()
    await asyncio.sleep(0)


@primitive("timer made and cancelled at once", count=100_000)
async def timer_cancelled_at_once(count: int) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(count):
        loop.call_later(3600, nothing).cancel()
    await asyncio.sleep(0)


@primitive("timers fired", count=20_000)
async def timers_fired(count: int) -> None:
    loop = asyncio.get_running_loop()
    countdown = Countdown(count)
    for _ in range(count):
        loop.call_later(0.001, countdown)
    await countdown.done
