"""Futures and tasks of the standard library and of ours, awaited from one another on one loop."""

import asyncio
import concurrent.futures
import contextvars
import threading

import pytest


async def value(result):
    await asyncio.sleep(0)
    return result


async def fail(error):
    await asyncio.sleep(0)
    raise error


@pytest.fixture(params=["own-waiter", "standard-waiter"])
def waiter_class(request, task_class):
    """The class of the task that waits."""
    return task_class if request.param == "own-waiter" else asyncio.Task


@pytest.fixture(params=["own-awaited", "standard-awaited"])
def awaited_kind(request):
    """Whether what is awaited is of the loop's own kind or of the standard library's."""
    return request.param


@pytest.fixture
def awaited_future_class(awaited_kind, future_class):
    return future_class if awaited_kind == "own-awaited" else asyncio.Future


@pytest.fixture
def awaited_task_class(awaited_kind, task_class):
    return task_class if awaited_kind == "own-awaited" else asyncio.Task


async def wait_for_it(awaitable):
    return await awaitable


def test_future_is_awaited(loop, waiter_class, awaited_future_class):
    future = awaited_future_class(loop=loop)
    loop.call_soon(loop.call_soon, future.set_result, "value")
    assert loop.run_until_complete(waiter_class(wait_for_it(future), loop=loop)) == "value"


def test_done_future_is_awaited_without_going_back_to_the_loop(
    loop, waiter_class, awaited_future_class, run_once
):
    future = awaited_future_class(loop=loop)
    future.set_result("value")
    task = waiter_class(wait_for_it(future), loop=loop)
    run_once(loop)
    assert task.result() == "value"


def test_exception_of_a_future_is_raised_in_the_waiter(loop, waiter_class, awaited_future_class):
    future = awaited_future_class(loop=loop)
    error = ValueError()
    loop.call_soon(loop.call_soon, future.set_exception, error)
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        loop.run_until_complete(waiter_class(wait_for_it(future), loop=loop))
    assert raised.value is error


def test_cancelled_future_cancels_its_waiter_with_the_message(loop, waiter_class, awaited_future_class):
    future = awaited_future_class(loop=loop)
    task = waiter_class(wait_for_it(future), loop=loop)
    loop.call_soon(loop.call_soon, future.cancel, "message")
    with pytest.raises(asyncio.CancelledError, match="message"):
        loop.run_until_complete(task)
    assert task.cancelled()


def test_cancelling_the_waiter_cancels_the_future_with_the_message(
    loop, waiter_class, awaited_future_class, run_once
):
    future = awaited_future_class(loop=loop)
    task = waiter_class(wait_for_it(future), loop=loop)
    run_once(loop)
    assert task._fut_waiter is future
    assert task.cancel("message") is True
    assert future.cancelled()
    assert future._cancel_message == "message"
    with pytest.raises(asyncio.CancelledError, match="message"):
        loop.run_until_complete(task)


def test_task_is_awaited(loop, waiter_class, awaited_task_class):
    inner = awaited_task_class(value("value"), loop=loop)
    assert loop.run_until_complete(waiter_class(wait_for_it(inner), loop=loop)) == "value"


def test_exception_of_a_task_is_raised_in_the_waiter(loop, waiter_class, awaited_task_class):
    inner = awaited_task_class(fail(ValueError("inner")), loop=loop)
    with pytest.raises(ValueError, match="inner"):
        loop.run_until_complete(waiter_class(wait_for_it(inner), loop=loop))


def test_cancellation_goes_through_the_waiter_into_the_task(loop, waiter_class, awaited_task_class):
    inner = awaited_task_class(asyncio.sleep(30), loop=loop)
    outer = waiter_class(wait_for_it(inner), loop=loop)
    loop.call_soon(loop.call_soon, outer.cancel, "message")
    with pytest.raises(asyncio.CancelledError, match="message"):
        loop.run_until_complete(outer)
    assert inner.cancelled()
    assert outer.cancelled()
    assert inner.cancelling() == 1


def test_waiter_resumes_in_its_own_context(loop, waiter_class, awaited_future_class):
    variable = contextvars.ContextVar("variable", default="unset")
    future = awaited_future_class(loop=loop)
    foreign = contextvars.Context()
    foreign.run(variable.set, "of who completed the future")

    async def main():
        variable.set("of the waiter")
        await future
        return variable.get()

    loop.call_soon(loop.call_soon, future.set_result, None, context=foreign)
    assert loop.run_until_complete(waiter_class(main(), loop=loop)) == "of the waiter"


