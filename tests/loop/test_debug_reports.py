"""Debug mode: where the thing that a report speaks of was made."""

import asyncio
import gc
import inspect
import warnings

import pytest


@pytest.fixture
def debug_loop(loop):
    loop.set_debug(True)
    return loop


def here(offset=0):
    """The place in this file where the caller is, as reports write it."""
    return f"{__file__}:{inspect.currentframe().f_back.f_lineno + offset}"


def last_frame(context):
    frame = context["source_traceback"][-1]
    return f"{frame.filename}:{frame.lineno}"


def test_handles_say_where_they_were_made(debug_loop):
    loop = debug_loop
    handles = {
        "call_soon": (loop.call_soon(int), here()),
        "call_soon_threadsafe": (loop.call_soon_threadsafe(int), here()),
        "call_at": (loop.call_at(1e9, int), here()),
        "call_later": (loop.call_later(1e9, int), here()),
    }
    for handle, place in handles.values():
        assert repr(handle).endswith(f" created at {place}>")
        handle.cancel()


def test_handles_say_nothing_without_debug_mode(loop):
    handle = loop.call_soon(int)
    assert "created at" not in repr(handle)
    handle.cancel()


def test_arguments_are_shown_in_debug_mode_only(loop):
    for enabled, expected in ((False, "<Handle print()"), (True, "<Handle print('a', 1)")):
        loop.set_debug(enabled)
        handle = loop.call_soon(print, "a", 1)
        if enabled:
            assert repr(handle).startswith(expected)
        handle.cancel()


@pytest.mark.reference_since(3, 13)
def test_arguments_are_kept_secret_without_debug_mode(loop):
    handle = loop.call_soon(print, "secret", 1)
    assert repr(handle) == "<Handle print()>"
    handle.cancel()


def test_failing_callback_is_reported_with_where_it_was_scheduled(debug_loop, run_once, capture_errors):
    debug_loop.call_soon(lambda: 1 / 0)
    place = here(-1)
    run_once(debug_loop)
    (context,) = capture_errors
    assert last_frame(context) == place


def test_failing_timer_is_reported_with_where_it_was_scheduled(debug_loop, run_once, capture_errors):
    debug_loop.call_later(0, lambda: 1 / 0)
    place = here(-1)
    run_once(debug_loop)
    (context,) = capture_errors
    assert last_frame(context) == place


def test_failing_callback_is_reported_without_a_place_outside_debug_mode(loop, run_once, capture_errors):
    loop.call_soon(lambda: 1 / 0)
    run_once(loop)
    assert "source_traceback" not in capture_errors[0]


def test_future_says_where_it_was_made(debug_loop, future_class):
    future = future_class(loop=debug_loop)
    place = here(-1)
    assert repr(future) == f"<Future pending created at {place}>"


@pytest.mark.only_ouroloop
def test_future_made_by_the_loop_says_where_it_was_asked_for(debug_loop):
    future = debug_loop.create_future()
    assert repr(future).endswith(f"created at {here(-1)}>")


def test_task_says_where_it_was_made(debug_loop, task_class):
    async def main():
        pass

    made = debug_loop.create_task(main())
    place = here(-1)
    constructed = task_class(main(), loop=debug_loop)
    assert repr(made).endswith(f" created at {place}>")
    assert repr(constructed).endswith(f" created at {here(-2)}>")
    debug_loop.run_until_complete(asyncio.wait([made, constructed]))


def test_exception_that_nobody_retrieved_is_reported_with_where_the_future_was_made(
    debug_loop, future_class, capture_errors
):
    future = future_class(loop=debug_loop)
    place = here(-1)
    future.set_exception(ZeroDivisionError())
    del future
    gc.collect()
    (context,) = capture_errors
    assert context["message"] == "Future exception was never retrieved"
    assert last_frame(context) == place


def test_exception_that_nobody_retrieved_is_reported_with_where_the_task_was_made(debug_loop, capture_errors):
    async def fail():
        raise ZeroDivisionError

    task = debug_loop.create_task(fail())
    place = here(-1)
    debug_loop.run_until_complete(asyncio.wait([task]))
    del task
    gc.collect()
    (context,) = capture_errors
    assert context["message"] == "Task exception was never retrieved"
    assert last_frame(context) == place


def test_default_handler_logs_where_the_future_was_made(loop_factory, asyncio_log):
    loop = loop_factory()
    loop.set_debug(True)
    future = loop.create_future()
    future.set_exception(ValueError("nobody asked"))
    del future
    gc.collect()
    loop.close()
    (message,) = (record.getMessage() for record in asyncio_log if record.exc_info)
    first, *rest = message.splitlines()
    assert first == "Future exception was never retrieved"
    assert rest[0].startswith("future: <Future finished exception=ValueError('nobody asked') created at ")
    assert rest[1] == "source_traceback: Object created at (most recent call last):"
    assert "    future = loop.create_future()" in rest


def test_default_handler_logs_which_callback_was_running(loop_factory, asyncio_log, run_once):
    loop = loop_factory()
    loop.set_debug(True)
    loop.call_soon(loop.call_exception_handler, {"message": "from a callback"})
    run_once(loop)
    loop.close()
    (message,) = (
        text for record in asyncio_log if (text := record.getMessage()).startswith("from a callback")
    )
    assert message.splitlines()[1] == "handle_traceback: Handle created at (most recent call last):"
    assert '    loop.call_soon(loop.call_exception_handler, {"message": "from a callback"})' in message


def test_source_tracebacks_are_limited_in_depth(debug_loop):
    def deep(levels):
        return debug_loop.call_soon(int) if levels == 0 else deep(levels - 1)

    handle = deep(50)
    assert len(handle._source_traceback) <= 10
    handle.cancel()


def test_coroutine_that_nobody_awaited_is_warned_of_with_where_it_was_made(debug_loop):
    async def forgotten():
        pass

    async def main():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            forgotten()
            gc.collect()
        return [str(warning.message) for warning in caught], here(-2)

    (message,), place = debug_loop.run_until_complete(main())
    first, second, *rest = message.splitlines()
    assert first == f"coroutine '{forgotten.__qualname__}' was never awaited"
    assert second == "Coroutine created at (most recent call last)"
    filename, _, line = place.rpartition(":")
    assert rest[-2] == f'  File "{filename}", line {line}, in main'
    assert rest[-1] == "    forgotten()"


def test_closing_is_logged_in_debug_mode(loop_factory, asyncio_log):
    loop = loop_factory()
    loop.set_debug(True)
    loop.close()
    assert any(record.getMessage().startswith("Close <") for record in asyncio_log)
