"""One task waking another: through a future, an event, a lock, a queue."""

from __future__ import annotations

from benchmarks.programs.namespace import asyncio
from benchmarks.programs.primitives.registry import primitive


@primitive("future wake-up", count=40_000)
async def future_wake_up(count: int) -> None:
    """Two tasks wake each other in turn; every wake-up counts."""
    loop = asyncio.get_running_loop()
    to_first = loop.create_future()
    to_second = loop.create_future()

    async def answer() -> None:
        nonlocal to_second
        for _ in range(count // 2):
            await to_second
            to_second = loop.create_future()
            to_first.set_result(None)

    task = loop.create_task(answer())
    for _ in range(count // 2):
        to_second.set_result(None)
        await to_first
        to_first = loop.create_future()
    await task


@primitive("event wake-up", count=30_000)
async def event_wake_up(count: int) -> None:
    loop = asyncio.get_running_loop()
    to_first = asyncio.Event()
    to_second = asyncio.Event()

    async def answer() -> None:
        for _ in range(count // 2):
            await to_second.wait()
            to_second.clear()
            to_first.set()

    task = loop.create_task(answer())
    for _ in range(count // 2):
        to_second.set()
        await to_first.wait()
        to_first.clear()
    await task


@primitive("lock, free", count=100_000)
async def lock_free(count: int) -> None:
    lock = asyncio.Lock()
    for _ in range(count):
        async with lock:
            pass


@primitive("lock, 10 tasks want it", count=20_000)
async def lock_contended(count: int) -> None:
    loop = asyncio.get_running_loop()
    lock = asyncio.Lock()

    async def hold_in_turn() -> None:
        for _ in range(count // 10):
            async with lock:
                await asyncio.sleep(0)

    tasks = [loop.create_task(hold_in_turn()) for _ in range(10)]
    for task in tasks:
        await task


@primitive("semaphore of 2, 10 tasks want it", count=20_000)
async def semaphore_contended(count: int) -> None:
    loop = asyncio.get_running_loop()
    semaphore = asyncio.Semaphore(2)

    async def hold_in_turn() -> None:
        for _ in range(count // 10):
            async with semaphore:
                await asyncio.sleep(0)

    tasks = [loop.create_task(hold_in_turn()) for _ in range(10)]
    for task in tasks:
        await task


@primitive("condition, notify and wait", count=20_000)
async def condition_wake_up(count: int) -> None:
    """Two tasks wake each other in turn under one condition."""
    loop = asyncio.get_running_loop()
    condition = asyncio.Condition()
    turn = 0

    async def take_turns(mine: int) -> None:
        nonlocal turn
        for _ in range(count // 2):
            async with condition:
                while turn != mine:
                    await condition.wait()
                turn = 1 - mine
                condition.notify()

    tasks = [loop.create_task(take_turns(mine)) for mine in (0, 1)]
    for task in tasks:
        await task


async def pass_through(queue: asyncio.Queue[int], count: int) -> None:
    loop = asyncio.get_running_loop()

    async def take() -> None:
        for _ in range(count):
            await queue.get()

    taker = loop.create_task(take())
    for number in range(count):
        await queue.put(number)
    await taker


@primitive("queue without bound, put and get", count=60_000)
async def queue_unbounded(count: int) -> None:
    await pass_through(asyncio.Queue(), count)


@primitive("queue of 10, put and get", count=40_000)
async def queue_of_10(count: int) -> None:
    await pass_through(asyncio.Queue(10), count)
