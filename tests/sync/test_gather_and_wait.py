"""`gather`, `wait`, `as_completed` and `shield`: order, outcomes, cancellation, futures of every make."""

import asyncio
import gc
import weakref

import pytest

import ouroloop


class PlannedError(Exception):
    """Raised by a task."""


async def value(result, steps=1):
    for _ in range(steps):
        await asyncio.sleep(0)
    return result


async def fail(error, steps=1):
    for _ in range(steps):
        await asyncio.sleep(0)
    raise error


class Awaitable:
    def __init__(self, result):
        self.result = result

    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        return self.result


def other_task(loop, coroutine):
    """A task of the make that is not the loop's own."""
    import ouroloop

    return (
        asyncio.Task(coroutine, loop=loop)
        if isinstance(loop, ouroloop.EventLoop)
        else ouroloop.Task(coroutine, loop=loop)
    )


def test_gather_keeps_the_order_and_takes_each_kind_of_awaitable(loop, library):
    async def main():
        future = loop.create_future()
        loop.call_soon(future.set_result, "future")
        task = asyncio.create_task(value("task"))
        return await library.gather(
            value("coroutine", 3),
            task,
            future,
            Awaitable("awaitable"),
            other_task(loop, value("other")),
            task,
        )

    assert loop.run_until_complete(main()) == ["coroutine", "task", "future", "awaitable", "other", "task"]


def test_gather_of_nothing_gives_nothing(loop, library):
    async def main():
        return await library.gather()

    assert loop.run_until_complete(main()) == []


def test_gather_raises_the_first_exception_and_lets_the_others_go_on(loop, library):
    async def main():
        other = asyncio.create_task(value("other", 5))
        with pytest.raises(PlannedError, match="first"):
            await library.gather(other, fail(PlannedError("first")), fail(PlannedError("second"), 3))
        assert not other.done()
        return await other

    assert loop.run_until_complete(main()) == "other"


def test_gather_can_return_exceptions(loop, library):
    async def main():
        cancelled = loop.create_future()
        cancelled.cancel("message")
        results = await library.gather(fail(PlannedError()), value(2), cancelled, return_exceptions=True)
        assert isinstance(results[2], asyncio.CancelledError)
        return type(results[0]), results[1], results[2].args

    assert loop.run_until_complete(main()) == (PlannedError, 2, ("message",))


@pytest.mark.parametrize("return_exceptions", [False, True])
def test_cancelling_a_gather_cancels_its_children_and_is_seen(loop, library, return_exceptions):
    async def main():
        children = [asyncio.create_task(asyncio.sleep(30)) for _ in range(3)]
        gathering = library.gather(*children, return_exceptions=return_exceptions)
        await asyncio.sleep(0)
        assert gathering.cancel("message")
        with pytest.raises(asyncio.CancelledError):
            await gathering
        assert not gathering.cancel()
        await asyncio.sleep(0)
        return [child.cancelled() for child in children]

    assert loop.run_until_complete(main()) == [True] * 3


def test_a_child_that_is_cancelled_does_not_cancel_the_others(loop, library):
    async def main():
        children = [asyncio.create_task(asyncio.sleep(30)) for _ in range(2)]
        gathering = library.gather(*children)
        await asyncio.sleep(0)
        children[0].cancel("message")
        with pytest.raises(asyncio.CancelledError, match="message"):
            await gathering
        assert not gathering.cancelled()
        assert not children[1].done()
        children[1].cancel()

    loop.run_until_complete(main())


@pytest.mark.library_since(3, 12)
def test_children_that_are_done_need_no_iteration(loop, library):
    async def main():
        done = loop.create_future()
        done.set_result(1)
        gathering = library.gather(done, done)
        return gathering.done() and gathering.result()

    assert loop.run_until_complete(main()) == [1, 1]


def test_gather_that_is_refused_leaves_what_it_has_started_alone(loop, library, capture_errors):
    async def main():
        task = asyncio.create_task(fail(PlannedError()))
        with pytest.raises(TypeError, match=r"An asyncio\.Future, a coroutine or an awaitable is required"):
            library.gather(task, 3)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert isinstance(task.exception(), PlannedError)

    loop.run_until_complete(main())
    assert not capture_errors


