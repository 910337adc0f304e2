"""The operations that curio has too, under the names they have in the catalog, timed on curio."""

from __future__ import annotations

import argparse

import curio

from benchmarks.programs.loops import die_in_time
from benchmarks.programs.primitives.registry import declared, primitive
from benchmarks.programs.primitives.timing import time_all


async def nothing() -> None:
    pass


async def give_way(count: int) -> None:
    for _ in range(count):
        await curio.sleep(0)


@primitive("", count=60_000)
async def switch_one_task(count: int) -> None:
    await give_way(count)


@primitive("", count=100_000)
async def switch_100_tasks(count: int) -> None:
    async with curio.TaskGroup() as group:
        for _ in range(100):
            await group.spawn(give_way, count // 100)


@primitive("", count=10_000)
async def spawn_and_join(count: int) -> None:
    for _ in range(count):
        await (await curio.spawn(nothing)).join()


@primitive("", count=20_000)
async def task_group_10000(count: int) -> None:
    for _ in range(max(1, count // 10_000)):
        async with curio.TaskGroup() as group:
            for _ in range(min(count, 10_000)):
                await group.spawn(nothing)


@primitive("", count=20_000)
async def event_wake_up(count: int) -> None:
    to_first, to_second = curio.Event(), curio.Event()

    async def answer() -> None:
        for _ in range(count // 2):
            await to_second.wait()
            to_second.clear()
            await to_first.set()

    task = await curio.spawn(answer)
    for _ in range(count // 2):
        await to_second.set()
        await to_first.wait()
        to_first.clear()
    await task.join()


@primitive("", count=20_000)
async def lock_free(count: int) -> None:
    lock = curio.Lock()
    for _ in range(count):
        async with lock:
            pass


async def hold_in_turn(lock: curio.Lock | curio.Semaphore, count: int) -> None:
    for _ in range(count):
        async with lock:
            await curio.sleep(0)


@primitive("", count=20_000)
async def lock_contended(count: int) -> None:
    lock = curio.Lock()
    async with curio.TaskGroup() as group:
        for _ in range(10):
            await group.spawn(hold_in_turn, lock, count // 10)


@primitive("", count=20_000)
async def semaphore_contended(count: int) -> None:
    semaphore = curio.Semaphore(2)
    async with curio.TaskGroup() as group:
        for _ in range(10):
            await group.spawn(hold_in_turn, semaphore, count // 10)


async def pass_through(bound: int, count: int) -> None:
    queue = curio.Queue(bound)

    async def take() -> None:
        for _ in range(count):
            await queue.get()

    taker = await curio.spawn(take)
    for number in range(count):
        await queue.put(number)
    await taker.join()


@primitive("", count=20_000)
async def queue_unbounded(count: int) -> None:
    await pass_through(0, count)


@primitive("", count=20_000)
async def queue_of_10(count: int) -> None:
    await pass_through(10, count)


@primitive("", count=20_000)
async def timeout_done(count: int) -> None:
    for _ in range(count):
        async with curio.timeout_after(10):
            pass


@primitive("", count=10_000)
async def timeout_suspended(count: int) -> None:
    for _ in range(count):
        async with curio.timeout_after(10):
            await curio.sleep(0)


@primitive("", count=2_000, clock="wall")
async def to_thread(count: int) -> None:
    for _ in range(count):
        await curio.run_in_thread(int)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=int, default=1)
    die_in_time()
    curio.run(time_all, declared, parser.parse_args().share)
