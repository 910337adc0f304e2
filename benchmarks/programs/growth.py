"""What a timer and a task cost when there are few of them, and when there are a great many: a line of JSON.

The smaller numbers are done several times over, so that every figure is of about as much work.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from typing import TYPE_CHECKING

from benchmarks.programs.loops import add_loop, run_on
from benchmarks.programs.namespace import asyncio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Work = Callable[[int], Awaitable[object]]

FIRST_DUE_SECONDS = 3600.0
# Coprime to every power of ten: deadlines come in no order that a queue of timers could profit from.
STRIDE = 7_368_787
WORK_MIN = 50_000


def nothing() -> None:
    pass


async def make_and_cancel_timers(count: int) -> None:
    loop = asyncio.get_running_loop()
    timers = [
        loop.call_later(FIRST_DUE_SECONDS + number * STRIDE % count * 1e-3, nothing)
        for number in range(count)
    ]
    for timer in timers:
        timer.cancel()
    await asyncio.sleep(0)


async def make_and_wake_tasks(count: int) -> None:
    loop = asyncio.get_running_loop()
    gate: asyncio.Future[None] = loop.create_future()

    async def wait() -> None:
        await gate

    tasks = [loop.create_task(wait()) for _ in range(count)]
    await asyncio.sleep(0)
    gate.set_result(None)
    for task in tasks:
        await task


async def cost_each(work: Work, count: int) -> float:
    """CPU time in nanoseconds."""
    times = max(1, WORK_MIN // count)
    await work(min(count, WORK_MIN))
    gc.collect()
    start = time.process_time_ns()
    for _ in range(times):
        await work(count)
    return (time.process_time_ns() - start) / (times * count)


async def measure(work: Work, counts: list[int]) -> dict[str, float]:
    return {str(count): await cost_each(work, count) for count in counts}


KINDS: dict[str, Work] = {"timers": make_and_cancel_timers, "tasks": make_and_wake_tasks}


def main() -> None:
    parser = argparse.ArgumentParser()
    add_loop(parser)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("counts", type=int, nargs="+")
    arguments = parser.parse_args()
    work = KINDS[arguments.kind]
    print(json.dumps(run_on(arguments.loop, lambda: measure(work, arguments.counts))), flush=True)


if __name__ == "__main__":
    main()
