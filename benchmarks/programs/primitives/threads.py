"""There and back again between the loop and another thread."""

from __future__ import annotations

import queue
import threading

from benchmarks.programs.namespace import asyncio
from benchmarks.programs.primitives.registry import primitive


def nothing() -> None:
    pass


@primitive("call_soon_threadsafe, there and back", count=4_000, clock="wall")
async def call_soon_threadsafe(count: int) -> None:
    loop = asyncio.get_running_loop()
    requests: queue.SimpleQueue[asyncio.Future[None] | None] = queue.SimpleQueue()

    def answer() -> None:
        while (waiting := requests.get()) is not None:
            loop.call_soon_threadsafe(waiting.set_result, None)

    thread = threading.Thread(target=answer)
    thread.start()
    for _ in range(count):
        waiting = loop.create_future()
        requests.put(waiting)
        await waiting
    requests.put(None)
    thread.join()


@primitive("run_in_executor, there and back", count=4_000, clock="wall")
async def run_in_executor(count: int) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(count):
        await loop.run_in_executor(None, nothing)


@primitive("to_thread, there and back", count=4_000, clock="wall")
async def to_thread(count: int) -> None:
    for _ in range(count):
        await asyncio.to_thread(nothing)
