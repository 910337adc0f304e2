"""The semaphores: how many enter, in which order, and what is left of a wait that was ended."""

import asyncio

import pytest


@pytest.fixture(params=["Semaphore", "BoundedSemaphore"])
def semaphore_class(request, library):
    return getattr(library, request.param)


async def steps(count=1):
    for _ in range(count):
        await asyncio.sleep(0)


def test_as_many_enter_as_there_are_places(run, semaphore_class):
    async def main():
        semaphore = semaphore_class(2)
        assert await semaphore.acquire() is True
        assert not semaphore.locked()
        async with semaphore as given:
            assert given is None
            assert semaphore.locked()
            assert semaphore._value == 0
        semaphore.release()
        assert semaphore._value == 2

    run(main())


def test_a_negative_number_of_places_is_refused(semaphore_class):
    with pytest.raises(ValueError, match=r"^Semaphore initial value must be >= 0$"):
        semaphore_class(-1)


def test_there_may_be_infinitely_many_places(run, library):
    async def main():
        semaphore = library.Semaphore(float("inf"))
        async with semaphore:
            assert not semaphore.locked()

    run(main())


def test_a_bounded_semaphore_is_not_released_too_often(run, library):
    async def main():
        semaphore = library.BoundedSemaphore(1)
        with pytest.raises(ValueError, match=r"^BoundedSemaphore released too many times$"):
            semaphore.release()
        async with semaphore:
            pass
        with pytest.raises(ValueError, match=r"^BoundedSemaphore released too many times$"):
            semaphore.release()
        assert semaphore._bound_value == 1
        unbounded = library.Semaphore(1)
        unbounded.release()
        assert unbounded._value == 2

    run(main())


def test_waiters_get_places_in_the_order_they_came(run, semaphore_class):
    async def main():
        semaphore, order, inside = semaphore_class(3), [], 0

        async def holder(number):
            nonlocal inside
            async with semaphore:
                order.append(number)
                inside += 1
                assert inside <= 3
                await steps(2)
                inside -= 1

        await asyncio.gather(*(holder(number) for number in range(10)))
        assert order == list(range(10))
        assert semaphore._value == 3

    run(main())


@pytest.mark.library_since(3, 11, 9)
def test_nobody_overtakes_a_waiter_that_was_woken(run, semaphore_class):
    async def main():
        semaphore, order = semaphore_class(1), []

        async def waiter(number):
            async with semaphore:
                order.append(number)

        await semaphore.acquire()
        first = asyncio.ensure_future(waiter(1))
        await steps()
        semaphore.release()
        assert semaphore.locked()
        await waiter(2)
        await first
        assert order == [1, 2]

    run(main())


@pytest.mark.library_since(3, 12, 3)
def test_places_freed_while_a_woken_waiter_has_yet_to_run_are_all_given(run, library):
    async def main():
        semaphore = library.Semaphore(0)
        waiters = [asyncio.ensure_future(semaphore.acquire()) for _ in range(3)]
        await steps()
        waiters[0].cancel()
        for _ in range(2):
            semaphore.release()
        await asyncio.wait(waiters, timeout=5)
        assert [each.done() and not each.cancelled() for each in waiters] == [False, True, True]
        assert semaphore._value == 0

    run(main())


@pytest.mark.library_since(3, 12, 3)
@pytest.mark.parametrize("release_first", [True, False])
def test_a_waiter_cancelled_with_the_release_passes_the_place_on(run, semaphore_class, release_first):
    async def main():
        semaphore = semaphore_class(1)
        await semaphore.acquire()
        one, two = (asyncio.ensure_future(semaphore.acquire()) for _ in range(2))
        await steps()
        if release_first:
            semaphore.release()
            one.cancel()
        else:
            one.cancel()
            semaphore.release()
        await asyncio.wait([one, two], timeout=5)
        assert one.cancelled()
        assert two.result() is True
        assert semaphore._value == 0
        assert not semaphore._waiters

    run(main())


@pytest.mark.only_our_library
@pytest.mark.parametrize("end", ["close", "throw"])
def test_a_woken_waiter_that_is_ended_otherwise_gives_its_place_back(run, semaphore_class, end):
    async def main():
        semaphore = semaphore_class(1)
        await semaphore.acquire()
        woken = semaphore.acquire()
        woken.send(None)
        semaphore.release()
        assert semaphore._value == 0
        if end == "close":
            woken.close()
        else:
            with pytest.raises(ZeroDivisionError):
                woken.throw(ZeroDivisionError())
        assert semaphore._value == 1
        assert not semaphore.locked()

    run(main())


def test_repr(run, semaphore_class):
    async def main():
        semaphore = semaphore_class(1)
        name = f"<{semaphore_class.__module__}.{semaphore_class.__name__} object at 0x"
        assert repr(semaphore).startswith(name)
        assert repr(semaphore).endswith(" [unlocked, value:1]>")
        await semaphore.acquire()
        assert repr(semaphore).endswith(" [locked]>")
        waiter = asyncio.ensure_future(semaphore.acquire())
        await steps()
        assert repr(semaphore).endswith(" [locked, waiters:1]>")
        semaphore.release()
        await waiter

    run(main())


def test_async_with_calls_methods_that_a_subclass_overrides(run, semaphore_class):
    async def main():
        calls = []

        class Recording(semaphore_class):
            async def acquire(self):
                calls.append("acquire")
                return await super().acquire()

            def release(self):
                calls.append("release")
                super().release()

            def locked(self):
                calls.append("locked")
                return super().locked()

        async with Recording():
            pass
        assert calls == ["acquire", "locked", "release"]

    run(main())


def test_ours_are_semaphores_of_the_standard_library(library):
    assert issubclass(library.Semaphore, asyncio.Semaphore)
    assert issubclass(library.BoundedSemaphore, asyncio.BoundedSemaphore)
    assert issubclass(library.BoundedSemaphore, library.Semaphore)
