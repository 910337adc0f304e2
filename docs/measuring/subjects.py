"""What is measured for docs/choosing.md: a line each, run in a process of its own.

    python subjects.py SUBJECT WAY

prints its figures as JSON.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import resource
import socket
import sys
import threading
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import ouroloop

if TYPE_CHECKING:
    from collections.abc import Callable

WAITS = 5_000
WAIT_SECONDS = 1.0
SUMS = 8
SUM_TERMS = 1_000_000
STARTS = {"task": 50_000, "thread": 3_000, "process": 60}
LOOK_SECONDS = 0.001


def memory_kib() -> int:
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() // 1024


def processor_seconds() -> float:
    """What this process and its ended children have used: the same on a busy machine."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def add_up(terms: int) -> int:
    """Nothing but work for the processor, in plain Python."""
    total = 0
    for number in range(terms):
        total += number * number % 7
    return total


# Waiting for many things at once


def wait_by_tasks() -> dict[str, Any]:
    async def main() -> dict[str, Any]:
        before, started = memory_kib(), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(WAITS):
                group.create_task(asyncio.sleep(WAIT_SECONDS))
            await asyncio.sleep(WAIT_SECONDS / 2)
            memory = memory_kib() - before
        return {"seconds": time.perf_counter() - started, "kib_each": memory / WAITS}

    return ouroloop.run(main())


def wait_by_threads() -> dict[str, Any]:
    before, started = memory_kib(), time.perf_counter()
    threads = [threading.Thread(target=time.sleep, args=(WAIT_SECONDS,)) for _ in range(WAITS)]
    memory = before
    for thread in threads:
        thread.start()
        memory = max(memory, memory_kib())
    for thread in threads:
        thread.join()
    return {"seconds": time.perf_counter() - started, "kib_each": (memory - before) / WAITS}


# Work for the processor


def sums_by_tasks() -> dict[str, Any]:
    async def one() -> int:
        return add_up(SUM_TERMS)

    async def main() -> float:
        started = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(SUMS)))
        return time.perf_counter() - started

    return {"seconds": ouroloop.run(main())}


def sums_by(executor: Executor) -> dict[str, Any]:
    with executor:
        # Started beforehand: what is measured is the work.
        list(executor.map(add_up, [1] * SUMS))
        started = time.perf_counter()
        list(executor.map(add_up, [SUM_TERMS] * SUMS))
        return {"seconds": time.perf_counter() - started}


# What a loop notices of work that is done beside it


def pauses(work: Callable[[asyncio.AbstractEventLoop], Any]) -> dict[str, Any]:
    """The longest time that the loop was late by, while one sum was added up."""

    async def main() -> float:
        late = 0.0
        loop = asyncio.get_running_loop()
        working = asyncio.ensure_future(work(loop))
        while not working.done():
            asked = time.perf_counter()
            await asyncio.sleep(LOOK_SECONDS)
            late = max(late, time.perf_counter() - asked - LOOK_SECONDS)
        await working
        return late

    return {"late_ms": ouroloop.run(main()) * 1e3}


async def add_up_here(_loop: asyncio.AbstractEventLoop) -> int:
    await asyncio.sleep(0.01)
    return add_up(SUM_TERMS)


async def add_up_in_thread(_loop: asyncio.AbstractEventLoop) -> int:
    return await asyncio.to_thread(add_up, SUM_TERMS)


def pauses_beside_processes() -> dict[str, Any]:
    with processes() as executor:
        # Started beforehand: what is measured is the work.
        list(executor.map(add_up, [1] * SUMS))
        return pauses(lambda loop: loop.run_in_executor(executor, add_up, SUM_TERMS))


async def wait_in_thread(_loop: asyncio.AbstractEventLoop) -> None:
    await asyncio.to_thread(time.sleep, 0.3)


def processes() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("forkserver"))


# Starting one, and hearing that it has ended


def start_tasks() -> dict[str, Any]:
    async def nothing() -> None:
        pass

    async def main() -> float:
        started = processor_seconds()
        for _ in range(STARTS["task"]):
            await asyncio.create_task(nothing())
        return processor_seconds() - started

    return {"us_each": ouroloop.run(main()) / STARTS["task"] * 1e6}


def start(kind: str, make: Callable[..., Any]) -> dict[str, Any]:
    started = processor_seconds()
    for _ in range(STARTS[kind]):
        one = make(target=nothing)
        one.start()
        one.join()
    return {"us_each": (processor_seconds() - started) / STARTS[kind] * 1e6}


def nothing() -> None:
    pass


# A byte there and back


def pass_by_tasks() -> dict[str, Any]:
    turns = 100_000

    async def main() -> float:
        there: asyncio.Queue[int] = asyncio.Queue()
        back: asyncio.Queue[int] = asyncio.Queue()

        async def answer() -> None:
            for _ in range(turns):
                back.put_nowait(await there.get())

        answering = asyncio.create_task(answer())
        started = processor_seconds()
        for number in range(turns):
            there.put_nowait(number)
            await back.get()
        await answering
        return processor_seconds() - started

    return {"us_each": ouroloop.run(main()) / turns * 1e6}


def echo(sock: socket.socket, turns: int) -> None:
    for _ in range(turns):
        sock.sendall(sock.recv(1))


def pass_by(kind: Callable[..., Any]) -> dict[str, Any]:
    turns = 10_000
    here, there = socket.socketpair()
    with here, there:
        started = processor_seconds()
        other = kind(target=echo, args=(there, turns))
        other.start()
        for _ in range(turns):
            here.sendall(b"x")
            here.recv(1)
        other.join()
    return {"us_each": (processor_seconds() - started) / turns * 1e6}


fork = multiprocessing.get_context("fork").Process

SUBJECTS: dict[str, dict[str, Callable[[], dict[str, Any]]]] = {
    "waiting": {"tasks": wait_by_tasks, "threads": wait_by_threads},
    "sums": {
        "tasks": sums_by_tasks,
        "threads": lambda: sums_by(ThreadPoolExecutor(os.cpu_count())),
        "processes": lambda: sums_by(processes()),
    },
    "pauses": {
        "work in a coroutine": lambda: pauses(add_up_here),
        "work in a thread": lambda: pauses(add_up_in_thread),
        "work in a process": pauses_beside_processes,
        "a blocking wait in a thread": lambda: pauses(wait_in_thread),
    },
    "starting": {
        "tasks": start_tasks,
        "threads": lambda: start("thread", threading.Thread),
        "processes": lambda: start("process", fork),
    },
    "passing": {
        "tasks": pass_by_tasks,
        "threads": lambda: pass_by(threading.Thread),
        "processes": lambda: pass_by(fork),
    },
}

if __name__ == "__main__":
    subject, way = sys.argv[1:]
    json.dump(SUBJECTS[subject][way](), sys.stdout)
