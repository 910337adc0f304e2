"""Makes a great many pending timers or tasks, ends them, and says what each cost and what memory stayed.

It does so several times over. What stays after the first wave may be what the allocator keeps for the next;
what the last wave adds to it is lost.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import time
from typing import TYPE_CHECKING

from benchmarks.programs.loops import add_loop, run_on
from benchmarks.programs.namespace import asyncio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Wave = Callable[[int], Awaitable[tuple[int, int, int]]]

FIRST_DUE_SECONDS = 3600.0


def resident_bytes() -> int:
    """The memory of this process that is in use once garbage is collected."""
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def nothing() -> None:
    pass


async def wave_of_timers(count: int) -> tuple[int, int, int]:
    """Makes timers and cancels them: CPU time to make, CPU time to cancel, memory while all are pending."""
    loop = asyncio.get_running_loop()
    start = time.process_time_ns()
    timers = [loop.call_later(FIRST_DUE_SECONDS + number * 1e-3, nothing) for number in range(count)]
    await asyncio.sleep(0)
    made = time.process_time_ns()
    memory = resident_bytes()
    resumed = time.process_time_ns()
    for timer in timers:
        timer.cancel()
    timers.clear()
    await asyncio.sleep(0)
    return made - start, time.process_time_ns() - resumed, memory


async def wave_of_tasks(count: int) -> tuple[int, int, int]:
    """Makes tasks that all wait for one future and ends them by its result."""
    loop = asyncio.get_running_loop()
    gate: asyncio.Future[None] = loop.create_future()

    async def wait() -> None:
        await gate

    start = time.process_time_ns()
    tasks = [loop.create_task(wait()) for _ in range(count)]
    await asyncio.sleep(0)
    made = time.process_time_ns()
    memory = resident_bytes()
    resumed = time.process_time_ns()
    gate.set_result(None)
    for task in tasks:
        await task
    tasks.clear()
    return made - start, time.process_time_ns() - resumed, memory


async def measure(wave: Wave, count: int) -> dict[str, float]:
    await wave(max(1, count // 100))
    before = resident_bytes()
    make_ns, end_ns, pending = await wave(count)
    after_first = resident_bytes()
    await wave(count)
    after_second = resident_bytes()
    await wave(count)
    after_third = resident_bytes()
    return {
        "make_ns": make_ns / count,
        "end_ns": end_ns / count,
        "bytes_each": (pending - before) / count,
        "kept_mib": (after_first - before) / (1 << 20),
        "lost_mib": (after_third - after_second) / (1 << 20),
    }


WAVES: dict[str, Wave] = {"timers": wave_of_timers, "tasks": wave_of_tasks}


def main() -> None:
    parser = argparse.ArgumentParser()
    add_loop(parser)
    parser.add_argument("kind", choices=WAVES)
    parser.add_argument("count", type=int)
    arguments = parser.parse_args()
    wave = WAVES[arguments.kind]
    print(json.dumps(run_on(arguments.loop, lambda: measure(wave, arguments.count))))


if __name__ == "__main__":
    main()
