"""Future and Task: exceptions that nobody asked for reach the exception handler, once."""

import asyncio
import contextlib
import gc
import weakref

import pytest


def failed(loop, error=None):
    future = loop.create_future()
    future.set_exception(error or ZeroDivisionError())
    return future


def test_exception_that_nobody_retrieved_is_reported(loop, capture_errors):
    error = ZeroDivisionError()
    future = failed(loop, error)
    description = repr(future)
    assert capture_errors == []
    del future
    gc.collect()
    (context,) = capture_errors
    assert context["message"] == "Future exception was never retrieved"
    assert context["exception"] is error
    assert repr(context["future"]) == description
    assert set(context) == {"message", "exception", "future"}


def test_report_is_made_once_even_if_the_future_comes_back_to_life(loop, capture_errors):
    future = failed(loop)
    del future
    gc.collect()
    assert len(capture_errors) == 1
    # The context revives the future; letting it go once more must not report it again.
    capture_errors.clear()
    gc.collect()
    assert capture_errors == []


RETRIEVALS = {
    "exception": lambda loop, future: future.exception(),
    "result": lambda loop, future: future.result(),
    "run_until_complete": lambda loop, future: loop.run_until_complete(future),
    "await": lambda loop, future: next(future.__await__()),
    "cancel": lambda loop, future: future.cancel(),
    "switched off": lambda loop, future: setattr(future, "_log_traceback", False),
}


@pytest.mark.parametrize("retrieval", RETRIEVALS)
def test_exception_that_somebody_retrieved_is_not_reported(loop, capture_errors, retrieval):
    future = failed(loop)
    with contextlib.suppress(ZeroDivisionError):
        RETRIEVALS[retrieval](loop, future)
    del future
    gc.collect()
    assert capture_errors == []


def test_result_and_cancellation_are_not_reported(loop, capture_errors):
    loop.create_future()
    loop.create_future().set_result(1)
    loop.create_future().cancel()
    gc.collect()
    assert capture_errors == []


def test_callback_that_does_not_ask_does_not_count_as_retrieving(loop, run_once, capture_errors):
    future = loop.create_future()
    future.add_done_callback(lambda _: None)
    future.set_exception(ZeroDivisionError())
    run_once(loop)
    del future
    gc.collect()
    assert len(capture_errors) == 1


def test_report_names_the_class(loop, future_class, capture_errors):
    class Own(future_class):
        pass

    Own(loop=loop).set_exception(ZeroDivisionError())
    gc.collect()
    assert capture_errors[0]["message"] == "Own exception was never retrieved"


def test_task_that_failed_is_reported_as_a_task(loop, capture_errors):
    async def fail():
        raise ZeroDivisionError

    task = loop.create_task(fail())
    loop.run_until_complete(asyncio.wait([task]))
    description = repr(task)
    del task
    gc.collect()
    (context,) = capture_errors
    assert context["message"] == "Task exception was never retrieved"
    assert isinstance(context["exception"], ZeroDivisionError)
    assert repr(context["future"]) == description


def test_awaited_task_that_failed_is_not_reported(loop, capture_errors):
    async def fail():
        raise ZeroDivisionError

    async def main():
        with pytest.raises(ZeroDivisionError):
            await asyncio.create_task(fail())

    loop.run_until_complete(main())
    gc.collect()
    assert capture_errors == []


def test_report_reaches_the_handler_although_the_loop_is_closed(loop, capture_errors):
    future = failed(loop)
    loop.close()
    del future
    gc.collect()
    assert len(capture_errors) == 1


def test_reported_exception_does_not_keep_the_failing_frames_alive(loop, capture_errors):
    class Local:
        pass

    references = []

    async def fail():
        local = Local()
        references.append(weakref.ref(local))
        raise ZeroDivisionError

    async def main():
        await asyncio.wait([asyncio.create_task(fail())])

    loop.run_until_complete(main())
    gc.collect()
    assert len(capture_errors) == 1
    capture_errors.clear()
    gc.collect()
    assert references[0]() is None


def test_failed_future_in_a_reference_cycle_is_reported(loop, capture_errors):
    future = failed(loop)
    holder = {"future": future}
    future.exception  # noqa: B018
    holder["holder"] = holder
    del future, holder
    gc.collect()
    assert len(capture_errors) == 1


def test_failed_task_is_freed_without_the_cycle_collector(loop):
    async def fail():
        raise ZeroDivisionError

    async def main():
        task = asyncio.create_task(fail())
        await asyncio.wait([task])
        task.exception()
        return weakref.ref(task)

    gc.collect()
    gc.disable()
    try:
        reference = loop.run_until_complete(main())
        assert reference() is None
    finally:
        gc.enable()


def test_exception_that_was_raised_out_of_run_until_complete_is_not_reported_again(loop, capture_errors):
    async def fail():
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        loop.run_until_complete(fail())
    gc.collect()
    assert capture_errors == []
