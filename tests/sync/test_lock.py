"""The lock: who gets it, in which order, and what is left of a wait that was ended."""

import asyncio
import gc
import weakref

import pytest


async def steps(count=1):
    for _ in range(count):
        await asyncio.sleep(0)


def test_a_free_lock_is_taken_without_waiting(run, library):
    async def main():
        lock = library.Lock()
        assert not lock.locked()
        assert await lock.acquire() is True
        assert lock.locked()
        lock.release()
        assert not lock.locked()

    run(main())


def test_async_with_holds_the_lock_and_gives_none(run, library):
    async def main():
        lock = library.Lock()
        async with lock as given:
            assert given is None
            assert lock.locked()
        assert not lock.locked()
        with pytest.raises(ZeroDivisionError):
            async with lock:
                raise ZeroDivisionError
        assert not lock.locked()

    run(main())


def test_waiters_get_it_in_the_order_they_came(run, library):
    async def main():
        lock, order = library.Lock(), []

        async def holder(number):
            async with lock:
                order.append(number)
                await steps()

        await asyncio.gather(*(holder(number) for number in range(10)))
        assert order == list(range(10))

    run(main())


def test_nobody_overtakes_a_waiter_that_was_woken(run, library):
    async def main():
        lock, order = library.Lock(), []

        async def waiter(number):
            async with lock:
                order.append(number)

        await lock.acquire()
        first = asyncio.ensure_future(waiter(1))
        await steps()
        lock.release()
        await waiter(2)  # the lock is free now, but not ours to take
        await first
        assert order == [1, 2]

    run(main())


def test_release_of_a_free_lock_is_refused(library):
    with pytest.raises(RuntimeError, match=r"^Lock is not acquired\.$"):
        library.Lock().release()


def test_a_cancelled_waiter_leaves_the_line(run, library):
    async def main():
        lock = library.Lock()
        await lock.acquire()
        waiter = asyncio.ensure_future(lock.acquire())
        await steps()
        assert len(lock._waiters) == 1
        waiter.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await waiter
        assert not lock._waiters
        lock.release()
        assert await lock.acquire()

    run(main())


@pytest.mark.parametrize("release_first", [True, False])
def test_a_waiter_cancelled_with_the_release_passes_the_lock_on(run, library, release_first):
    async def main():
        lock = library.Lock()
        await lock.acquire()
        one, two = (asyncio.ensure_future(lock.acquire()) for _ in range(2))
        await steps()
        if release_first:
            lock.release()
            one.cancel()
        else:
            one.cancel()
            lock.release()
        assert await asyncio.wait_for(two, 5)
        assert one.cancelled()
        assert lock.locked()

    run(main())


def test_cancelled_waiters_do_not_keep_others_from_taking_it(run, library):
    async def main():
        lock = library.Lock()
        await lock.acquire()
        waiter = asyncio.ensure_future(lock.acquire())
        await steps()
        waiter.cancel()
        lock.release()
        assert lock._waiters[0].cancelled()
        assert await lock.acquire()
        await asyncio.wait([waiter])
        assert lock.locked()

    run(main())


@pytest.mark.only_our_library
@pytest.mark.parametrize("end", ["close", "drop", "throw"])
def test_a_woken_waiter_that_is_ended_otherwise_passes_the_lock_on(run, library, end):
    async def main():
        lock = library.Lock()
        await lock.acquire()
        woken = lock.acquire()
        woken.send(None)
        waiter = asyncio.ensure_future(lock.acquire())
        await steps()
        lock.release()
        if end == "close":
            woken.close()
        elif end == "throw":
            with pytest.raises(ZeroDivisionError):
                woken.throw(ZeroDivisionError())
        else:
            del woken
            gc.collect()
        assert await asyncio.wait_for(waiter, 5)

    run(main())


@pytest.mark.only_our_library
def test_a_waiter_that_is_dropped_leaves_the_line(run, library):
    async def main():
        lock = library.Lock()
        await lock.acquire()
        dropped = lock.acquire()
        dropped.send(None)
        assert len(lock._waiters) == 1
        del dropped
        gc.collect()
        assert not lock._waiters

    run(main())


