"""Time limits that are not reached, around work that does not wait and around work that does."""

from __future__ import annotations

from benchmarks.programs.namespace import asyncio
from benchmarks.programs.primitives.registry import primitive


@primitive("timeout around work done at once", count=20_000)
async def timeout_done(count: int) -> None:
    for _ in range(count):
        async with asyncio.timeout(10):
            pass


@primitive("timeout around suspended work", count=10_000)
async def timeout_suspended(count: int) -> None:
    for _ in range(count):
        async with asyncio.timeout(10):
            await asyncio.sleep(0)


async def nothing() -> None:
    pass


async def give_way() -> None:
    await asyncio.sleep(0)


@primitive("wait_for around work done at once", count=20_000)
async def wait_for_done(count: int) -> None:
    for _ in range(count):
        await asyncio.wait_for(nothing(), 10)


@primitive("wait_for around suspended work", count=10_000)
async def wait_for_suspended(count: int) -> None:
    for _ in range(count):
        await asyncio.wait_for(give_way(), 10)
