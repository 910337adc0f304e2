"""Debug mode: what it checks at the time of the call."""

import asyncio
import logging
import re
import sys
import threading

import pytest

WRONG_THREAD = "Non-thread-safe operation invoked on an event loop other than the current one"


@pytest.fixture
def debug_loop(loop):
    loop.set_debug(True)
    return loop


def slow_reports(asyncio_log):
    return [record for record in asyncio_log if record.getMessage().startswith("Executing ")]


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        ((), {}, False),
        ((), {"PYTHONASYNCIODEBUG": "1"}, True),
        ((), {"PYTHONASYNCIODEBUG": ""}, False),
        (("-E",), {"PYTHONASYNCIODEBUG": "1"}, False),
        (("-X", "dev"), {}, True),
    ],
    ids=["plain", "variable", "empty-variable", "ignored-variable", "development-mode"],
)
def test_debug_mode_follows_the_interpreters_settings(run_script, options, environment, expected):
    source = "loop = new_event_loop(); print(loop.get_debug()); loop.close()"
    process = run_script(source, interpreter_options=options, environment=environment)
    assert process.stdout == f"{expected}\n", process.stderr


def test_debug_mode_can_be_switched(loop):
    assert loop.get_debug() is False
    loop.set_debug(True)
    assert loop.get_debug() is True
    loop.set_debug(False)
    assert loop.get_debug() is False


def make_calls(loop):
    """Every way of scheduling a callback, with the name that its error speaks of."""
    return {
        "call_soon": loop.call_soon,
        "call_soon_threadsafe": loop.call_soon_threadsafe,
        "call_at": lambda callback: loop.call_at(1, callback),
        "call_later": lambda callback: loop.call_later(1, callback),
        "run_in_executor": lambda callback: loop.run_in_executor(None, callback),
    }


CALLS = ["call_soon", "call_soon_threadsafe", "call_at", "call_later", "run_in_executor"]


def named_in_error(call):
    return "call_at" if call == "call_later" else call


@pytest.mark.parametrize("call", CALLS)
def test_callback_that_cannot_be_called_is_refused(debug_loop, call):
    for refused in (None, 7, "text"):
        with pytest.raises(TypeError) as raised:
            make_calls(debug_loop)[call](refused)
        expected = f"a callable object was expected by {named_in_error(call)}(), got {refused!r}"
        assert str(raised.value) == expected


@pytest.mark.parametrize("call", CALLS)
def test_coroutine_is_refused_as_a_callback(debug_loop, call):
    async def function():
        pass

    coroutine = function()
    for refused in (function, coroutine):
        with pytest.raises(TypeError) as raised:
            make_calls(debug_loop)[call](refused)
        assert str(raised.value) == f"coroutines cannot be used with {named_in_error(call)}()"
    coroutine.close()


def run_in_other_thread(loop, calls):
    """Make calls in another thread while the loop runs, and return the errors that they raised."""
    errors = []

    def attempt():
        for call in calls:
            try:
                call()
            except RuntimeError as error:
                errors.append(str(error))
        loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=attempt)
    loop.call_soon(thread.start)
    loop.run_forever()
    thread.join()
    return errors


def test_scheduling_from_another_thread_is_refused(debug_loop):
    loop = debug_loop
    calls = [
        lambda: loop.call_soon(print),
        lambda: loop.call_later(1, print),
        lambda: loop.call_at(1, print),
    ]
    assert run_in_other_thread(loop, calls) == [WRONG_THREAD] * 3


def test_completing_an_awaited_future_in_another_thread_is_refused(debug_loop):
    future = debug_loop.create_future()
    future.add_done_callback(lambda _: None)
    assert run_in_other_thread(debug_loop, [lambda: future.set_result(None)]) == [WRONG_THREAD]


def test_creating_a_task_in_another_thread_is_refused(debug_loop, capture_errors):
    async def main():
        pass

    coroutine = main()
    assert run_in_other_thread(debug_loop, [lambda: debug_loop.create_task(coroutine)]) == [WRONG_THREAD]
    coroutine.close()


def test_call_soon_threadsafe_is_allowed_from_another_thread(debug_loop):
    ran = []
    calls = [lambda: debug_loop.call_soon_threadsafe(ran.append, 1)]
    assert run_in_other_thread(debug_loop, calls) == []
    assert ran == [1]


