"""Nothing that futures, tasks and handles do leaves a block of memory behind, however it ends."""

import asyncio
import contextlib
import gc
import itertools
import socket
import sys
import types

import pytest

ROUNDS = 100
MEASUREMENTS = 4


@types.coroutine
def yield_value(value):
    yield value


async def fail():
    raise ValueError


async def sleep_long():
    await asyncio.sleep(30)


def future_with_result(loop):
    future = loop.create_future()
    future.add_done_callback(lambda _: None)
    future.set_result(object())
    future.result()


def future_with_exception(loop):
    future = loop.create_future()
    future.set_exception(ValueError())
    for _ in range(3):
        with contextlib.suppress(ValueError):
            future.result()


def future_cancelled(loop):
    future = loop.create_future()
    future.cancel("message")
    for ask in (future.result, future.exception):
        with contextlib.suppress(asyncio.CancelledError):
            ask()


def future_refusing(loop):
    future = loop.create_future()
    for refused in (lambda: future.set_exception(1), future.result, lambda: future.set_exception(object)):
        with contextlib.suppress(TypeError, asyncio.InvalidStateError):
            refused()


def future_iterated_by_hand(loop):
    future = loop.create_future()
    iterator = future.__await__()
    next(iterator)
    with contextlib.suppress(KeyError):
        iterator.throw(KeyError())
    iterator = loop.create_future().__await__()
    next(iterator)
    iterator.close()


def callbacks_added_and_removed(loop):
    future = loop.create_future()
    for callback in (print, len, repr):
        future.add_done_callback(callback)
    assert len(future._callbacks) == 3
    future.remove_done_callback(len)
    repr(future)


def task_that_fails(loop):
    with contextlib.suppress(ValueError):
        loop.run_until_complete(loop.create_task(fail()))


def task_that_is_cancelled(loop):
    task = loop.create_task(sleep_long())
    loop.call_soon(task.cancel, "message")
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(task)


def task_that_yields_badly(loop):
    async def main():
        for value in (7, "text", loop.create_future()):
            with contextlib.suppress(RuntimeError):
                await yield_value(value)

    loop.run_until_complete(main())


def tasks_that_wait_for_each_other(loop):
    async def main():
        with contextlib.suppress(ValueError):
            await asyncio.gather(asyncio.sleep(0), fail(), loop.create_task(asyncio.sleep(0)))

    loop.run_until_complete(main())


def task_that_is_described(loop):
    task = loop.create_task(asyncio.sleep(0), name="named")
    repr(task)
    task.get_stack()
    loop.run_until_complete(task)
    repr(task)
    task.get_stack()


def handles_and_timers(loop):
    loop.call_soon(print, "never").cancel()
    loop.call_later(30, print, "never").cancel()
    loop.call_at(0, int)
    loop.call_soon_threadsafe(int)
    repr(loop.call_soon(int))
    with contextlib.suppress(TypeError):
        loop.call_later(None, print)
    loop.call_soon(loop.stop)
    loop.run_forever()


def descriptors(loop):
    left, right = socket.socketpair()
    with left, right:
        loop.add_reader(left, print, "never")
        loop.add_writer(left, int)
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.remove_reader(left)
        loop.remove_writer(left)
        with contextlib.suppress(ValueError):
            loop.add_reader("text", print)


def async_generator(loop):
    async def generate():
        yield 1
        yield 2

    async def main():
        async for _ in generate():
            break

    loop.run_until_complete(main())
    loop.call_soon(loop.call_soon, loop.stop)
    loop.run_forever()


ACTIONS = [
    future_with_result,
    future_with_exception,
    future_cancelled,
    future_refusing,
    future_iterated_by_hand,
    callbacks_added_and_removed,
    task_that_fails,
    task_that_is_cancelled,
    task_that_yields_badly,
    tasks_that_wait_for_each_other,
    task_that_is_described,
    handles_and_timers,
    descriptors,
    async_generator,
]


def blocks_after(action, loop, rounds):
    for _ in range(rounds):
        action(loop)
    # Callbacks that the last round scheduled still hold something.
    loop.call_soon(loop.stop)
    loop.run_forever()
    gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
def test_action_leaves_nothing_behind(implementation, loop, action):
    if (
        not implementation.is_ours
        and sys.version_info >= (3, 14)
        and action is tasks_that_wait_for_each_other
    ):
        pytest.skip(
            "from 3.14 on the standard library keeps a block each time that one of several tasks fails"
        )
    # Caches of the interpreter fill up at their own pace; a leak shows in every measurement.
    blocks = [blocks_after(action, loop, ROUNDS) for _ in range(MEASUREMENTS)]
    growths = [after - before for before, after in itertools.pairwise(blocks)]
    assert min(growths) < ROUNDS // 2, f"blocks more after {ROUNDS} rounds each: {growths}"
