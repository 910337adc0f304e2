"""Starts programs that do nothing, or echo, on Trio, and prints how long each took: `processes` on Trio."""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING

import trio

from benchmarks.programs.loops import die_in_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

DATA = bytes(1024)


async def wait_for_true() -> None:
    await trio.run_process(["/bin/true"])


async def talk_to_cat() -> None:
    done = await trio.run_process(["/bin/cat"], stdin=DATA, capture_stdout=True)
    if done.stdout != DATA:
        raise SystemExit("a process did not echo")


async def one_by_one(count: int, work: Callable[[], Awaitable[None]]) -> float:
    """Milliseconds each."""
    start = time.perf_counter()
    for _ in range(count):
        await work()
    return (time.perf_counter() - start) / count * 1e3


async def at_once(count: int, work: Callable[[], Awaitable[None]]) -> float:
    """Milliseconds each."""
    start = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(work)
    return (time.perf_counter() - start) / count * 1e3


async def measure(count: int) -> dict[str, float]:
    await wait_for_true()
    await talk_to_cat()
    return {
        "one_by_one_ms": await one_by_one(count, wait_for_true),
        "at_once_ms": await at_once(count, wait_for_true),
        "communicate_ms": await one_by_one(count, talk_to_cat),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    die_in_time()
    print(json.dumps(trio.run(measure, parser.parse_args().count)), flush=True)
