"""The operations that gevent has too, under the names they have in the catalog, timed on gevent.

A greenlet waits without `await`, so the coroutines below never suspend, and one step runs each to its end.
"""

from __future__ import annotations

import argparse
import contextlib

import gevent
import gevent.event
import gevent.lock
import gevent.queue

from benchmarks.programs.loops import die_in_time
from benchmarks.programs.primitives.registry import declared, primitive
from benchmarks.programs.primitives.timing import time_all


def nothing() -> None:
    pass


def give_way(count: int) -> None:
    for _ in range(count):
        gevent.sleep(0)


@primitive("", count=60_000)
async def switch_one_task(count: int) -> None:
    give_way(count)


@primitive("", count=100_000)
async def switch_100_tasks(count: int) -> None:
    gevent.joinall([gevent.spawn(give_way, count // 100) for _ in range(100)])


@primitive("", count=20_000)
async def spawn_and_join(count: int) -> None:
    for _ in range(count):
        gevent.spawn(nothing).join()


@primitive("", count=20_000)
async def gather_100(count: int) -> None:
    for _ in range(count // 100):
        gevent.joinall([gevent.spawn(nothing) for _ in range(100)])


@primitive("", count=20_000)
async def future_wake_up(count: int) -> None:
    to_first, to_second = gevent.event.AsyncResult(), gevent.event.AsyncResult()

    def answer() -> None:
        nonlocal to_second
        for _ in range(count // 2):
            to_second.get()
            to_second = gevent.event.AsyncResult()
            to_first.set(None)

    greenlet = gevent.spawn(answer)
    for _ in range(count // 2):
        to_second.set(None)
        to_first.get()
        to_first = gevent.event.AsyncResult()
    greenlet.join()


@primitive("", count=20_000)
async def event_wake_up(count: int) -> None:
    to_first, to_second = gevent.event.Event(), gevent.event.Event()

    def answer() -> None:
        for _ in range(count // 2):
            to_second.wait()
            to_second.clear()
            to_first.set()

    greenlet = gevent.spawn(answer)
    for _ in range(count // 2):
        to_second.set()
        to_first.wait()
        to_first.clear()
    greenlet.join()


@primitive("", count=100_000)
async def lock_free(count: int) -> None:
    lock = gevent.lock.BoundedSemaphore(1)
    for _ in range(count):
        with lock:
            pass


def contend(permits: int, count: int) -> None:
    semaphore = gevent.lock.BoundedSemaphore(permits)

    def hold_in_turn() -> None:
        for _ in range(count // 10):
            with semaphore:
                gevent.sleep(0)

    gevent.joinall([gevent.spawn(hold_in_turn) for _ in range(10)])


@primitive("", count=20_000)
async def lock_contended(count: int) -> None:
    contend(1, count)


@primitive("", count=20_000)
async def semaphore_contended(count: int) -> None:
    contend(2, count)


def pass_through(queue: gevent.queue.Queue, count: int) -> None:
    def take() -> None:
        for _ in range(count):
            queue.get()

    taker = gevent.spawn(take)
    for number in range(count):
        queue.put(number)
    taker.join()


@primitive("", count=60_000)
async def queue_unbounded(count: int) -> None:
    pass_through(gevent.queue.Queue(), count)


@primitive("", count=40_000)
async def queue_of_10(count: int) -> None:
    pass_through(gevent.queue.Queue(10), count)


@primitive("", count=20_000)
async def timeout_done(count: int) -> None:
    for _ in range(count):
        with gevent.Timeout(10):
            pass


@primitive("", count=10_000)
async def timeout_suspended(count: int) -> None:
    for _ in range(count):
        with gevent.Timeout(10):
            gevent.sleep(0)


@primitive("", count=2_000, clock="wall")
async def to_thread(count: int) -> None:
    pool = gevent.get_hub().threadpool
    for _ in range(count):
        pool.spawn(nothing).get()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=int, default=1)
    die_in_time()
    with contextlib.suppress(StopIteration):
        time_all(declared, parser.parse_args().share).send(None)
