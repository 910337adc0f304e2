"""`wait_for`: every kind of awaitable, what goes in and comes out, and how it ends."""

import asyncio
import inspect
import types

import pytest


async def value(result):
    await asyncio.sleep(0)
    return result


@pytest.mark.parametrize("limit", [None, 30])
def test_wait_for_gives_the_result(loop, library, limit):
    async def main():
        assert await library.wait_for(value(1), limit) == 1
        future = loop.create_future()
        loop.call_soon(future.set_result, 2)
        assert await library.wait_for(future, limit) == 2
        with pytest.raises(ZeroDivisionError):
            await library.wait_for(fail(ZeroDivisionError()), limit)

    loop.run_until_complete(main())


async def fail(error):
    raise error


def test_wait_for_with_no_time_does_not_start_a_coroutine(loop, library):
    async def start():
        started.append(True)

    async def main():
        with pytest.raises(TimeoutError):
            await library.wait_for(start(), 0)
        done = loop.create_future()
        done.set_result("done")
        assert await library.wait_for(done, 0) == "done"

    started = []
    loop.run_until_complete(main())
    assert not started


def test_wait_for_cancels_a_future_that_takes_too_long(loop, library):
    async def main():
        future = loop.create_future()
        with pytest.raises(TimeoutError):
            await library.wait_for(future, 0.001)
        assert future.cancelled()

    loop.run_until_complete(main())


@pytest.mark.library_since(3, 12)
def test_wait_for_gives_what_refuses_to_be_cancelled(loop, library):
    async def refuse():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            return "refused"

    async def main():
        return await library.wait_for(refuse(), 0.001)

    assert loop.run_until_complete(main()) == "refused"


@pytest.mark.parametrize("limit", [None, 30, 0.001])
def test_a_cancelled_wait_for_cancels_what_it_waits_for(loop, library, limit):
    async def main():
        future = loop.create_future()
        task = asyncio.ensure_future(library.wait_for(future, limit))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert future.cancelled()

    loop.run_until_complete(main())


class Custom:
    """An awaitable of somebody else's."""

    def __init__(self, future):
        self.future = future

    def __await__(self):
        return (yield from self.future)


class Bare:
    """What can be awaited, and neither be thrown at nor closed."""

    def __init__(self, future):
        self.future = future

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        if self.future.done():
            raise StopIteration(self.future.result())
        self.future._asyncio_future_blocking = True
        return self.future


@types.coroutine
def generator(future):
    return (yield from future)


async def coroutine(future):
    return await future


KINDS = {
    "future": lambda future: future,
    "task": lambda future: asyncio.ensure_future(coroutine(future)),
    "coroutine": coroutine,
    "generator": generator,
    "object": Custom,
    "bare object": Bare,
}


