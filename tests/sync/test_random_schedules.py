"""Locks and queues under random schedules, with cancellations at random points.

A schedule is what each task does, in steps of `sleep(0)`, and who is cancelled when. Whatever it is: nobody sleeps
beside what it waits for, nothing is lost, nothing stays locked, and what is asked for first is given first. A schedule
that breaks one of these is printed, made as small as it can be. `OUROLOOP_SCHEDULES` says how many are tried.
"""

import asyncio
import itertools
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.only_our_library

# Steps after which nothing moves any more: far more than the longest schedule has.
STEPS_MAX = 400

schedules = settings(
    max_examples=int(os.environ.get("OUROLOOP_SCHEDULES", "250")),
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
few = st.integers(0, 3)
# For each task: how long it waits before it asks, and how long it keeps what it got; as often as there are pairs.
tasks = st.lists(st.lists(st.tuples(few, few), min_size=1, max_size=3), min_size=1, max_size=6)
# After how many steps which task is cancelled.
cancellations = st.lists(st.tuples(few, st.integers(0, 7)), max_size=8)


async def steps(count):
    for _ in range(count):
        await asyncio.sleep(0)


async def play_out(running):
    for _ in range(STEPS_MAX):
        if all(each.done() for each in running):
            break
        await asyncio.sleep(0)


async def play(members, cancelled, *, until_idle=False):
    """Runs coroutines, cancels some, and gives the tasks. Fails when they do not end, unless they need not."""
    running = [asyncio.ensure_future(each) for each in members]
    for wait, victim in cancelled:
        await steps(wait)
        running[victim % len(running)].cancel()
    await play_out(running)
    pending = [each for each in running if not each.done()]
    if pending and not until_idle:
        for each in pending:
            each.cancel()
        await steps(20)
        pytest.fail(f"asleep for ever: {len(pending)} of {len(running)}")
    for each in running:
        if each.done() and not each.cancelled():
            each.result()
    return running


async def end(running):
    for each in running:
        each.cancel()
    await asyncio.wait(running)


@schedules
@given(tasks=tasks, cancelled=cancellations)
def test_lock(loop, library, tasks, cancelled):
    async def main():
        lock, asked, given_to, holders = library.Lock(), itertools.count(), [], []

        async def member(turns):
            for wait, hold in turns:
                await steps(wait)
                number = next(asked)
                async with lock:
                    given_to.append(number)
                    holders.append(number)
                    try:
                        assert holders == [number]
                        await steps(hold)
                    finally:
                        holders.remove(number)

        await play([member(turns) for turns in tasks], cancelled)
        assert given_to == sorted(given_to)
        assert not lock.locked()
        assert not lock._waiters

    loop.run_until_complete(main())


@schedules
@given(tasks=tasks, cancelled=cancellations, places=st.integers(1, 3), bounded=st.booleans())
def test_semaphore(loop, library, tasks, cancelled, places, bounded):
    async def main():
        semaphore = (library.BoundedSemaphore if bounded else library.Semaphore)(places)
        asked, given_to, holders = itertools.count(), [], []

        async def member(turns):
            for wait, hold in turns:
                await steps(wait)
                number = next(asked)
                async with semaphore:
                    given_to.append(number)
                    holders.append(number)
                    try:
                        assert len(holders) <= places
                        await steps(hold)
                    finally:
                        holders.remove(number)

        await play([member(turns) for turns in tasks], cancelled)
        assert given_to == sorted(given_to)
        assert semaphore._value == places
        assert not semaphore._waiters

    loop.run_until_complete(main())


@schedules
@given(tasks=tasks, cancelled=cancellations, flags=st.lists(st.tuples(few, st.booleans()), max_size=6))
def test_event(loop, library, tasks, cancelled, flags):
    async def main():
        event = library.Event()

        async def member(turns):
            for wait, hold in turns:
                await steps(wait)
                assert await event.wait() is True
                await steps(hold)

        async def wave():
            for wait, raised in flags:
                await steps(wait)
                event.set() if raised else event.clear()
            event.set()

        waving = asyncio.ensure_future(wave())
        await play([member(turns) for turns in tasks], cancelled)
        await waving
        assert not event._waiters

    loop.run_until_complete(main())


@schedules
@given(
    # For each consumer: how many tokens it takes, and how long it holds the lock.
    consumers=st.lists(st.tuples(st.integers(1, 2), few), min_size=1, max_size=6),
    # Cancelling right after a notification, before anybody runs, is what loses it.
    actions=st.lists(
        st.tuples(st.sampled_from(["give", "cancel", "wait"]), st.integers(0, 5)), min_size=1, max_size=12
    ),
    foreign=st.booleans(),
)
def test_condition(loop, library, consumers, actions, foreign):
    async def main():
        condition = library.Condition(asyncio.Lock() if foreign else None)
        tokens, given_out, taken, holders = 0, 0, 0, []

        def has_tokens():
            return tokens > 0

        async def consumer(turns, hold):
            nonlocal tokens, taken
            for _ in range(turns):
                async with condition:
                    await condition.wait_for(has_tokens)
                    assert not holders
                    holders.append(hold)
                    try:
                        tokens -= 1
                        taken += 1
                        await steps(hold)
                    finally:
                        holders.clear()

        running = [asyncio.ensure_future(consumer(*each)) for each in consumers]
        await steps(len(running))
        for action, number in actions:
            if action == "cancel":
                running[number % len(running)].cancel()
            elif action == "wait":
                await steps(number)
            else:
                async with condition:
                    tokens += 1
                    given_out += 1
                    condition.notify()
        await play_out(running)
        assert tokens + taken == given_out
        waiting = [each for each in running if not each.done()]
        assert not (waiting and tokens), f"{len(waiting)} asleep beside {tokens} tokens"
        assert len(condition._waiters) == len(waiting)
        assert not condition.locked()
        await end(running)
        assert not condition._waiters
        assert not condition.locked()

    loop.run_until_complete(main())


@schedules
@given(
    kind=st.sampled_from(["Queue", "LifoQueue", "PriorityQueue"]),
    maxsize=st.integers(0, 3),
    producers=tasks,
    consumers=tasks,
    # For each that waits until all is done: after how many steps it begins.
    joiners=st.lists(few, max_size=2),
    cancelled=st.lists(st.tuples(few, st.integers(0, 13)), max_size=10),
)
def test_queue(loop, library, kind, maxsize, producers, consumers, joiners, cancelled):
    async def main():
        queue = getattr(library, kind)(maxsize)
        numbers, put, got = itertools.count(), [], []

        async def producer(turns):
            for wait, count in turns:
                await steps(wait)
                for _ in range(count):
                    item = next(numbers)
                    await queue.put(item)
                    put.append(item)

        async def consumer(turns):
            for wait, count in turns:
                await steps(wait)
                for _ in range(count):
                    got.append(await queue.get())
                    queue.task_done()

        async def joiner(wait):
            await steps(wait)
            await queue.join()

        members = [producer(turns) for turns in producers] + [consumer(turns) for turns in consumers]
        members += [joiner(wait) for wait in joiners]
        running = await play(members, cancelled, until_idle=True)
        left = list(queue._queue)
        assert sorted(got + left) == sorted(put)
        assert queue._unfinished_tasks == len(left)
        if kind == "Queue":
            assert got + left == put
        putting, others = running[: len(producers)], running[len(producers) :]
        getting, joining = others[: len(consumers)], others[len(consumers) :]
        assert left or all(each.done() for each in joining), "asleep though all is done"
        assert queue.full() or all(each.done() for each in putting), "asleep beside room"
        assert queue.empty() or all(each.done() for each in getting), "asleep beside an item"
        await end(running)
        assert not queue._getters
        assert not queue._putters

    loop.run_until_complete(main())


@schedules
@given(
    maxsize=st.integers(0, 2),
    producers=tasks,
    consumers=tasks,
    shutdown_after=st.integers(0, 8),
    immediate=st.booleans(),
    joiners=st.lists(few, max_size=2),
    cancelled=st.lists(st.tuples(few, st.integers(0, 13)), max_size=6),
)
def test_queue_that_is_shut_down(
    loop, library, maxsize, producers, consumers, shutdown_after, immediate, joiners, cancelled
):
    async def main():
        queue, put, got = library.Queue(maxsize), [], []

        async def producer(turns):
            for wait, count in turns:
                await steps(wait)
                for _ in range(count):
                    item = object()
                    await queue.put(item)
                    put.append(item)

        async def consumer(turns):
            for wait, count in turns:
                await steps(wait)
                for _ in range(count):
                    item = await queue.get()
                    got.append(item)
                    queue.task_done()

        async def joiner(wait):
            await steps(wait)
            await queue.join()

        async def until_shut_down(member):
            try:
                await member
            except library.QueueShutDown:
                assert queue._is_shutdown

        async def shut_down():
            await steps(shutdown_after)
            queue.shutdown(immediate=immediate)

        ending = asyncio.ensure_future(shut_down())
        members = [producer(turns) for turns in producers] + [consumer(turns) for turns in consumers]
        joining = [asyncio.ensure_future(joiner(wait)) for wait in joiners]
        await play([until_shut_down(each) for each in members], cancelled)
        for each in members:
            each.close()
        await ending
        await steps(5)
        left = list(queue._queue)
        assert got == put[: len(got)]
        if immediate:
            assert not left
        else:
            assert got + left == put
        assert left or all(each.done() for each in joining), "asleep though all is done"
        assert not queue._getters
        assert not queue._putters
        if joining:
            await end(joining)

    loop.run_until_complete(main())


@schedules
@given(parties=st.integers(1, 4), tasks=tasks, cancelled=cancellations)
def test_barrier(loop, library, parties, tasks, cancelled):
    async def main():
        barrier = library.Barrier(parties)
        passed = []

        async def member(turns):
            for wait, hold in turns:
                await steps(wait)
                place = await barrier.wait()
                assert 0 <= place < parties
                passed.append(place)
                await steps(hold)

        running = await play([member(turns) for turns in tasks], cancelled, until_idle=True)
        waiting = sum(not each.done() for each in running)
        assert waiting < parties
        assert barrier.n_waiting == waiting
        assert not barrier._cond.locked()
        await end(running)
        assert barrier.n_waiting == 0

    loop.run_until_complete(main())
