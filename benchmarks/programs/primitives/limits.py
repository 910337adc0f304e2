"""Time limits that are not reached, around work that does not wait and around work that does."""

from __future__ import annotations

import asyncio

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