@pytest.mark.library_since(3, 12)
@pytest.mark.parametrize("limit", [None, 30])
@pytest.mark.parametrize("kind", KINDS)
def test_wait_for_takes_every_kind_of_awaitable(loop, library, kind, limit):
    async def main():
        future = loop.create_future()
        loop.call_soon(future.set_result, (1, 2))
        assert await library.wait_for(KINDS[kind](future), limit) == (1, 2)
        failed = loop.create_future()
        loop.call_soon(failed.set_exception, ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            await library.wait_for(KINDS[kind](failed), limit)

    loop.run_until_complete(main())


@pytest.mark.library_since(3, 12)
@pytest.mark.parametrize("kind", KINDS)
def test_wait_for_cancels_every_kind_of_awaitable(loop, library, kind):
    async def main():
        future = loop.create_future()
        with pytest.raises(TimeoutError) as caught:
            await library.wait_for(KINDS[kind](future), 0.001)
        assert type(caught.value.__cause__) is asyncio.CancelledError
        assert caught.value.__context__ is caught.value.__cause__
        await asyncio.sleep(0)
        assert future.cancelled()
        assert asyncio.current_task().cancelling() == 0

    loop.run_until_complete(main())


@pytest.mark.parametrize("limit", [None, 30])
def test_wait_for_takes_what_the_library_gives(loop, library, limit):
    async def main():
        queue, event, lock = library.Queue(), library.Event(), library.Lock()
        loop.call_soon(queue.put_nowait, "item")
        assert await library.wait_for(queue.get(), limit) == "item"
        loop.call_soon(event.set)
        assert await library.wait_for(event.wait(), limit) is True
        assert await library.wait_for(lock.acquire(), limit) is True
        assert await library.wait_for(library.sleep(0.001, "slept"), limit) == "slept"
        assert await library.wait_for(library.wait_for(library.sleep(0, "twice"), limit), limit) == "twice"
        with pytest.raises(TimeoutError):
            await library.wait_for(lock.acquire(), 0.001)
        assert lock.locked()
        lock.release()
        assert not lock.locked()

    loop.run_until_complete(main())


@pytest.mark.library_since(3, 12)
@pytest.mark.parametrize("wrong", [1, "text", None, object()])
def test_wait_for_refuses_what_cannot_be_awaited(loop, library, wrong):
    async def main():
        with pytest.raises(TypeError):
            await library.wait_for(wrong, 30)

    loop.run_until_complete(main())


@pytest.mark.parametrize("limit", ["text", object()])
def test_wait_for_refuses_a_limit_that_is_no_number(loop, library, limit):
    async def main():
        future = loop.create_future()
        with pytest.raises(TypeError):
            await library.wait_for(future, limit)
        future.cancel()

    loop.run_until_complete(main())


@pytest.mark.library_since(3, 12)
@pytest.mark.parametrize("yielded", [1, "future"])
def test_what_is_yielded_inside_reaches_the_task_as_it_is(loop, library, yielded):
    class Yields:
        def __await__(self):
            yield loop.create_future() if yielded == "future" else yielded

    async def main():
        with pytest.raises(RuntimeError) as direct:
            await Yields()
        with pytest.raises(RuntimeError) as limited:
            await library.wait_for(Yields(), 30)
        kinds = [str(caught.value).partition(":")[0].partition(" in ")[0] for caught in (direct, limited)]
        assert kinds[0] == kinds[1]

    loop.run_until_complete(main())


@pytest.mark.library_since(3, 12)
def test_a_coroutine_that_somebody_awaits_is_refused(loop, library):
    async def main():
        future = loop.create_future()
        shared = coroutine(future)
        other = asyncio.ensure_future(library.wait_for(shared, None))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="coroutine is being awaited already"):
            await library.wait_for(shared, 30)
        future.set_result("once")
        assert await other == "once"
        with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
            await library.wait_for(shared, 30)

    loop.run_until_complete(main())


@pytest.mark.library_since(3, 12)
def test_wait_for_works_in_a_task_only(loop, library):
    awaited = library.sleep(0)
    waiting = library.wait_for(awaited, 30)
    raised = []

    def step():
        try:
            waiting.send(None)
        except RuntimeError as error:
            raised.append(str(error))
        loop.stop()

    loop.call_soon(step)
    loop.run_forever()
    assert raised == ["Timeout should be used inside a task"]
    awaited.close()


@pytest.mark.library_since(3, 12)
def test_what_is_dropped_while_it_waits_cleans_up(loop, library):
    ended = []

    async def guarded():
        try:
            await asyncio.sleep(30)
        finally:
            ended.append(asyncio.current_task() is None)

    async def main():
        waiting = library.wait_for(guarded(), 30)
        waiting.send(None)
        waiting.close()
        assert len(ended) == 1
        waiting.close()
        with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
            waiting.send(None)

        refusing = library.wait_for(Refuses(), 30)
        refusing.send(None)
        with pytest.raises(ZeroDivisionError):
            refusing.close()

    loop.run_until_complete(main())


class Refuses:
    def __await__(self):
        try:
            yield
        finally:
            raise ZeroDivisionError


@pytest.mark.library_since(3, 12)
def test_what_is_thrown_in_reaches_what_is_awaited(loop, library):
    async def answers():
        while True:
            try:
                await asyncio.sleep(0)
            except KeyError:
                return "answered"
            except LookupError:
                continue

    async def main():
        waiting = library.wait_for(answers(), 30)
        assert waiting.send(None) is None
        assert waiting.throw(IndexError()) is None
        with pytest.raises(StopIteration) as stopped:
            waiting.throw(KeyError())
        assert stopped.value.value == "answered"

    loop.run_until_complete(main())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_wait_for_passes_for_a_coroutine_function(loop, library):
    async def main():
        assert asyncio.iscoroutinefunction(library.wait_for)
        assert list(inspect.signature(library.wait_for).parameters) == ["fut", "timeout"]
        waiting = library.wait_for(loop.create_future(), 30)
        assert asyncio.iscoroutine(waiting)
        assert waiting.__name__ == "wait_for"
        waiting.close()

    loop.run_until_complete(main())


@pytest.mark.filterwarnings("default::RuntimeWarning")
@pytest.mark.parametrize("limit", [0, 30])
def test_wait_for_that_nobody_awaits_is_warned_of(loop, library, limit):
    with pytest.warns(RuntimeWarning, match="coroutine 'wait_for' was never awaited"):
        library.wait_for(loop.create_future(), limit)
