"""Switching between tasks, starting them and waiting for their end."""

from __future__ import annotations

from benchmarks.programs.namespace import asyncio
from benchmarks.programs.primitives.registry import primitive


async def nothing() -> None:
    pass


async def give_way(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@primitive("task switch, one task", count=60_000)
async def switch_one_task(count: int) -> None:
    await give_way(count)


@primitive("task switch, 100 tasks", count=200_000)
async def switch_100_tasks(count: int) -> None:
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(give_way(count // 100)) for _ in range(100)]
    for task in tasks:
        await task


@primitive("spawn and join", count=30_000)
async def spawn_and_join(count: int) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(count):
        await loop.create_task(nothing())


@primitive("spawn and join, eager", count=30_000, needs="eager_task_factory")
async def spawn_eager(count: int) -> None:
    """Tasks that are done before they would have to be scheduled; made directly, because uvloop 0.23 does not get
    along with the standard library's eager task factory."""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        await asyncio.Task(nothing(), loop=loop, eager_start=True)


@primitive("gather of 100, per coroutine", count=30_000)
async def gather_100(count: int) -> None:
    for _ in range(count // 100):
        await asyncio.gather(*[nothing() for _ in range(100)])


@primitive("TaskGroup of 10,000, per task", count=30_000)
async def task_group_10000(count: int) -> None:
    remaining = count
    while remaining:
        size = min(remaining, 10_000)
        async with asyncio.TaskGroup() as group:
            for _ in range(size):
                group.create_task(nothing())
        remaining -= size