def test_a_second_loop_is_refused(loop_factory, library):
    lock = library.Lock()

    async def contend():
        await lock.acquire()
        waiter = asyncio.ensure_future(lock.acquire())
        await steps()
        lock.release()
        await waiter
        lock.release()

    for expected in (None, RuntimeError):
        loop = loop_factory()
        try:
            if expected is None:
                loop.run_until_complete(contend())
                assert lock._loop is loop
            else:
                with pytest.raises(
                    expected, match=r"<.*Lock object at .*> is bound to a different event loop$"
                ):
                    loop.run_until_complete(contend())
        finally:
            loop.close()


def test_an_uncontended_lock_may_be_used_on_several_loops(loop_factory, library):
    lock = library.Lock()

    async def use():
        async with lock:
            pass

    for _ in range(2):
        loop = loop_factory()
        loop.run_until_complete(use())
        loop.close()
    assert lock._loop is None


def test_acquire_may_be_a_task(run, library):
    async def main():
        lock = library.Lock()
        assert await asyncio.create_task(lock.acquire()) is True
        assert lock.locked()

    run(main())


def test_acquiring_starts_when_it_is_awaited(library):
    lock = library.Lock()
    for made in (lock.acquire(), lock.__aenter__(), lock.__aexit__(None, None, None)):
        assert not lock.locked()
        made.close()
    assert not lock.locked()


def test_what_is_never_awaited_warns(library):
    lock = library.Lock()
    with pytest.warns(RuntimeWarning, match=r"^coroutine 'Lock\.acquire' was never awaited"):
        lock.acquire()


def test_repr(run, library):
    async def main():
        lock = library.Lock()
        assert repr(lock).startswith(f"<{library.Lock.__module__}.Lock object at 0x")
        assert repr(lock).endswith(" [unlocked]>")
        await lock.acquire()
        assert repr(lock).endswith(" [locked]>")
        waiter = asyncio.ensure_future(lock.acquire())
        await steps()
        assert repr(lock).endswith(" [locked, waiters:1]>")
        lock.release()
        assert repr(lock).endswith(" [unlocked, waiters:1]>")
        await waiter

    run(main())


def test_arguments_are_refused(library):
    with pytest.raises(TypeError, match=r"__init__\(\) got an unexpected keyword argument 'loop'"):
        library.Lock(loop=None)


def test_a_lock_takes_attributes_and_weak_references(library):
    lock = library.Lock()
    lock.purpose = "testing"
    assert weakref.ref(lock)() is lock
    assert lock.purpose == "testing"
    assert lock.__dict__["purpose"] == "testing"


@pytest.mark.parametrize("how", ["subclass", "instance"])
def test_async_with_calls_methods_that_were_replaced(run, library, how):
    async def main():
        calls = []

        class Recording(library.Lock):
            async def acquire(self):
                calls.append("acquire")
                return await super().acquire()

            def release(self):
                calls.append("release")
                super().release()

        lock = Recording() if how == "subclass" else library.Lock()
        if how == "instance":
            original = lock.acquire

            async def acquire():
                calls.append("acquire")
                return await original()

            async with lock:
                pass
            lock.acquire = acquire
            release = lock.release
            lock.release = lambda: (calls.append("release"), release())
        async with lock:
            assert lock.locked()
        assert not lock.locked()
        assert calls == ["acquire", "release"]

    run(main())


def test_a_method_replaced_on_the_class_is_called_for_locks_that_exist(run, library, monkeypatch):
    async def main():
        class Own(library.Lock):
            pass

        lock, calls = Own(), []
        async with lock:
            pass

        def release(self):
            calls.append("release")
            library.Lock.release(self)

        monkeypatch.setattr(Own, "release", release, raising=False)
        async with lock:
            pass
        assert calls == ["release"]
        monkeypatch.undo()
        async with lock:
            pass
        assert calls == ["release"]

    run(main())


def test_a_lock_of_ours_is_a_lock_of_the_standard_library(library):
    assert isinstance(library.Lock(), asyncio.Lock)
    assert issubclass(library.Lock, asyncio.Lock)