def test_a_future_of_another_loop_is_refused(loop, loop_factory, library):
    other = loop_factory()
    future = other.create_future()

    async def main():
        with pytest.raises(ValueError, match="The future belongs to a different loop"):
            library.gather(loop.create_future(), future)

    loop.run_until_complete(main())
    other.close()


def test_a_gather_does_not_keep_its_results_alive(loop, library):
    class Result:
        pass

    async def make():
        return Result()

    async def main():
        (result,) = await library.gather(make())
        return weakref.ref(result)

    reference = loop.run_until_complete(main())
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize(
    ("when", "done_count"),
    [(asyncio.ALL_COMPLETED, 3), (asyncio.FIRST_COMPLETED, 1), (asyncio.FIRST_EXCEPTION, 2)],
)
def test_wait_gives_what_is_done_and_what_is_not(loop, library, when, done_count):
    async def main():
        tasks = [
            asyncio.create_task(value(1)),
            other_task(loop, fail(PlannedError(), 4)),
            asyncio.create_task(value(2, 8)),
        ]
        done, pending = await library.wait(tasks, return_when=when)
        counts = len(done), len(pending)
        await library.wait(tasks)
        tasks[1].exception()
        return counts

    assert loop.run_until_complete(main()) == (done_count, 3 - done_count)


def test_wait_gives_up_after_its_timeout_and_cancels_nothing(loop, library):
    async def main():
        task = asyncio.create_task(asyncio.sleep(30))
        done, pending = await library.wait([task], timeout=0.001)
        assert (done, pending) == (set(), {task})
        assert not task.cancelling()
        assert not task._callbacks
        task.cancel()

    loop.run_until_complete(main())


def test_a_cancelled_wait_leaves_no_callback(loop, library):
    async def main():
        future = loop.create_future()
        waiting = asyncio.create_task(library.wait([future]))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not future._callbacks
        future.set_result(None)

    loop.run_until_complete(main())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([],), ValueError, "Set of Tasks/Futures is empty."),
        (({1}, "sometime"), ValueError, "Invalid return_when value: sometime"),
    ],
)
@pytest.mark.library_since(3, 12)
def test_wait_refuses_what_has_no_sense(loop, library, arguments, error, message):
    fs, *return_when = arguments

    async def main():
        with pytest.raises(error, match=message):
            await library.wait(fs, **({"return_when": return_when[0]} if return_when else {}))
        coroutine = value(1)
        with pytest.raises(TypeError, match=r"Passing coroutines is forbidden, use tasks explicitly\."):
            await library.wait([coroutine])
        with pytest.raises(TypeError, match="expect a list of futures, not coroutine"):
            await library.wait(coroutine)
        coroutine.close()

    loop.run_until_complete(main())


@pytest.mark.only_our_library
def test_wait_for_an_iterator_without_an_item_is_refused(loop, library):
    async def main():
        with pytest.raises(ValueError, match=r"Set of Tasks/Futures is empty\."):
            await library.wait(iter(()))

    loop.run_until_complete(main())


def test_as_completed_gives_results_in_the_order_in_which_they_come(loop, library):
    async def main():
        return [await each for each in library.as_completed([value("c", 6), value("a", 1), value("b", 3)])]

    assert loop.run_until_complete(main()) == ["a", "b", "c"]


@pytest.mark.library_since(3, 13)
def test_as_completed_gives_the_futures_themselves_to_async_for(loop, library):
    async def main():
        tasks = [asyncio.create_task(value(number, 5 - number)) for number in range(3)]
        return [tasks.index(each) async for each in library.as_completed(tasks)]

    assert loop.run_until_complete(main()) == [2, 1, 0]


@pytest.mark.library_since(3, 13)
def test_as_completed_raises_for_each_that_is_late(loop, library):
    async def main():
        tasks = [
            asyncio.create_task(value("early")),
            *(asyncio.create_task(asyncio.sleep(30)) for _ in range(2)),
        ]
        outcomes = []
        for each in library.as_completed(tasks, timeout=0.05):
            try:
                outcomes.append(await each)
            except TimeoutError:
                outcomes.append("late")
        for task in tasks:
            assert not task._callbacks
            task.cancel()
        return outcomes

    assert loop.run_until_complete(main()) == ["early", "late", "late"]


