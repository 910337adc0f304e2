"""Task: its steps, what a coroutine may yield, and what it may not."""

import asyncio
import types

import pytest


@types.coroutine
def yield_value(value):
    """Yield a value to the loop, as `await` of something odd does."""
    return (yield value)


def failing_yield(loop, value):
    """What a task raises into a coroutine that yields a value, as the coroutine sees it."""

    async def main():
        try:
            await yield_value(value)
        except RuntimeError as error:
            return task, error
        pytest.fail("the yield was accepted")

    task = loop.create_task(main())
    return loop.run_until_complete(task)


def test_bare_yield_lets_the_others_run_once(loop, run_once):
    ran = []

    async def main(label):
        for step in range(3):
            ran.append((step, label))
            await yield_value(None)

    tasks = [loop.create_task(main(label)) for label in "abc"]
    for step in range(3):
        run_once(loop)
        assert ran[step * 3 :] == [(step, label) for label in "abc"]
    run_once(loop)
    assert all(task.done() for task in tasks)


def test_yield_gives_none_back(loop):
    async def main():
        return await yield_value(None)

    assert loop.run_until_complete(main()) is None


@pytest.mark.parametrize("value", [0, 1, "text", object, (), print, Ellipsis, False])
def test_odd_yield_is_refused_inside_the_coroutine(loop, value):
    _task, error = failing_yield(loop, value)
    assert str(error) == f"Task got bad yield: {value!r}"


def test_generator_yielded_is_refused(loop):
    def generator():
        yield

    value = generator()
    _task, error = failing_yield(loop, value)
    message = str(error)
    assert message.startswith(
        "yield was used instead of yield from for generator in task <Task pending name="
    )
    assert message.endswith(f" with {value!r}")


def test_future_yielded_without_await_is_refused(loop):
    value = loop.create_future()
    _task, error = failing_yield(loop, value)
    assert str(error).startswith("yield was used instead of yield from in task <Task pending name=")
    assert str(error).endswith(" with <Future pending>")


def test_future_of_another_loop_yielded_is_refused(loop, loop_factory):
    other = loop_factory()
    value = other.create_future()
    _task, error = failing_yield(loop, value)
    assert " got Future <Future pending> attached to a different loop" in str(error)
    other.close()


def test_task_cannot_await_itself(loop):
    async def main():
        await task

    task = loop.create_task(main())
    with pytest.raises(RuntimeError, match=r"^Task cannot await on itself: <Task pending name="):
        loop.run_until_complete(task)


def test_refused_yield_reaches_the_coroutine_in_the_next_iteration(loop, run_once):
    ran = []

    async def main():
        try:
            await yield_value(7)
        except RuntimeError:
            ran.append("refused")

    task = loop.create_task(main())
    run_once(loop)
    assert ran == []
    run_once(loop)
    assert ran == ["refused"]
    assert task.done()


def test_any_object_with_await_can_be_awaited(loop):
    class Nested:
        def __init__(self, depth):
            self.depth = depth

        def __await__(self):
            if not self.depth:
                yield
                return 0
            return 1 + (yield from Nested(self.depth - 1).__await__())

    async def main():
        return await Nested(20)

    assert loop.run_until_complete(main()) == 20


def test_await_that_is_an_iterator_and_no_generator_can_be_awaited(loop):
    class Countdown:
        def __init__(self):
            self.left = 3

        def __await__(self):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            if not self.left:
                raise StopIteration("finished")
            self.left -= 1

    async def main():
        return await Countdown()

    assert loop.run_until_complete(main()) == "finished"


def test_iterator_without_throw_is_left_by_cancellation(loop):
    class Endless:
        def __await__(self):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            return None

    async def main():
        await Endless()

    task = loop.create_task(main())
    loop.call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)


def test_await_that_returns_no_iterator_is_an_error(loop):
    class Wrong:
        def __await__(self):
            return 7

    async def main():
        await Wrong()

    with pytest.raises(TypeError, match="__await__"):
        loop.run_until_complete(main())


def test_generator_based_and_native_coroutines_nest(loop):
    @types.coroutine
    def outer():
        first = yield from inner()
        second = yield from future
        return first, second

    async def inner():
        await asyncio.sleep(0)
        return "inner"

    future = loop.create_future()
    loop.call_soon(future.set_result, "future")
    assert loop.run_until_complete(outer()) == ("inner", "future")


@pytest.mark.parametrize(
    "value", [None, 0, (1, 2), StopIteration, StopIteration("value"), ValueError("value")]
)
def test_any_value_may_be_returned(loop, value):
    async def main():
        await asyncio.sleep(0)
        return value

    assert loop.run_until_complete(main()) is value


def test_stop_iteration_raised_in_a_coroutine_is_a_runtime_error(loop):
    async def main():
        raise StopIteration

    with pytest.raises(RuntimeError, match="coroutine raised StopIteration"):
        loop.run_until_complete(main())


def test_long_chain_of_coroutines_is_driven(loop):
    async def chain(depth):
        if depth:
            return 1 + await chain(depth - 1)
        await asyncio.sleep(0)
        return 0

    assert loop.run_until_complete(chain(200)) == 200


def test_long_chain_of_tasks_waking_each_other_does_not_grow_the_stack(loop):
    async def link(previous):
        return 1 + (await previous if previous else 0)

    async def main():
        task = None
        for _ in range(5000):
            task = asyncio.create_task(link(task))
        return await task

    assert loop.run_until_complete(main()) == 5000


def test_coroutine_that_recurses_without_end_fails_with_recursion_error(loop):
    async def endless():
        await endless()

    with pytest.raises(RecursionError):
        loop.run_until_complete(endless())

    async def main():
        return "the loop goes on"

    assert loop.run_until_complete(main()) == "the loop goes on"


def test_one_hundred_thousand_tasks_run_and_are_freed(loop):
    async def main():
        async def child():
            await asyncio.sleep(0)
            return 1

        tasks = [asyncio.create_task(child()) for _ in range(100_000)]
        return sum([await task for task in tasks])

    assert loop.run_until_complete(main()) == 100_000
    assert asyncio.all_tasks(loop) == set()


def test_task_that_switches_forever_does_not_starve_timers(loop):
    async def busy():
        while not stopped:
            await asyncio.sleep(0)

    stopped = []
    loop.call_later(0.005, stopped.append, True)
    loop.run_until_complete(busy())
