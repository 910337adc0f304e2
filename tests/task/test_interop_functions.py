"""The standard library's own functions and classes over our loop, futures and tasks."""

import asyncio
import contextvars
import threading

import pytest


async def value(result, steps=1):
    for _ in range(steps):
        await asyncio.sleep(0)
    return result


async def fail(error):
    await asyncio.sleep(0)
    raise error


def test_sleep_returns_its_result_and_takes_its_time(loop):
    async def main():
        started = loop.time()
        assert await asyncio.sleep(0.005, "result") == "result"
        assert await asyncio.sleep(0, "at once") == "at once"
        return loop.time() - started

    assert loop.run_until_complete(main()) >= 0.005


def test_gather_keeps_the_order_and_takes_each_kind_of_awaitable(loop):
    async def main():
        future = loop.create_future()
        loop.call_soon(future.set_result, "future")
        return await asyncio.gather(value("coroutine", 3), asyncio.create_task(value("task")), future)

    assert loop.run_until_complete(main()) == ["coroutine", "task", "future"]


def test_gather_raises_the_first_exception_or_returns_them(loop):
    async def main():
        with pytest.raises(ValueError, match="first"):
            await asyncio.gather(fail(ValueError("first")), value(1, 5))
        results = await asyncio.gather(fail(KeyError()), value(2), return_exceptions=True)
        return type(results[0]), results[1]

    assert loop.run_until_complete(main()) == (KeyError, 2)


def test_cancelling_a_gather_cancels_its_children(loop):
    async def main():
        children = [asyncio.create_task(asyncio.sleep(30)) for _ in range(3)]
        outer = asyncio.ensure_future(asyncio.gather(*children))
        await asyncio.sleep(0)
        outer.cancel("message")
        with pytest.raises(asyncio.CancelledError):
            await outer
        return [child.cancelled() for child in children]

    assert loop.run_until_complete(main()) == [True] * 3


@pytest.mark.parametrize(
    ("when", "done_count"),
    [(asyncio.ALL_COMPLETED, 3), (asyncio.FIRST_COMPLETED, 1), (asyncio.FIRST_EXCEPTION, 2)],
)
def test_wait_returns_done_and_pending(loop, when, done_count):
    async def main():
        tasks = [
            asyncio.create_task(value(1, 1)),
            asyncio.create_task(fail_after(ValueError(), 4)),
            asyncio.create_task(value(2, 8)),
        ]
        done, pending = await asyncio.wait(tasks, return_when=when)
        counts = len(done), len(pending)
        await asyncio.wait(tasks)
        tasks[1].exception()
        return counts

    async def fail_after(error, steps):
        await value(None, steps)
        raise error

    assert loop.run_until_complete(main()) == (done_count, 3 - done_count)


def test_wait_with_a_timeout_leaves_the_rest_pending(loop):
    async def main():
        slow = asyncio.create_task(asyncio.sleep(30))
        done, pending = await asyncio.wait([slow], timeout=0.001)
        assert (done, pending) == (set(), {slow})
        slow.cancel()
        await asyncio.wait([slow])

    loop.run_until_complete(main())


def test_as_completed_gives_results_as_they_come(loop):
    async def main():
        slow, fast = asyncio.create_task(value("slow", 9)), asyncio.create_task(value("fast", 1))
        return [await each for each in asyncio.as_completed([slow, fast])]

    assert loop.run_until_complete(main()) == ["fast", "slow"]


def test_wait_for_returns_raises_and_cancels(loop):
    async def main():
        assert await asyncio.wait_for(value(1), 5) == 1
        assert await asyncio.wait_for(value(1), None) == 1
        with pytest.raises(KeyError):
            await asyncio.wait_for(fail(KeyError()), 5)
        task = asyncio.create_task(asyncio.sleep(30))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(task, 0.001)
        return task.cancelled()

    assert loop.run_until_complete(main()) is True


def test_timeout_is_entered_rescheduled_and_expires(loop):
    async def main():
        async with asyncio.timeout(None) as scope:
            scope.reschedule(loop.time() + 30)
            assert scope.when() > loop.time()
        assert not scope.expired()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout_at(loop.time() - 1) as scope:
                await asyncio.sleep(30)
        return scope.expired(), asyncio.current_task().cancelling()

    assert loop.run_until_complete(main()) == (True, 0)


def test_task_group_waits_for_its_children(loop, task_class):
    async def main():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(value(number), name=f"child {number}") for number in range(5)]
        assert all(type(task) is task_class for task in tasks)
        assert tasks[3].get_name() == "child 3"
        return [task.result() for task in tasks]

    assert loop.run_until_complete(main()) == list(range(5))


def test_task_group_cancels_the_others_when_one_fails(loop):
    async def main():
        with pytest.raises(ExceptionGroup) as raised:
            await group_with_a_failure()
        assert [type(error) for error in raised.value.exceptions] == [ValueError]
        return sleepers[0].cancelled()

    async def group_with_a_failure():
        async with asyncio.TaskGroup() as group:
            sleepers.append(group.create_task(asyncio.sleep(30)))
            group.create_task(fail(ValueError()))

    sleepers = []
    assert loop.run_until_complete(main()) is True