@pytest.mark.library_since(3, 13)
def test_a_cancelled_turn_of_as_completed_loses_no_item(loop, library):
    async def main():
        futures = [loop.create_future() for _ in range(2)]
        first, second = (asyncio.ensure_future(each) for each in library.as_completed(futures))
        await asyncio.sleep(0)
        futures[0].set_result("item")
        await asyncio.sleep(0)
        first.cancel()
        futures[1].set_result("other")
        await asyncio.wait([first, second])
        return second.result() in ("item", "other")

    assert loop.run_until_complete(main())


@pytest.mark.library_since(3, 13)
def test_as_completed_refuses_one_awaitable(loop, library):
    async def main():
        with pytest.raises(TypeError, match="expects an iterable of awaitables, not Future"):
            library.as_completed(loop.create_future())

    loop.run_until_complete(main())


def test_a_shielded_future_goes_on_when_who_waits_is_cancelled(loop, library):
    async def main():
        inner = asyncio.create_task(value("inner", 5))
        waiting = asyncio.ensure_future(library.shield(inner))
        await asyncio.sleep(0)
        waiting.cancel("message")
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return await inner

    assert loop.run_until_complete(main()) == "inner"


def test_a_shield_passes_every_outcome_on(loop, library):
    async def main():
        assert await library.shield(value(1)) == 1
        with pytest.raises(PlannedError):
            await library.shield(fail(PlannedError()))
        inner = loop.create_future()
        loop.call_soon(inner.cancel)
        with pytest.raises(asyncio.CancelledError):
            await library.shield(inner)
        done = loop.create_future()
        done.set_result(1)
        assert library.shield(done) is done

    loop.run_until_complete(main())


@pytest.mark.library_since(3, 14)
def test_a_failure_behind_a_shield_that_was_given_up_is_reported_once(loop, library, capture_errors):
    async def main():
        inner = asyncio.create_task(fail(PlannedError("hidden"), 5))
        for _ in range(3):
            outer = library.shield(inner)
            await asyncio.sleep(0)
            outer.cancel()
        await asyncio.wait([inner])
        await asyncio.sleep(0)

    loop.run_until_complete(main())
    (context,) = capture_errors
    assert context["message"] == "PlannedError exception in shielded future"
    assert str(context["exception"]) == "hidden"


@pytest.mark.only_our_library
def test_what_outlives_a_failed_gather_is_no_longer_awaited_by_the_gatherer(library):
    async def fail():
        raise ValueError("failed")

    async def main():
        survivor = asyncio.ensure_future(asyncio.Event().wait())
        gathering = library.gather(survivor, fail())
        assert survivor._asyncio_awaited_by == {asyncio.current_task()}
        with pytest.raises(ValueError, match="failed"):
            await gathering
        assert survivor._asyncio_awaited_by is None
        survivor.cancel()
        with pytest.raises(asyncio.CancelledError):
            await survivor

    with asyncio.Runner(loop_factory=ouroloop.new_event_loop) as runner:
        runner.run(main())


@pytest.mark.only_our_library
@pytest.mark.parametrize("way", ["gather", "wait"])
def test_a_task_that_would_wait_for_its_own_end_is_told(loop, library, way):
    """The standard library waits for ever, or cancels itself without end."""
    if way == "gather" and not isinstance(loop, ouroloop.EventLoop):
        pytest.skip("what a task of the standard library's make awaits is not ours to refuse")

    async def main():
        other = loop.create_task(value("other"))
        tasks = [asyncio.current_task(), other]
        with pytest.raises(RuntimeError, match=r"^Task cannot await on itself: <Task pending name="):
            await (library.gather(*tasks) if way == "gather" else library.wait(tasks))
        return await other

    assert loop.run_until_complete(asyncio.wait_for(main(), 5)) == "other"


@pytest.mark.parametrize("options", [{"timeout": 0.001}, {"return_when": asyncio.FIRST_COMPLETED}])
def test_a_task_may_be_among_those_that_it_waits_for_when_others_end_the_wait(loop, library, options):
    async def main():
        this, other = asyncio.current_task(), loop.create_task(value("other"))
        done, pending = await library.wait([this, other], **options)
        assert (done, pending) == ({other}, {this})

    loop.run_until_complete(main())
