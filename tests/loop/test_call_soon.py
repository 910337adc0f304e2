"""call_soon: the order of callbacks, what one batch is, and what may be passed."""

import asyncio
import contextvars
import gc
import weakref

import pytest


def test_callbacks_run_in_the_order_they_were_scheduled(loop, run_once):
    ran = []
    for number in range(100):
        loop.call_soon(ran.append, number)
    run_once(loop)
    assert ran == list(range(100))


def test_callback_scheduled_by_a_callback_waits_for_the_next_iteration(loop, run_once):
    ran = []

    def first():
        ran.append("first")
        loop.call_soon(ran.append, "scheduled by first")

    loop.call_soon(first)
    loop.call_soon(ran.append, "second")
    run_once(loop)
    assert ran == ["first", "second"]
    run_once(loop)
    assert ran == ["first", "second", "scheduled by first"]


def test_callback_that_schedules_itself_runs_once_an_iteration(loop, run_once):
    count = 0

    def again():
        nonlocal count
        count += 1
        loop.call_soon(again)

    loop.call_soon(again)
    for iteration in range(1, 6):
        run_once(loop)
        assert count == iteration


def test_queue_keeps_its_order_while_it_grows_and_shrinks(loop, run_once):
    ran, expected = [], []

    def fan_out(width, label):
        ran.append(label)
        for branch in range(width):
            loop.call_soon(ran.append, (label, branch))

    for width in (1, 40, 3, 500, 0, 7):
        for label in range(width):
            loop.call_soon(fan_out, width % 5, label)
        expected += list(range(width))
        expected += [(label, branch) for label in range(width) for branch in range(width % 5)]
        run_once(loop)
        run_once(loop)
    assert ran == expected


def test_positional_arguments_are_passed_on(loop, run_once):
    seen = []
    loop.call_soon(lambda *arguments: seen.append(arguments))
    loop.call_soon(lambda *arguments: seen.append(arguments), 1, "two", None)
    run_once(loop)
    assert seen == [(), (1, "two", None)]


def test_keyword_arguments_are_refused(loop):
    with pytest.raises(TypeError):
        loop.call_soon(print, end="")
    with pytest.raises(TypeError):
        loop.call_soon()


def test_cancelled_callback_never_runs(loop, run_once):
    ran = []
    handle = loop.call_soon(ran.append, "cancelled")
    loop.call_soon(ran.append, "kept")
    assert not handle.cancelled()
    handle.cancel()
    assert handle.cancelled()
    run_once(loop)
    assert ran == ["kept"]


def test_callback_cancelled_by_one_in_the_same_batch_never_runs(loop, run_once):
    ran = []
    loop.call_soon(lambda: handle.cancel())
    handle = loop.call_soon(ran.append, "cancelled")
    run_once(loop)
    run_once(loop)
    assert ran == []


def test_cancelling_after_the_callback_ran_does_nothing(loop, run_once):
    ran = []
    handle = loop.call_soon(ran.append, 1)
    run_once(loop)
    handle.cancel()
    handle.cancel()
    run_once(loop)
    assert ran == [1]


def test_callback_may_cancel_itself_while_it_runs(loop, run_once):
    ran = []

    def cancel_own_handle():
        handle.cancel()
        ran.append(handle.cancelled())

    handle = loop.call_soon(cancel_own_handle)
    run_once(loop)
    assert ran == [True]


def test_cancelling_lets_go_of_callback_and_arguments(loop):
    class Argument:
        pass

    argument = Argument()
    reference = weakref.ref(argument)
    handle = loop.call_soon(print, argument)
    handle.cancel()
    del argument
    gc.collect()
    assert reference() is None


def test_handle_that_somebody_keeps_lets_go_of_its_arguments_once_it_ran_and_was_cancelled(loop, run_once):
    class Argument:
        pass

    argument = Argument()
    reference = weakref.ref(argument)
    handle = loop.call_soon(id, argument)
    run_once(loop)
    handle.cancel()
    del argument
    assert reference() is None


