"""Future: its done callbacks."""

import asyncio
import contextvars
import gc
import weakref

import pytest


@pytest.fixture
def future(loop):
    return loop.create_future()


def test_callbacks_run_in_their_order_with_the_future(loop, future, run_once):
    ran = []
    for number in range(5):
        assert future.add_done_callback(lambda done, number=number: ran.append((number, done))) is None
    future.set_result(None)
    assert ran == []
    run_once(loop)
    assert ran == [(number, future) for number in range(5)]


@pytest.mark.parametrize(
    "finish",
    [
        lambda future: future.set_result(1),
        lambda future: future.set_exception(KeyError()),
        lambda future: future.cancel(),
    ],
    ids=["result", "exception", "cancel"],
)
def test_callbacks_run_whichever_way_the_future_ends(loop, future, run_once, finish):
    ran = []
    future.add_done_callback(lambda done: ran.append(done.done()))
    finish(future)
    run_once(loop)
    assert ran == [True]
    if not future.cancelled():
        future.exception()


def test_callbacks_take_their_place_in_the_loops_queue(loop, future, run_once):
    ran = []
    future.add_done_callback(lambda _: ran.append("first"))
    future.add_done_callback(lambda _: ran.append("second"))
    loop.call_soon(ran.append, "before")
    future.set_result(None)
    loop.call_soon(ran.append, "after")
    run_once(loop)
    assert ran == ["before", "first", "second", "after"]


def test_callback_added_to_a_done_future_is_scheduled_at_once(loop, future, run_once):
    ran = []
    future.set_result(None)
    future.add_done_callback(lambda _: ran.append("callback"))
    loop.call_soon(ran.append, "after")
    assert ran == []
    run_once(loop)
    assert ran == ["callback", "after"]


def test_callback_added_by_a_callback_runs_in_the_next_iteration(loop, future, run_once):
    ran = []
    future.add_done_callback(lambda done: done.add_done_callback(lambda _: ran.append("inner")))
    future.set_result(None)
    run_once(loop)
    assert ran == []
    run_once(loop)
    assert ran == ["inner"]


def test_same_callback_may_be_added_more_than_once(loop, future, run_once):
    ran = []
    for _ in range(3):
        future.add_done_callback(ran.append)
    future.set_result(None)
    run_once(loop)
    assert ran == [future] * 3


def test_removing_takes_every_instance_and_counts_them(loop, future, run_once):
    ran, kept = [], []
    assert future.remove_done_callback(ran.append) == 0
    for count in (1, 2, 5):
        for _ in range(count):
            future.add_done_callback(ran.append)
            future.add_done_callback(kept.append)
        # Bound methods are made anew each time: equality decides, not identity.
        assert future.remove_done_callback(ran.append) == count
        assert future.remove_done_callback(ran.append) == 0
    future.set_result(None)
    run_once(loop)
    assert ran == []
    assert kept == [future] * 8


def test_a_callback_that_equals_nothing_is_removed_by_identity(loop, future, run_once):
    class Lonely:
        def __eq__(self, other):
            return False

        __hash__ = object.__hash__

        def __call__(self, future):
            raise AssertionError("removed")

    callback = Lonely()
    future.add_done_callback(callback)
    future.add_done_callback(callback)
    assert future.remove_done_callback(callback) == 2
    future.set_result(None)
    run_once(loop)


def test_callbacks_cannot_be_removed_once_the_future_is_done(loop, future, run_once):
    ran = []
    future.add_done_callback(ran.append)
    future.set_result(None)
    assert future.remove_done_callback(ran.append) == 0
    run_once(loop)
    assert ran == [future]


def test_error_in_comparing_is_passed_on_when_removing(future):
    class Incomparable:
        def __call__(self, _):
            pass

        def __eq__(self, other):
            raise ZeroDivisionError

        __hash__ = None

    future.add_done_callback(Incomparable())
    with pytest.raises(ZeroDivisionError):
        future.remove_done_callback(print)


@pytest.mark.parametrize("before", [0, 1, 3])
def test_comparing_may_change_the_callbacks_while_they_are_searched(future, before):
    meddled = []

    class Meddling:
        def __call__(self, _):
            pass

        def __eq__(self, other):
            if not meddled:
                meddled.append(True)
                future.remove_done_callback(repr)
                future.add_done_callback(str)
            return False

        __hash__ = None

    for _ in range(before):
        future.add_done_callback(repr)
    future.add_done_callback(Meddling())
    future.add_done_callback(repr)
    future.remove_done_callback(len)
    assert meddled
    future.cancel()


def test_exception_in_a_callback_is_reported_and_the_others_run(loop, future, run_once, capture_errors):
    ran = []

    def fail(_):
        raise ZeroDivisionError

    future.add_done_callback(fail)
    future.add_done_callback(ran.append)
    future.set_result(None)
    run_once(loop)
    assert ran == [future]
    (context,) = capture_errors
    assert context["message"].startswith(f"Exception in callback {fail.__qualname__}(")
    assert isinstance(context["exception"], ZeroDivisionError)
    assert isinstance(context["handle"], asyncio.Handle)


def test_callback_that_cannot_be_called_is_reported(loop, future, run_once, capture_errors):
    future.add_done_callback(None)
    future.set_result(None)
    run_once(loop)
    assert str(capture_errors[0]["exception"]) == "'NoneType' object is not callable"


def test_interrupt_in_a_callback_leaves_run_forever(loop, future):
    def interrupt(_):
        raise KeyboardInterrupt

    future.add_done_callback(interrupt)
    future.set_result(None)
    with pytest.raises(KeyboardInterrupt):
        loop.run_forever()


def test_callbacks_take_a_context_by_name_only(future):
    with pytest.raises(TypeError):
        future.add_done_callback(print, contextvars.copy_context())
    with pytest.raises(TypeError):
        future.add_done_callback()
    future.add_done_callback(print, context=contextvars.copy_context())


def test_private_list_shows_callbacks_with_their_contexts(future):
    assert not future._callbacks
    contexts = [contextvars.copy_context() for _ in range(3)]
    expected = []
    for context, callback in zip(contexts, (print, len, print), strict=True):
        future.add_done_callback(callback, context=context)
        expected.append((callback, context))
        assert future._callbacks == expected
    future.remove_done_callback(len)
    assert [callback for callback, _ in future._callbacks] == [print, print]
    future.cancel()
    assert not future._callbacks


def test_callbacks_are_let_go_once_the_future_is_done(loop, future, run_once):
    class Callback:
        def __call__(self, _):
            pass

    callbacks = [Callback() for _ in range(3)]
    references = [weakref.ref(callback) for callback in callbacks]
    for callback in callbacks:
        future.add_done_callback(callback)
    del callbacks, callback
    future.set_result(None)
    run_once(loop)
    assert [reference() for reference in references] == [None] * 3


def test_future_that_its_own_callbacks_refer_to_is_collected(loop):
    future = loop.create_future()
    reference = weakref.ref(future)
    for _ in range(3):
        future.add_done_callback(lambda done, future=future: None)
    del future
    gc.collect()
    assert reference() is None


def test_future_that_holds_itself_as_result_is_collected(loop):
    future = loop.create_future()
    future.set_result([future])
    reference = weakref.ref(future)
    del future
    gc.collect()
    assert reference() is None


def test_thousands_of_callbacks_all_run(loop, future, run_once):
    ran = []
    for number in range(10_000):
        future.add_done_callback(lambda _, number=number: ran.append(number))
    future.set_result(None)
    run_once(loop)
    assert ran == list(range(10_000))
