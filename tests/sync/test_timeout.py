"""`timeout`, `timeout_at` and `wait_for`: what is cancelled when, and whose cancellation it was."""

import asyncio

import pytest


def test_past_the_limit_the_block_raises_timeout_error_from_the_cancellation(loop, library):
    async def main():
        with pytest.raises(TimeoutError) as caught:
            async with library.timeout(0.002) as scope:
                await asyncio.sleep(30)
        assert isinstance(caught.value.__cause__, asyncio.CancelledError)
        assert scope.expired()
        assert asyncio.current_task().cancelling() == 0

    loop.run_until_complete(main())


@pytest.mark.parametrize("limit", [None, 30, 30.0])
def test_within_the_limit_nothing_happens(loop, library, limit):
    async def main():
        async with library.timeout(limit) as scope:
            await asyncio.sleep(0)
        assert not scope.expired()
        assert repr(scope) == "<Timeout [finished]>"

    loop.run_until_complete(main())


@pytest.mark.parametrize("limit", [0, -1, 0.0])
def test_a_limit_that_is_over_strikes_at_the_next_await(loop, library, limit):
    async def main():
        reached = []
        with pytest.raises(TimeoutError):  # noqa: PT012
            async with library.timeout(limit):
                reached.append("body")
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                reached.append("end")
        assert reached == ["body"]

    loop.run_until_complete(main())


def test_a_block_that_does_not_wait_is_not_ended(loop, library):
    async def main():
        async with library.timeout(0) as scope:
            pass
        await asyncio.sleep(0)
        assert not scope.expired()

    loop.run_until_complete(main())


def test_a_cancellation_of_somebody_else_goes_on(loop, library):
    async def main():
        async with library.timeout(0):
            asyncio.current_task().cancel("outside")
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    task = loop.create_task(main())
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    assert task.cancelling() == 1


def test_the_inner_limit_and_the_outer_one_keep_apart(loop, library):
    async def main():
        async with library.timeout(30) as outer:
            with pytest.raises(TimeoutError):
                async with library.timeout(0.001):
                    await asyncio.sleep(30)
        assert not outer.expired()
        with pytest.raises(TimeoutError):
            async with library.timeout(0.001), library.timeout(30) as inner:
                await asyncio.sleep(30)
        assert not inner.expired()

    loop.run_until_complete(main())


def test_it_can_be_moved(loop, library):
    async def main():
        async with library.timeout(None) as scope:
            assert scope.when() is None
            scope.reschedule(loop.time() + 30)
            scope.reschedule(None)
            await asyncio.sleep(0)
        with pytest.raises(TimeoutError):  # noqa: PT012
            async with library.timeout_at(loop.time() + 30) as scope:
                scope.reschedule(loop.time())
                await asyncio.sleep(30)

    loop.run_until_complete(main())


@pytest.mark.library_since(3, 12, 2)
def test_misuse_is_refused(loop, library):
    async def main():
        scope = library.timeout(30)
        assert repr(scope) == "<Timeout [created]>"
        with pytest.raises(RuntimeError, match="Timeout has not been entered"):
            scope.reschedule(1)
        async with scope:
            with pytest.raises(RuntimeError, match="Timeout has already been entered"):
                await scope.__aenter__()
        with pytest.raises(RuntimeError, match="Cannot change state of finished Timeout"):
            scope.reschedule(1)
        with pytest.raises(TimeoutError):  # noqa: PT012
            async with library.timeout(0) as scope:
                try:
                    await asyncio.sleep(1)
                finally:
                    with pytest.raises(RuntimeError, match="Cannot change state of expiring Timeout"):
                        scope.reschedule(1)

    loop.run_until_complete(main())


def test_an_exception_raised_while_it_ends_says_that_time_was_up(loop, library):
    async def main():
        with pytest.raises(ZeroDivisionError) as caught:  # noqa: PT012
            async with library.timeout(0):
                try:
                    await asyncio.sleep(30)
                finally:
                    raise ZeroDivisionError
        return caught.value

    error = loop.run_until_complete(main())
    if isinstance(error.__context__, asyncio.CancelledError):
        pytest.skip("the standard library says so from Python 3.13 on")
    assert type(error.__context__) is TimeoutError
    assert isinstance(error.__context__.__cause__, asyncio.CancelledError)


def test_in_debug_mode_it_does_the_same(loop, library):
    loop.set_debug(True)

    async def main():
        with pytest.raises(TimeoutError):
            async with library.timeout(0.001):
                await asyncio.sleep(30)
        async with library.timeout(30):
            pass

    loop.run_until_complete(main())


def test_the_timer_goes_with_the_block(loop, library):
    async def main():
        for _ in range(10_000):
            async with library.timeout(3600):
                pass
        return "done"

    assert loop.run_until_complete(main()) == "done"
