"""`staggered_race`: who starts when, who wins, and what becomes of the others."""

import asyncio

import pytest


class PlannedError(Exception):
    """Raised by an attempt."""


def attempts(*plans):
    """Coroutine functions: each waits for as many iterations as its plan says, then gives or raises what it says."""

    def make(number, steps, outcome):
        async def attempt():
            started.append(number)
            try:
                for _ in range(steps):
                    await asyncio.sleep(0)
            except asyncio.CancelledError:
                cancelled.append(number)
                raise
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return attempt

    started, cancelled = [], []
    functions = [make(number, *plan) for number, plan in enumerate(plans)]
    return functions, started, cancelled


def test_the_first_success_wins(loop, library):
    functions, started, cancelled = attempts((0, PlannedError("first")), (2, "second"), (0, "third"))

    async def main():
        return await library.staggered_race(functions, None)

    result, index, exceptions = loop.run_until_complete(main())
    assert (result, index) == ("second", 1)
    assert [type(error) for error in exceptions] == [PlannedError, type(None)]
    assert started == [0, 1]
    assert not cancelled


def test_a_slow_attempt_is_joined_by_the_next_and_cancelled_when_that_wins(loop, library):
    functions, started, cancelled = attempts((10_000_000, "slow"), (0, "fast"))

    async def main():
        return await library.staggered_race(functions, 0.001)

    result, index, exceptions = loop.run_until_complete(main())
    assert (result, index) == ("fast", 1)
    assert isinstance(exceptions[0], asyncio.CancelledError)
    assert (started, cancelled) == ([0, 1], [0])


def test_when_all_fail_nobody_wins(loop, library):
    functions, started, _ = attempts((0, PlannedError("a")), (1, PlannedError("b")))

    async def main():
        return await library.staggered_race(functions, None)

    result, index, exceptions = loop.run_until_complete(main())
    assert (result, index) == (None, None)
    assert [str(error) for error in exceptions] == ["a", "b"]
    assert started == [0, 1]


def test_without_attempts_nobody_wins(loop, library):
    async def main():
        return await library.staggered_race([], None)

    assert loop.run_until_complete(main()) == (None, None, [])


@pytest.mark.library_since(3, 13)
def test_a_cancelled_race_cancels_its_attempts_and_waits_for_them(loop, library):
    functions, started, cancelled = attempts((10_000_000, "never"), (10_000_000, "never"))

    async def main():
        race = asyncio.ensure_future(library.staggered_race(functions, 0.001))
        while len(started) < 2:
            await asyncio.sleep(0)
        race.cancel()
        with pytest.raises(asyncio.CancelledError):
            await race

    loop.run_until_complete(main())
    assert sorted(cancelled) == [0, 1]


@pytest.mark.reference_since(3, 12)
@pytest.mark.library_since(3, 14)
def test_it_works_with_eager_tasks(loop, library):
    functions, started, _ = attempts((0, PlannedError()), (1, "second"))
    loop.set_task_factory(library.eager_task_factory or asyncio.eager_task_factory)

    async def main():
        return await library.staggered_race(functions, None)

    assert loop.run_until_complete(main())[:2] == ("second", 1)
    loop.set_task_factory(None)
    assert started == [0, 1]
