"""run_in_executor and the default executor: results, errors, cancellation and shutdown."""

import asyncio
import concurrent.futures
import contextvars
import gc
import threading
import warnings
import weakref

import pytest

SHUT_DOWN = r"^Executor shutdown has been called$"


@pytest.fixture
def release():
    """An event that work in a thread may wait for; it is set at the end whatever happens."""
    event = threading.Event()
    yield event
    event.set()


def test_function_runs_in_another_thread_and_its_result_comes_back(loop):
    def work(first, second):
        return threading.get_ident(), first + second

    thread_id, total = loop.run_until_complete(loop.run_in_executor(None, work, 1, 2))
    assert thread_id != threading.get_ident()
    assert total == 3


@pytest.mark.only_ouroloop  # The standard library's thread may not be back yet when the next call comes.
def test_one_call_after_the_other_takes_one_thread(loop):
    async def main():
        return {await loop.run_in_executor(None, threading.get_ident) for _ in range(300)}

    assert len(loop.run_until_complete(main())) == 1


def test_threads_of_the_default_executor_are_named_after_asyncio(loop):
    name = loop.run_until_complete(loop.run_in_executor(None, lambda: threading.current_thread().name))
    assert name.startswith("asyncio_")


def test_exception_of_the_function_comes_back_with_its_traceback(loop):
    error = ZeroDivisionError("in the thread")

    def work():
        raise error

    with pytest.raises(ZeroDivisionError) as raised:
        loop.run_until_complete(loop.run_in_executor(None, work))
    assert raised.value is error
    assert "work" in [entry.name for entry in raised.traceback]


@pytest.mark.reference_since(3, 13)  # Before, the caller waits for ever.
def test_stop_iteration_of_the_function_comes_back_as_an_error(loop):
    def work():
        raise StopIteration

    with pytest.raises(RuntimeError, match=r"^StopIteration interacts badly with generators"):
        loop.run_until_complete(loop.run_in_executor(None, work))


def test_result_is_a_future_of_the_loop(loop, future_class):
    future = loop.run_in_executor(None, int)
    assert isinstance(future, future_class)
    assert future.get_loop() is loop
    assert loop.run_until_complete(future) == 0


def test_executor_of_the_callers_own_is_used_and_left_running(loop):
    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="own") as executor:
        for _ in range(2):
            name = loop.run_until_complete(
                loop.run_in_executor(executor, lambda: threading.current_thread().name)
            )
            assert name.startswith("own")
        loop.run_until_complete(loop.shutdown_default_executor())
        assert loop.run_until_complete(loop.run_in_executor(executor, int)) == 0


def test_executor_that_is_only_duck_typed_is_used(loop):
    class Immediate:
        def submit(self, function, *arguments):
            future = concurrent.futures.Future()
            future.set_result(function(*arguments))
            return future

    assert loop.run_until_complete(loop.run_in_executor(Immediate(), max, 3, 9)) == 9


def test_default_executor_may_be_replaced(loop):
    executor = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="replaced")
    loop.set_default_executor(executor)
    name = loop.run_until_complete(loop.run_in_executor(None, lambda: threading.current_thread().name))
    assert name.startswith("replaced")
    loop.close()
    with pytest.raises(RuntimeError):
        executor.submit(int)


@pytest.mark.parametrize("refused", [1, None, "executor", concurrent.futures.Executor()])
def test_default_executor_must_be_a_thread_pool(loop, refused):
    with pytest.raises(TypeError, match=r"^executor must be ThreadPoolExecutor instance$"):
        loop.set_default_executor(refused)


def test_many_calls_at_once_all_come_back(loop):
    async def main():
        return await asyncio.gather(*(loop.run_in_executor(None, abs, -number) for number in range(300)))

    assert loop.run_until_complete(main()) == list(range(300))


def test_loop_serves_others_while_a_thread_works(loop, release):
    async def main():
        work = loop.run_in_executor(None, release.wait, 10)
        for _ in range(10):
            await asyncio.sleep(0)
        assert not work.done()
        release.set()
        return await work

    assert loop.run_until_complete(main()) is True


def test_cancelling_frees_the_caller_while_the_thread_works_on(loop, release):
    started, finished = threading.Event(), threading.Event()

    def work():
        started.set()
        release.wait(10)
        finished.set()

    async def main():
        future = loop.run_in_executor(None, work)
        assert started.wait(10)
        future.cancel()
        with pytest.raises(asyncio.CancelledError):
            await future
        assert not finished.is_set()
        release.set()

    loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_default_executor())
    assert finished.is_set()