def test_waiters_of_both_kinds_resume_in_the_order_they_waited(loop, task_class, awaited_future_class):
    future = awaited_future_class(loop=loop)
    order = []

    async def wait(number):
        await future
        order.append(number)

    classes = [task_class, asyncio.Task]
    tasks = [classes[number % 2](wait(number), loop=loop) for number in range(10)]
    loop.call_soon(loop.call_soon, future.set_result, None)
    loop.run_until_complete(asyncio.wait(tasks))
    assert order == list(range(10))


def test_ready_tasks_of_both_kinds_keep_their_turns(loop, task_class):
    order = []

    async def step(label):
        for number in range(3):
            order.append((number, label))
            await asyncio.sleep(0)

    tasks = [task_class(step("own"), loop=loop), asyncio.Task(step("standard"), loop=loop)]
    loop.call_soon(order.append, "callback")
    loop.run_until_complete(asyncio.wait(tasks))
    first = [(0, "own"), (0, "standard"), "callback"]
    assert order == [*first, (1, "own"), (1, "standard"), (2, "own"), (2, "standard")]


def test_current_task_of_the_standard_kind_is_known(loop):
    async def main():
        return asyncio.current_task()

    task = asyncio.Task(main(), loop=loop)
    assert loop.run_until_complete(task) is task


def test_own_task_steps_through_a_coroutine_that_makes_standard_ones(loop, task_class):
    async def main():
        own = asyncio.current_task()
        inner = asyncio.Task(value(1), loop=loop)
        result = await inner
        assert asyncio.current_task() is own
        return result

    assert loop.run_until_complete(task_class(main(), loop=loop)) == 1


def test_future_class_is_accepted_wherever_asyncio_asks(loop, awaited_future_class):
    async def main():
        future = awaited_future_class(loop=loop)
        assert asyncio.isfuture(future)
        assert asyncio.ensure_future(future) is future
        assert asyncio.wrap_future(future) is future
        loop.call_soon(future.set_result, 1)
        return await asyncio.wait_for(future, 5)

    assert loop.run_until_complete(main()) == 1


def test_concurrent_future_is_wrapped_into_one_of_the_loops_own(loop, future_class):
    source = concurrent.futures.Future()
    wrapped = asyncio.wrap_future(source, loop=loop)
    assert type(wrapped) is future_class
    thread = threading.Thread(target=source.set_result, args=("from a thread",))
    loop.call_soon(thread.start)
    assert loop.run_until_complete(wrapped) == "from a thread"
    thread.join()


def test_cancelling_a_wrapped_future_cancels_its_source(loop):
    source = concurrent.futures.Future()
    wrapped = asyncio.wrap_future(source, loop=loop)
    loop.call_soon(wrapped.cancel)
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(wrapped)
    assert source.cancelled()


def test_chained_futures_of_two_loops_cross_over(loop, loop_factory):
    other = loop_factory()
    answer = []
    started = threading.Event()

    async def serve():
        started.set()
        return await other_future

    other_future = other.create_future()

    def run_other():
        answer.append(other.run_until_complete(serve()))

    thread = threading.Thread(target=run_other)
    thread.start()
    started.wait()
    own = loop.create_future()

    async def main():
        source = asyncio.run_coroutine_threadsafe(value("from the other loop"), other)
        result = await asyncio.wrap_future(source)
        other.call_soon_threadsafe(other_future.set_result, "done")
        own.set_result(None)
        return result

    assert loop.run_until_complete(main()) == "from the other loop"
    thread.join()
    other.close()
    assert answer == ["done"]


def test_root_tasks_done_callback_is_the_one_that_packages_look_for(loop):
    """anyio finds the root task by the callback that `run_until_complete` puts on it."""

    async def main():
        marker = asyncio.base_events._run_until_complete_cb
        for task in asyncio.all_tasks():
            for callback, _context in task._callbacks or ():
                if callback is marker or getattr(callback, "__wrapped__", None) is marker:
                    return task is asyncio.current_task()
        return "not found"

    assert loop.run_until_complete(main()) is True
    task = loop.create_task(main())
    assert loop.run_until_complete(task) is True


def test_wake_up_callback_of_a_waiting_task_leads_back_to_it(loop, run_once):
    """Introspection tools walk from a future to its waiters through `__self__`."""
    future = loop.create_future()
    task = loop.create_task(wait_for_it(future))
    run_once(loop)
    ((callback, context),) = future._callbacks
    assert callback.__self__ is task
    assert isinstance(context, contextvars.Context)
    future.set_result(None)
    loop.run_until_complete(task)
