"""`to_thread` and `run_coroutine_threadsafe`: results, exceptions and cancellation cross threads."""

import asyncio
import concurrent.futures
import contextvars
import threading

import pytest


class PlannedError(Exception):
    """Raised in another thread or loop."""


def in_thread(loop, function):
    """Runs `function` in a thread of its own while the loop runs, and gives its result."""
    return loop.run_until_complete(loop.run_in_executor(None, function))


@pytest.fixture
def executor(loop):
    yield
    loop.run_until_complete(loop.shutdown_default_executor())


async def value(result):
    await asyncio.sleep(0)
    return result


async def fail(error):
    await asyncio.sleep(0)
    raise error


@pytest.mark.usefixtures("executor")
def test_a_function_runs_in_another_thread_with_its_arguments_and_context(loop, library):
    variable = contextvars.ContextVar("variable")

    def function(*args, **kwargs):
        return threading.current_thread() is threading.main_thread(), args, kwargs, variable.get()

    async def main():
        variable.set("mine")
        return await library.to_thread(function, 1, func=2)

    assert loop.run_until_complete(main()) == (False, (1,), {"func": 2}, "mine")


@pytest.mark.usefixtures("executor")
def test_an_exception_of_the_function_is_raised(loop, library):
    def function():
        raise PlannedError("message")

    with pytest.raises(PlannedError, match="message"):
        loop.run_until_complete(library.to_thread(function))


@pytest.mark.usefixtures("executor")
def test_the_result_of_a_coroutine_reaches_the_thread(loop, library):
    def thread():
        return library.run_coroutine_threadsafe(value("result"), loop).result(10)

    assert in_thread(loop, thread) == "result"


@pytest.mark.only_our_library
@pytest.mark.parametrize("ask", ["result", "exception"])
def test_waiting_for_it_in_the_loops_own_thread_is_refused(loop, library, ask):
    """The standard library waits for ever."""

    async def main():
        future = library.run_coroutine_threadsafe(value("result"), loop)
        with pytest.raises(
            RuntimeError, match=r"^this thread runs the loop that is waited for: await asyncio"
        ):
            getattr(future, ask)()
        with pytest.raises(TimeoutError):
            getattr(future, ask)(0)
        assert await library.wrap_future(future) == "result"
        return getattr(future, ask)()

    assert loop.run_until_complete(main()) == {"result": "result", "exception": None}[ask]


@pytest.mark.usefixtures("executor")
def test_so_do_its_exception_and_its_cancellation(loop, library):
    async def cancel():
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    def thread():
        with pytest.raises(PlannedError, match="message"):
            library.run_coroutine_threadsafe(fail(PlannedError("message")), loop).result(10)
        future = library.run_coroutine_threadsafe(cancel(), loop)
        with pytest.raises(concurrent.futures.CancelledError):
            future.result(10)
        return future.cancelled()

    assert in_thread(loop, thread)


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize("started", [False, True])
def test_cancelling_the_future_cancels_the_task(loop, library, started):
    async def wait():
        has_started.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            is_cancelled.set()
            raise

    def thread():
        future = library.run_coroutine_threadsafe(wait(), loop)
        if started:
            has_started.wait(10)
        assert future.cancel()
        # Who is quick enough cancels a task before its first step.
        return future.cancelled() and (not started or is_cancelled.wait(10))

    has_started, is_cancelled = threading.Event(), threading.Event()
    assert in_thread(loop, thread)


@pytest.mark.library_since(3, 15)
def test_cancelling_in_the_loops_own_thread_cancels_the_task_at_once(loop, library):
    async def main():
        future = library.run_coroutine_threadsafe(asyncio.sleep(10), loop)
        await asyncio.sleep(0)
        (task,) = asyncio.all_tasks() - {asyncio.current_task()}
        future.cancel()
        return task, task.cancelling(), future.cancelled()

    task, requests, future_is_cancelled = loop.run_until_complete(main())
    assert (requests, future_is_cancelled, task.cancelled()) == (1, True, True)


def test_what_is_no_coroutine_is_refused(loop, library):
    with pytest.raises(TypeError, match="A coroutine object is required"):
        library.run_coroutine_threadsafe(loop.create_future(), loop)


@pytest.mark.usefixtures("executor")
def test_a_failing_task_factory_is_told_to_the_thread_and_to_the_handler(loop, library, capture_errors):
    def factory(loop, coro, **keywords):
        coro.close()
        raise PlannedError("factory")

    def thread():
        with pytest.raises(PlannedError, match="factory"):
            library.run_coroutine_threadsafe(value(1), loop).result(10)

    async def main():
        await running

    running = loop.run_in_executor(None, thread)
    task = loop.create_task(main())
    loop.set_task_factory(factory)
    loop.run_until_complete(task)
    loop.set_task_factory(None)
    assert [type(context["exception"]) for context in capture_errors] == [PlannedError]


@pytest.mark.usefixtures("executor")
def test_a_future_of_a_thread_can_be_awaited(loop, library):
    async def main():
        future = library.wrap_future(source)
        loop.call_soon(source.set_result, "result")
        assert library.wrap_future(future) is future
        return await future

    source = concurrent.futures.Future()
    assert loop.run_until_complete(main()) == "result"


def test_a_wrapped_future_that_is_cancelled_cancels_its_source(loop, library):
    async def main():
        future = library.wrap_future(source)
        future.cancel()
        await asyncio.sleep(0)

    source = concurrent.futures.Future()
    loop.run_until_complete(main())
    assert source.cancelled()


def test_a_source_that_is_cancelled_or_fails_says_so(loop, library):
    async def main():
        source = concurrent.futures.Future()
        loop.call_soon(source.cancel)
        with pytest.raises(asyncio.CancelledError):
            await library.wrap_future(source)
        source = concurrent.futures.Future()
        loop.call_soon(source.set_exception, concurrent.futures.InvalidStateError("message"))
        with pytest.raises(asyncio.InvalidStateError, match="message"):
            await library.wrap_future(source)

    loop.run_until_complete(main())