def test_cancelling_work_that_has_not_started_keeps_it_from_running(loop, release):
    executor = concurrent.futures.ThreadPoolExecutor(1)
    ran = []

    async def main():
        first = loop.run_in_executor(executor, release.wait, 10)
        second = loop.run_in_executor(executor, ran.append, "second")
        second.cancel()
        await asyncio.sleep(0)
        release.set()
        await first

    loop.run_until_complete(main())
    executor.shutdown()
    assert ran == []


def test_function_runs_in_an_empty_context_of_the_thread(loop):
    variable = contextvars.ContextVar("variable", default="unset")

    async def main():
        variable.set("caller")
        return await loop.run_in_executor(None, variable.get), await asyncio.to_thread(variable.get)

    assert loop.run_until_complete(main()) == ("unset", "caller")


def test_result_is_let_go_after_it_was_awaited(loop):
    class Result:
        pass

    result = loop.run_until_complete(loop.run_in_executor(None, Result))
    reference = weakref.ref(result)
    del result
    loop.run_until_complete(loop.shutdown_default_executor())
    gc.collect()
    assert reference() is None


def test_finished_work_leaves_nothing_to_the_collector(loop):
    async def main():
        await loop.run_in_executor(None, int)
        gc.collect()
        gc.disable()
        try:
            for _ in range(10):
                await loop.run_in_executor(None, int)
            return gc.collect()
        finally:
            gc.enable()

    assert loop.run_until_complete(main()) == 0


def test_shutdown_waits_for_work_that_runs(loop, release):
    finished = []

    def work():
        release.wait(10)
        finished.append("work")

    async def main():
        future = loop.run_in_executor(None, work)
        loop.call_later(0.01, release.set)
        await loop.shutdown_default_executor()
        assert finished == ["work"]
        await future

    loop.run_until_complete(main())


def test_default_executor_is_refused_after_shutdown(loop):
    loop.run_until_complete(loop.run_in_executor(None, int))
    assert loop.run_until_complete(loop.shutdown_default_executor()) is None
    with pytest.raises(RuntimeError, match=SHUT_DOWN):
        loop.run_in_executor(None, int)
    loop.run_until_complete(loop.shutdown_default_executor())


def test_default_executor_is_refused_after_a_shutdown_before_its_first_use(loop):
    loop.run_until_complete(loop.shutdown_default_executor())
    with pytest.raises(RuntimeError, match=SHUT_DOWN):
        loop.run_in_executor(None, int)


@pytest.mark.reference_since(3, 13)  # 3.12 took the limit, and waited all the same.
def test_shutdown_with_a_limit_gives_up_and_warns(loop, release):
    async def main():
        future = loop.run_in_executor(None, release.wait, 10)
        await loop.shutdown_default_executor(timeout=0.01)
        release.set()
        await future

    expected = r"^The executor did not finishing joining its threads within 0\.01 seconds\.$"
    with pytest.warns(RuntimeWarning, match=expected):
        loop.run_until_complete(main())


@pytest.mark.reference_since(3, 12)
@pytest.mark.parametrize("limit_seconds", [None, 5])
def test_shutdown_within_its_limit_does_not_warn(loop, limit_seconds):
    loop.run_until_complete(loop.run_in_executor(None, int))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loop.run_until_complete(loop.shutdown_default_executor(limit_seconds))


@pytest.mark.reference_since(3, 13)
def test_cancelled_shutdown_leaves_no_thread_behind(loop, release):
    async def main():
        future = loop.run_in_executor(None, release.wait, 10)
        shutdown = loop.create_task(loop.shutdown_default_executor())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        shutdown.cancel()
        loop.call_later(0.01, release.set)
        with pytest.raises(asyncio.CancelledError):
            await shutdown
        await future

    loop.run_until_complete(main())


def test_loop_that_closes_while_a_thread_works_is_not_disturbed_by_its_result(loop, release):
    future = loop.run_in_executor(None, release.wait, 10)
    loop.close()
    release.set()
    assert not future.done()


def test_work_that_the_executor_drops_is_cancelled(loop, release):
    started = threading.Semaphore(0)

    def work():
        started.release()
        return release.wait()

    async def main():
        await loop.run_in_executor(None, int)
        executor = loop._default_executor
        working = [loop.run_in_executor(None, work) for _ in range(executor._max_workers)]
        assert all(started.acquire(timeout=10) for _ in working)
        waiting = loop.run_in_executor(None, int)
        executor.shutdown(wait=False, cancel_futures=True)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(waiting, 10)
        release.set()
        assert await asyncio.gather(*working) == [True] * len(working)

    loop.run_until_complete(main())
