"""The language's asynchronous constructs, driven by our tasks."""

import asyncio
import contextlib

import pytest


async def ticks(count):
    for number in range(count):
        await asyncio.sleep(0)
        yield number


class Ticks:
    """An asynchronous iterator that is no generator."""

    def __init__(self, count):
        self.numbers = iter(range(count))

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        try:
            return next(self.numbers)
        except StopIteration:
            raise StopAsyncIteration from None


@pytest.mark.parametrize("source", [ticks, Ticks])
def test_async_for_reaches_the_end_and_else(loop, source):
    async def main():
        seen = []
        async for number in source(5):
            seen.append(number)  # noqa: PERF401
        else:
            seen.append("end")
        return seen

    assert loop.run_until_complete(main()) == [0, 1, 2, 3, 4, "end"]


@pytest.mark.parametrize("source", [ticks, Ticks])
def test_comprehensions_of_each_kind(loop, source):
    async def main():
        return (
            [number async for number in source(4)],
            {number async for number in source(4) if number % 2},
            {number: number * 2 async for number in source(3)},
            [await value(number) for number in range(3)],
            [pair async for pair in ((left, right) for left in range(2) async for right in source(2))],
        )

    async def value(number):
        await asyncio.sleep(0)
        return number

    assert loop.run_until_complete(main()) == (
        [0, 1, 2, 3],
        {1, 3},
        {0: 0, 1: 2, 2: 4},
        [0, 1, 2],
        [(0, 0), (0, 1), (1, 0), (1, 1)],
    )


def test_async_generator_can_be_sent_to_thrown_into_and_closed(loop):
    events = []

    async def generator():
        try:
            received = yield "first"
            events.append(received)
            try:
                yield "second"
            except KeyError:
                await asyncio.sleep(0)
                yield "caught"
        finally:
            await asyncio.sleep(0)
            events.append("closed")

    async def main():
        running = generator()
        assert await anext(running) == "first"
        assert await running.asend("sent") == "second"
        assert await running.athrow(KeyError()) == "caught"
        await running.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(running)
        assert await anext(running, "default") == "default"

    loop.run_until_complete(main())
    assert events == ["sent", "closed"]


def test_async_with_enters_and_leaves_across_suspensions(loop):
    events = []

    @contextlib.asynccontextmanager
    async def manager(label):
        await asyncio.sleep(0)
        events.append(f"enter {label}")
        try:
            yield label
        finally:
            await asyncio.sleep(0)
            events.append(f"leave {label}")

    async def main():
        async with manager("a") as first, manager("b") as second:
            events.append(first + second)
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(manager("c"))
            stack.push_async_callback(asyncio.sleep, 0)

    loop.run_until_complete(main())
    assert events == ["enter a", "enter b", "ab", "leave b", "leave a", "enter c", "leave c"]


def test_async_with_may_swallow_an_exception(loop):
    class Swallows:
        async def __aenter__(self):
            return self

        async def __aexit__(self, kind, error, traceback):
            await asyncio.sleep(0)
            return kind is ValueError

    async def main():
        async with Swallows():
            raise ValueError
        with pytest.raises(KeyError):
            async with Swallows():
                raise KeyError
        return "went on"

    assert loop.run_until_complete(main()) == "went on"


def test_async_generator_is_driven_by_several_tasks_one_after_another(loop):
    async def take(generator):
        return await anext(generator)

    async def main():
        generator = ticks(3)
        results = [await asyncio.create_task(take(generator)) for _ in range(3)]
        await generator.aclose()
        return results

    assert loop.run_until_complete(main()) == [0, 1, 2]


def test_async_generator_iterated_by_two_tasks_at_once_is_refused(loop):
    async def take(generator):
        return await anext(generator)

    async def main():
        generator = ticks(10)
        results = await asyncio.gather(*(take(generator) for _ in range(2)), return_exceptions=True)
        await generator.aclose()
        return results

    first, second = loop.run_until_complete(main())
    assert first == 0
    assert str(second) == "anext(): asynchronous generator is already running"


def test_cancellation_runs_the_clean_up_of_a_generator_being_iterated(loop):
    events = []

    async def endless():
        try:
            while True:
                await asyncio.sleep(0)
                yield
        finally:
            events.append("generator")

    async def main():
        async with contextlib.aclosing(endless()) as generator:
            try:
                async for _ in generator:
                    pass
            finally:
                events.append("loop")

    task = loop.create_task(main())
    loop.call_soon(loop.call_soon, loop.call_soon, task.cancel)
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    assert sorted(events) == ["generator", "loop"]


def test_exception_groups_are_split_by_except_star(loop):
    async def fail(error):
        await asyncio.sleep(0)
        raise error

    async def main():
        caught = []
        try:
            async with asyncio.TaskGroup() as group:
                for error in (ValueError(1), KeyError(2), ValueError(3)):
                    group.create_task(fail(error))
        except* ValueError as errors:
            caught.append(sorted(error.args[0] for error in errors.exceptions))
        except* KeyError as errors:
            caught.append([error.args[0] for error in errors.exceptions])
        return caught

    assert loop.run_until_complete(main()) == [[1, 3], [2]]


def test_coroutines_run_by_hand_are_not_disturbed_by_the_loop(loop):
    async def by_hand():
        return "by hand"

    async def main():
        coroutine = by_hand()
        with pytest.raises(StopIteration) as stopped:
            coroutine.send(None)
        await asyncio.sleep(0)
        return stopped.value.value

    # pytest.raises cannot let a StopIteration out of a coroutine, so it is caught inside.
    assert loop.run_until_complete(main()) == "by hand"