def test_callback_is_let_go_after_it_ran(loop, run_once):
    class Callback:
        def __call__(self):
            pass

    callback = Callback()
    reference = weakref.ref(callback)
    loop.call_soon(callback)
    run_once(loop)
    del callback
    assert reference() is None


def test_exception_in_a_callback_is_reported_and_the_rest_of_the_batch_runs(loop, run_once, capture_errors):
    ran = []
    error = ZeroDivisionError("from the callback")

    def fail():
        raise error

    handle = loop.call_soon(fail)
    loop.call_soon(ran.append, "after")
    run_once(loop)
    assert ran == ["after"]
    (context,) = capture_errors
    assert context["exception"] is error
    assert context["handle"] is handle
    assert context["message"].startswith(f"Exception in callback {fail.__qualname__}() at {__file__}:")
    assert set(context) == {"message", "exception", "handle"}


def test_cancelled_error_in_a_callback_is_reported_too(loop, run_once, capture_errors):
    def fail():
        raise asyncio.CancelledError

    loop.call_soon(fail)
    run_once(loop)
    assert isinstance(capture_errors[0]["exception"], asyncio.CancelledError)


@pytest.mark.parametrize("error_class", [KeyboardInterrupt, SystemExit])
def test_interrupt_in_a_callback_leaves_run_forever_and_the_rest_of_the_batch_waits(
    loop, run_once, error_class
):
    ran = []

    def interrupt():
        raise error_class("from a callback")

    loop.call_soon(interrupt)
    loop.call_soon(ran.append, "rest of the batch")
    with pytest.raises(error_class, match="from a callback"):
        loop.run_forever()
    assert ran == []
    assert not loop.is_running()
    run_once(loop)
    assert ran == ["rest of the batch"]


def test_generator_exit_in_a_callback_is_reported(loop, run_once, capture_errors):
    def fail():
        raise GeneratorExit

    loop.call_soon(fail)
    run_once(loop)
    assert isinstance(capture_errors[0]["exception"], GeneratorExit)


def test_callback_that_cannot_be_called_is_reported_when_it_runs(loop, run_once, capture_errors):
    loop.call_soon(None)
    run_once(loop)
    (context,) = capture_errors
    assert context["message"] == "Exception in callback None()"
    assert str(context["exception"]) == "'NoneType' object is not callable"


def test_call_soon_returns_a_handle_of_the_standard_kind(loop):
    handle = loop.call_soon(print)
    assert isinstance(handle, asyncio.Handle)
    assert not isinstance(handle, asyncio.TimerHandle)
    handle.cancel()


def test_callback_runs_in_a_copy_of_the_context_it_was_scheduled_in(loop, run_once):
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []

    def change():
        seen.append(variable.get())
        variable.set("changed by the callback")

    variable.set("scheduled")
    loop.call_soon(change)
    loop.call_soon(change)
    variable.set("later")
    run_once(loop)
    assert seen == ["scheduled", "scheduled"]
    assert variable.get() == "later"


def test_explicit_context_is_used_as_it_is(loop, run_once):
    variable = contextvars.ContextVar("variable", default="unset")
    context = contextvars.copy_context()
    context.run(variable.set, "in the context")
    seen = []
    loop.call_soon(lambda: (seen.append(variable.get()), variable.set("changed")), context=context)
    loop.call_soon(lambda: seen.append(variable.get()), context=context)
    run_once(loop)
    assert seen == ["in the context", "changed"]
    assert context[variable] == "changed"


def test_same_context_serves_callbacks_that_run_one_after_another(loop, run_once):
    context = contextvars.copy_context()
    ran = []
    for number in range(3):
        loop.call_soon(ran.append, number, context=context)
    run_once(loop)
    assert ran == [0, 1, 2]
