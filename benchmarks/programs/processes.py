"""Starts programs that do nothing, or echo, on the loop named, and prints how long each took.

With `asyncio.subprocess`, the standard library's on each loop or our own: every peer runs the same program.
"""

from __future__ import annotations

import argparse
import json
import time
from subprocess import PIPE
from typing import TYPE_CHECKING

from benchmarks.programs.loops import add_loop, run_on
from benchmarks.programs.namespace import asyncio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

DATA = bytes(1024)


async def wait_for_true() -> None:
    process = await asyncio.create_subprocess_exec("/bin/true")
    await process.wait()


async def talk_to_cat() -> None:
    process = await asyncio.create_subprocess_exec("/bin/cat", stdin=PIPE, stdout=PIPE)
    output, _ = await process.communicate(DATA)
    if output != DATA:
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
    await asyncio.gather(*(work() for _ in range(count)))
    return (time.perf_counter() - start) / count * 1e3


async def measure(count: int) -> dict[str, float]:
    # What is imported and started at first use does not count.
    await wait_for_true()
    await talk_to_cat()
    return {
        "one_by_one_ms": await one_by_one(count, wait_for_true),
        "at_once_ms": await at_once(count, wait_for_true),
        "communicate_ms": await one_by_one(count, talk_to_cat),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    add_loop(parser)
    parser.add_argument("--count", type=int, required=True)
    arguments = parser.parse_args()
    print(json.dumps(run_on(arguments.loop, lambda: measure(arguments.count))), flush=True)


if __name__ == "__main__":
    main()