def test_shield_lets_the_inner_task_finish(loop):
    async def main():
        inner = asyncio.create_task(value("inner", 5))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(inner), 0)
        assert not inner.cancelled()
        return await inner

    assert loop.run_until_complete(main()) == "inner"


def test_locks_events_conditions_and_semaphores_hand_over(loop):
    order = []

    async def critical(lock, label):
        async with lock:
            order.append(label)
            await asyncio.sleep(0)

    async def consumer(condition, event):
        async with condition:
            await condition.wait_for(event.is_set)
            order.append("condition")

    async def main():
        lock, event = asyncio.Lock(), asyncio.Event()
        condition, semaphore = asyncio.Condition(), asyncio.BoundedSemaphore(2)
        await asyncio.gather(*(critical(lock, label) for label in "abc"))
        await asyncio.gather(*(critical(semaphore, label) for label in "def"))
        waiting = asyncio.create_task(consumer(condition, event))
        await asyncio.sleep(0)
        event.set()
        async with condition:
            condition.notify_all()
        await waiting
        await event.wait()
        with pytest.raises(ValueError, match="released too many times"):
            semaphore.release()

    loop.run_until_complete(main())
    assert order == [*"abcdef", "condition"]


def test_barrier_lets_all_go_at_once(loop):
    async def main():
        barrier = asyncio.Barrier(4)
        places = await asyncio.gather(*(barrier.wait() for _ in range(4)))
        return sorted(places)

    assert loop.run_until_complete(main()) == [0, 1, 2, 3]


@pytest.mark.parametrize("queue_class", [asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue])
def test_queues_pass_items_from_producers_to_consumers(loop, queue_class):
    received = []

    async def produce(queue):
        for number in range(20):
            await queue.put(number)

    async def consume(queue):
        while True:
            received.append(await queue.get())
            queue.task_done()

    async def main():
        queue = queue_class(maxsize=3)
        consumers = [asyncio.create_task(consume(queue)) for _ in range(2)]
        await produce(queue)
        await queue.join()
        for consumer in consumers:
            consumer.cancel()
        await asyncio.gather(*consumers, return_exceptions=True)

    loop.run_until_complete(main())
    assert sorted(received) == list(range(20))


def test_to_thread_keeps_context_and_result(loop):
    variable = contextvars.ContextVar("variable", default="unset")

    async def main():
        variable.set("of the caller")
        return await asyncio.to_thread(lambda *numbers: (variable.get(), sum(numbers)), 1, 2)

    assert loop.run_until_complete(main()) == ("of the caller", 3)


def test_run_coroutine_threadsafe_brings_result_exception_and_cancellation_back(loop):
    outcomes = []

    def from_thread():
        outcomes.append(asyncio.run_coroutine_threadsafe(value("result"), loop).result(10))
        outcomes.append(type(asyncio.run_coroutine_threadsafe(fail(KeyError()), loop).exception(10)))
        endless = asyncio.run_coroutine_threadsafe(asyncio.sleep(30), loop)
        outcomes.append(endless.cancel())
        loop.call_soon_threadsafe(loop.call_later, 0.001, loop.stop)

    thread = threading.Thread(target=from_thread)
    thread.start()
    loop.run_forever()
    thread.join()
    assert outcomes == ["result", KeyError, True]


def test_runner_runs_cancels_what_is_left_and_closes(loop_factory, task_class):
    ended = []

    async def left_over():
        try:
            await asyncio.sleep(30)
        finally:
            ended.append("cancelled")

    async def main():
        asyncio.create_task(left_over())  # noqa: RUF006
        await asyncio.sleep(0)
        return type(asyncio.current_task())

    with asyncio.Runner(loop_factory=loop_factory, debug=True) as runner:
        assert runner.get_loop().get_debug() is True
        assert runner.run(main()) is task_class
        assert ended == []
    assert ended == ["cancelled"]
    assert runner._loop is None


def test_runner_reports_a_failure_while_it_cancels_what_is_left(loop_factory):
    reported = []

    async def left_over():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise ValueError("while being cancelled") from None

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
        task = asyncio.create_task(left_over())
        await asyncio.sleep(0)
        return task

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        task = runner.run(main())
    (context,) = reported
    assert context["message"] == "unhandled exception during asyncio.run() shutdown"
    assert context["task"] is task
    assert str(context["exception"]) == "while being cancelled"


@pytest.mark.skipif(not hasattr(asyncio, "capture_call_graph"), reason="call graphs came in 3.14")
def test_call_graph_shows_who_awaits_whom(loop):
    async def child():
        return asyncio.format_call_graph()

    async def parent():
        return await asyncio.create_task(child(), name="child")

    text = loop.run_until_complete(loop.create_task(parent(), name="parent"))
    assert "name='child'" in text
    assert "name='parent'" in text