def test_loop_that_does_not_run_may_be_used_from_any_thread(debug_loop, run_once):
    ran = []
    thread = threading.Thread(target=debug_loop.call_soon, args=(ran.append, 1))
    thread.start()
    thread.join()
    run_once(debug_loop)
    assert ran == [1]


def test_scheduling_from_another_thread_is_not_checked_without_debug_mode(loop):
    ran = []
    errors = run_in_other_thread(loop, [lambda: loop.call_soon(ran.append, 1)])
    assert errors == []
    assert ran == [1]


def test_slow_callback_duration_is_a_tenth_of_a_second_and_can_be_set(loop):
    assert loop.slow_callback_duration == 0.1
    loop.slow_callback_duration = 2
    assert loop.slow_callback_duration == 2


def test_slow_callback_is_logged_with_its_duration(debug_loop, run_once, asyncio_log):
    debug_loop.slow_callback_duration = 0

    def slow():
        pass

    debug_loop.call_soon(slow)
    run_once(debug_loop)
    record = slow_reports(asyncio_log)[0]
    assert record.levelno == logging.WARNING
    assert record.name == "asyncio"
    expected = (
        rf"Executing <Handle {re.escape(slow.__qualname__)}\(\) at {re.escape(__file__)}:\d+ "
        rf"created at {re.escape(__file__)}:\d+> took \d+\.\d{{3}} seconds"
    )
    assert re.fullmatch(expected, record.getMessage())


def test_callback_within_the_limit_is_not_logged(debug_loop, run_once, asyncio_log):
    debug_loop.slow_callback_duration = 60
    debug_loop.call_soon(int)
    run_once(debug_loop)
    assert slow_reports(asyncio_log) == []


def test_slow_callback_is_not_logged_without_debug_mode(loop, run_once, asyncio_log):
    loop.slow_callback_duration = 0
    loop.call_soon(int)
    run_once(loop)
    assert slow_reports(asyncio_log) == []


def test_slow_step_of_a_task_is_logged_as_the_task(debug_loop, asyncio_log):
    debug_loop.slow_callback_duration = 0

    async def slow():
        pass

    debug_loop.run_until_complete(debug_loop.create_task(slow(), name="the slow one"))
    first = slow_reports(asyncio_log)[0].getMessage()
    assert first.startswith("Executing <Task finished name='the slow one' coro=<")
    assert re.search(r" took \d+\.\d{3} seconds$", first)


def test_slow_callback_that_cancelled_itself_is_still_named(debug_loop, run_once, asyncio_log):
    debug_loop.slow_callback_duration = 0
    handle = debug_loop.call_soon(lambda: handle.cancel())
    run_once(debug_loop)
    message = slow_reports(asyncio_log)[0].getMessage()
    assert "<Handle cancelled test_slow_callback_that_cancelled_itself" in message


def test_slow_timer_is_logged_with_its_time(debug_loop, run_once, asyncio_log):
    debug_loop.slow_callback_duration = 0
    handle = debug_loop.call_at(0, int)
    run_once(debug_loop)
    messages = [record.getMessage() for record in slow_reports(asyncio_log)]
    assert any(
        message.startswith(f"Executing <TimerHandle when={handle.when()} int() ") for message in messages
    )


def test_origins_of_coroutines_are_tracked_only_while_a_debugged_loop_runs(debug_loop):
    async def main():
        return sys.get_coroutine_origin_tracking_depth()

    before = sys.get_coroutine_origin_tracking_depth()
    assert debug_loop.run_until_complete(main()) == 10
    assert sys.get_coroutine_origin_tracking_depth() == before
    debug_loop.set_debug(False)
    assert debug_loop.run_until_complete(main()) == before


def test_tracking_of_origins_follows_a_switch_while_the_loop_runs(loop):
    async def main():
        depths = []
        for enabled in (True, False):
            loop.set_debug(enabled)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            depths.append(sys.get_coroutine_origin_tracking_depth())
        return depths

    before = sys.get_coroutine_origin_tracking_depth()
    assert loop.run_until_complete(main()) == [10, before]


def test_tracking_of_origins_set_by_the_caller_is_put_back(debug_loop, run_once):
    before = sys.get_coroutine_origin_tracking_depth()
    sys.set_coroutine_origin_tracking_depth(3)
    try:
        run_once(debug_loop)
        assert sys.get_coroutine_origin_tracking_depth() == 3
    finally:
        sys.set_coroutine_origin_tracking_depth(before)
