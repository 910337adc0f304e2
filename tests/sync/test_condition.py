"""The condition: notifications, the lock around them, and what is left of a wait that was ended."""

import asyncio
import gc

import pytest


async def steps(count=1):
    for _ in range(count):
        await asyncio.sleep(0)


class OtherLock:
    """A lock of nobody's make: its `acquire` gives an awaitable that is no coroutine."""

    def __init__(self):
        self.is_held = False
        self.releases = 0

    def locked(self):
        return self.is_held

    def acquire(self):
        lock = self

        class Acquiring:
            def __await__(self):
                while lock.is_held:
                    yield
                lock.is_held = True
                return True

        return Acquiring()

    def release(self):
        self.is_held = False
        self.releases += 1


@pytest.fixture(params=["own lock", "lock of the standard library", "lock of a subclass", "other lock"])
def condition(request, library):
    if request.param == "own lock":
        return library.Condition()
    if request.param == "lock of the standard library":
        return library.Condition(asyncio.Lock())
    if request.param == "other lock":
        return library.Condition(OtherLock())

    class Own(library.Lock):
        async def acquire(self):
            return await super().acquire()

    return library.Condition(Own())


async def wait_for_turn(condition, finished, number):
    async with condition:
        assert await condition.wait() is True
        assert condition.locked()
        finished.append(number)


def test_notify_wakes_those_who_wait_longest(run, condition):
    async def main():
        finished = []
        tasks = [asyncio.ensure_future(wait_for_turn(condition, finished, number)) for number in range(5)]
        await steps(10)
        for count, expected in ((1, [0]), (2, [0, 1, 2]), (9, [0, 1, 2, 3, 4])):
            async with condition:
                condition.notify(count)
                assert finished == expected[: len(finished)]
            await steps(10)
            assert finished == expected
        await asyncio.gather(*tasks)
        assert not condition.locked()

    run(main())


def test_notify_all_wakes_everybody(run, condition):
    async def main():
        finished = []
        tasks = [asyncio.ensure_future(wait_for_turn(condition, finished, number)) for number in range(5)]
        await steps(10)
        async with condition:
            condition.notify_all()
        await asyncio.gather(*tasks)
        assert sorted(finished) == [0, 1, 2, 3, 4]

    run(main())


def test_wait_for_gives_what_the_predicate_gave(run, condition):
    async def main():
        state = []

        async def waiter():
            async with condition:
                return await condition.wait_for(lambda: len(state) >= 2 and "enough")

        task = asyncio.ensure_future(waiter())
        for item in range(2):
            await steps(5)
            assert not task.done()
            async with condition:
                state.append(item)
                condition.notify()
        assert await task == "enough"

    run(main())


def test_wait_for_needs_a_predicate(run, library):
    async def main():
        condition = library.Condition()
        async with condition:
            with pytest.raises(TypeError, match=r"^'int' object is not callable$"):
                await condition.wait_for(1)
        assert not condition.locked()

    run(main())


@pytest.mark.parametrize(
    ("method", "text"),
    [
        ("wait", "cannot wait on un-acquired lock"),
        ("notify", "cannot notify on un-acquired lock"),
        ("notify_all", "cannot notify on un-acquired lock"),
    ],
)
def test_the_lock_must_be_held(run, condition, method, text):
    async def main():
        with pytest.raises(RuntimeError, match=f"^{text}$"):
            await getattr(condition, method)()

    run(main())


def test_a_cancelled_wait_ends_with_the_lock_held(run, condition):
    async def main():
        async def waiter():
            async with condition:
                try:
                    await condition.wait()
                except asyncio.CancelledError as error:
                    assert condition.locked()
                    return error.args

        task = asyncio.ensure_future(waiter())
        await steps(3)
        await condition.acquire()
        task.cancel("why")
        await steps(3)
        assert not task.done()
        condition.release()
        assert await task == ("why",)
        assert not condition.locked()
        assert not condition._waiters

    run(main())


@pytest.mark.library_since(3, 12, 3)
def test_the_newest_cancellation_is_the_one_that_is_raised(run, condition):
    async def main():
        async def waiter():
            async with condition:
                try:
                    await condition.wait()
                except asyncio.CancelledError as error:
                    assert condition.locked()
                    return error.args, error.__context__.args

        task = asyncio.ensure_future(waiter())
        await steps(3)
        await condition.acquire()
        for message in ("first", "second"):
            task.cancel(message)
            await steps(2)
        condition.release()
        assert await task == (("second",), ("first",))

    run(main())


@pytest.mark.library_since(3, 12, 3)
def test_a_notification_is_passed_on_by_a_waiter_that_is_cancelled(run, condition):
    async def main():
        finished = []
        one, two = (asyncio.ensure_future(wait_for_turn(condition, finished, number)) for number in (1, 2))
        await steps(5)
        async with condition:
            condition.notify()
            one.cancel()
        await asyncio.wait([one, two], timeout=5)
        assert one.cancelled()
        assert finished == [2]

    run(main())


def test_repr(run, library):
    async def main():
        condition = library.Condition()
        assert repr(condition).startswith(f"<{library.Condition.__module__}.Condition object at 0x")
        assert repr(condition).endswith(" [unlocked]>")
        task = asyncio.ensure_future(wait_for_turn(condition, [], 0))
        await steps()
        async with condition:
            assert repr(condition).endswith(" [locked, waiters:1]>")
            condition.notify()
        await task

    run(main())


def test_the_lock_and_its_methods_are_the_ones_given(run, library):
    lock = library.Lock()
    condition = library.Condition(lock)
    assert condition._lock is lock
    assert condition.acquire == lock.acquire
    assert condition.release == lock.release
    assert condition.locked == lock.locked
    assert isinstance(condition, asyncio.Condition)


def test_what_is_no_lock_is_refused(library):
    with pytest.raises(AttributeError, match="'int' object has no attribute 'locked'"):
        library.Condition(3)


def test_two_conditions_may_share_a_lock(run, library):
    async def main():
        lock = library.Lock()
        one, two = library.Condition(lock), library.Condition(lock)
        finished = []
        task = asyncio.ensure_future(wait_for_turn(one, finished, 1))
        await steps(2)
        async with two:
            one.notify()
            assert one.locked()
        await task
        assert finished == [1]

    run(main())


@pytest.mark.library_since(3, 12, 3)
def test_methods_that_were_replaced_are_called(run, library):
    async def main():
        condition, calls = library.Condition(), []
        release = condition.release
        condition.release = lambda: (calls.append("release"), release())

        class Counting(library.Condition):
            def _notify(self, n):
                calls.append(n)
                super()._notify(n)

        async with condition:
            pass
        counting = Counting()
        async with counting:
            counting.notify(3)
        assert calls == ["release", 3]

    run(main())


@pytest.mark.only_our_library
def test_a_wait_that_is_dropped_leaves_both_lines(run, library):
    async def main():
        condition = library.Condition()
        await condition.acquire()
        dropped = condition.wait()
        dropped.send(None)
        await condition.acquire()
        del dropped
        gc.collect()
        assert not condition._waiters
        assert not condition._lock._waiters
        condition.release()
        assert await asyncio.wait_for(condition.acquire(), 5)

    run(main())
