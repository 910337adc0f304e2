"""The operations that Trio has too, under the names they have in the catalog, timed on Trio."""

from __future__ import annotations

import argparse
import queue
import threading

import trio
from trio.lowlevel import checkpoint

from benchmarks.programs.loops import die_in_time
from benchmarks.programs.primitives.registry import declared, primitive
from benchmarks.programs.primitives.timing import time_all


async def nothing() -> None:
    pass


async def give_way(count: int) -> None:
    for _ in range(count):
        await checkpoint()


@primitive("", count=60_000)
async def switch_one_task(count: int) -> None:
    await give_way(count)


@primitive("", count=100_000)
async def switch_100_tasks(count: int) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(give_way, count // 100)


@primitive("", count=10_000)
async def spawn_and_join(count: int) -> None:
    for _ in range(count):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nothing)


@primitive("", count=20_000)
async def task_group_10000(count: int) -> None:
    for _ in range(max(1, count // 10_000)):
        async with trio.open_nursery() as nursery:
            for _ in range(min(count, 10_000)):
                nursery.start_soon(nothing)


@primitive("", count=20_000)
async def event_wake_up(count: int) -> None:
    to_first, to_second = trio.Event(), trio.Event()

    async def answer() -> None:
        nonlocal to_second
        for _ in range(count // 2):
            await to_second.wait()
            to_second = trio.Event()
            to_first.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer)
        for _ in range(count // 2):
            to_second.set()
            await to_first.wait()
            to_first = trio.Event()


@primitive("", count=20_000)
async def lock_free(count: int) -> None:
    lock = trio.Lock()
    for _ in range(count):
        async with lock:
            pass


async def hold_in_turn(lock: trio.Lock | trio.Semaphore, count: int) -> None:
    for _ in range(count):
        async with lock:
            await checkpoint()


@primitive("", count=20_000)
async def lock_contended(count: int) -> None:
    lock = trio.Lock()
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(hold_in_turn, lock, count // 10)


@primitive("", count=20_000)
async def semaphore_contended(count: int) -> None:
    semaphore = trio.Semaphore(2)
    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(hold_in_turn, semaphore, count // 10)


async def pass_through(bound: float, count: int) -> None:
    sender, receiver = trio.open_memory_channel[int](bound)

    async def take() -> None:
        for _ in range(count):
            await receiver.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take)
        for number in range(count):
            await sender.send(number)


@primitive("", count=20_000)
async def queue_unbounded(count: int) -> None:
    await pass_through(float("inf"), count)


@primitive("", count=20_000)
async def queue_of_10(count: int) -> None:
    await pass_through(10, count)


@primitive("", count=20_000)
async def timeout_done(count: int) -> None:
    for _ in range(count):
        with trio.move_on_after(10):
            pass


@primitive("", count=10_000)
async def timeout_suspended(count: int) -> None:
    for _ in range(count):
        with trio.move_on_after(10):
            await checkpoint()


@primitive("", count=2_000, clock="wall")
async def call_soon_threadsafe(count: int) -> None:
    token = trio.lowlevel.current_trio_token()
    requests: queue.SimpleQueue[trio.Event | None] = queue.SimpleQueue()

    def answer() -> None:
        while (waiting := requests.get()) is not None:
            token.run_sync_soon(waiting.set)

    thread = threading.Thread(target=answer)
    thread.start()
    for _ in range(count):
        waiting = trio.Event()
        requests.put(waiting)
        await waiting.wait()
    requests.put(None)
    thread.join()


@primitive("", count=2_000, clock="wall")
async def to_thread(count: int) -> None:
    for _ in range(count):
        await trio.to_thread.run_sync(int)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=int, default=1)
    die_in_time()
    trio.run(time_all, declared, parser.parse_args().share)
