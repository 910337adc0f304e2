"""The loop that stands in for CPython's TestLoop: time is what the test's generator says."""

import asyncio
import contextlib

import pytest

from conformance.loop_classes import loop_class, virtual_time_loop_class


@pytest.fixture
def make_loop():
    with contextlib.ExitStack() as made:
        test_loop = virtual_time_loop_class(asyncio.SelectorEventLoop, asyncio.TimerHandle)

        def make(generator=None):
            loop = test_loop(generator)
            made.callback(lambda: loop.is_closed() or loop.close())
            return loop

        yield make


def test_time_stands_still_unless_it_is_moved(make_loop):
    loop = make_loop()
    ran = []
    loop.call_later(5, ran.append, "late")
    loop.run_until_complete(asyncio.sleep(0))
    assert (loop.time(), ran) == (0, [])
    loop.advance_time(5)
    loop.run_until_complete(pass_some_rounds())
    assert (loop.time(), ran) == (5, ["late"])


async def pass_some_rounds():
    for _ in range(5):
        await asyncio.sleep(0)


def test_sleeps_take_no_real_time_and_end_in_their_order(make_loop):
    deadlines = []

    def generator():
        deadlines.append((yield))
        deadlines.append((yield 0))
        yield 100

    loop = make_loop(generator)
    ended = []

    async def sleeper(seconds):
        await asyncio.sleep(seconds)
        ended.append(seconds)

    async def main():
        await asyncio.gather(sleeper(100), sleeper(50))

    loop.run_until_complete(main())
    assert deadlines == [100, 50]
    assert ended == [50, 100]
    assert loop.time() == 100


def test_a_cancelled_timer_never_runs(make_loop):
    loop = make_loop()
    ran = []
    timer = loop.call_at(1, ran.append, "cancelled")
    loop.call_at(1, ran.append, "kept")
    timer.cancel()
    loop.advance_time(1)
    loop.run_until_complete(pass_some_rounds())
    assert ran == ["kept"]


def test_a_generator_must_have_been_used_up(make_loop):
    def generator():
        yield
        yield 1

    with pytest.raises(AssertionError, match="Time generator is not finished"):
        make_loop(generator).close()


def test_what_the_factory_makes_is_an_instance_of_the_class_that_tests_see():
    seen = loop_class(asyncio.SelectorEventLoop)
    with contextlib.closing(asyncio.SelectorEventLoop()) as plain, contextlib.closing(seen(object())) as made:
        assert isinstance(plain, seen)
        assert isinstance(made, seen)
        assert isinstance(made, asyncio.SelectorEventLoop)
    assert not isinstance(object(), seen)
