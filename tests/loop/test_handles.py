"""Handle and TimerHandle: repr, comparison, hash, context."""

import asyncio
import contextvars
import functools
import gc
import inspect
import weakref

import pytest


def sample(*arguments):
    """A callback with a place in this file."""
    return arguments


SAMPLE_PLACE = f"{__file__}:{inspect.getsourcelines(sample)[1]}"


@pytest.fixture
def timer(loop):
    """Make a timer that is never due."""
    made = []

    def timer(when, callback=sample, *arguments):
        made.append(loop.call_at(when, callback, *arguments))
        return made[-1]

    yield timer
    for handle in made:
        handle.cancel()


class CallableObject:
    def __call__(self):
        pass

    def __repr__(self):
        return "<a callable object>"


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        (sample, f"<Handle sample() at {SAMPLE_PLACE}>"),
        (print, "<Handle print()>"),
        ([].append, "<Handle list.append()>"),
        (CallableObject(), "<Handle <a callable object>()>"),
        (CallableObject, "<Handle CallableObject()>"),
        (functools.partial(print), "<Handle print()()>"),
        (functools.partial(sample), f"<Handle sample()() at {SAMPLE_PLACE}>"),
        (functools.lru_cache(sample), f"<Handle sample() at {SAMPLE_PLACE}>"),
    ],
    ids=["function", "builtin", "method", "object", "class", "partial", "partial-function", "wrapped"],
)
def test_repr_names_the_callback_and_its_place(loop, callback, expected):
    handle = loop.call_soon(callback)
    assert repr(handle) == expected
    handle.cancel()


def test_repr_of_a_partial_in_debug_mode_shows_both_sets_of_arguments(loop):
    loop.set_debug(True)
    handle = loop.call_soon(functools.partial(print, 1, end=""), 2)
    assert repr(handle).startswith("<Handle print(1, end='')(2) created at ")
    handle.cancel()


def test_repr_of_a_cancelled_handle(loop):
    handle = loop.call_soon(sample)
    handle.cancel()
    assert repr(handle) == "<Handle cancelled>"


def test_repr_of_a_handle_cancelled_in_debug_mode_keeps_the_callback(loop):
    loop.set_debug(True)
    handle = loop.call_soon(sample, 1)
    before = repr(handle)
    handle.cancel()
    assert repr(handle) == before.replace("<Handle sample(1)", "<Handle cancelled sample(1)")


def test_repr_of_a_timer_shows_its_time(loop, timer):
    handle = timer(123456789.125)
    assert repr(handle) == f"<TimerHandle when=123456789.125 sample() at {SAMPLE_PLACE}>"
    handle.cancel()
    assert repr(handle) == "<TimerHandle cancelled when=123456789.125>"


def test_timer_remembers_its_time_exactly(loop, timer):
    for when in (123456789.123456789, 1e-9, 1e300, float("inf"), 987654321):
        assert timer(when).when() == when
        assert hash(timer(when)) == hash(when)
    before = loop.time()
    later = loop.call_later(1000, print)
    assert before + 1000 <= later.when() <= loop.time() + 1000
    later.cancel()


def test_timers_are_ordered_by_time(timer):
    early, late = timer(1e9), timer(2e9)
    assert early < late
    assert early <= late
    assert late > early
    assert late >= early
    assert not early > late
    assert not early >= late
    assert not late < early
    assert early != late


def test_timers_are_equal_when_all_that_they_do_is_equal(timer):
    assert timer(1e9) == timer(1e9)
    assert timer(1e9) <= timer(1e9)
    assert timer(1e9) >= timer(1e9)
    assert timer(1e9) != timer(1e9, print)
    assert timer(1e9, sample, 1) != timer(1e9, sample, 2)
    assert timer(1e9, sample, 1) == timer(1e9, sample, 1)
    assert not timer(1e9) <= timer(1e9, print)


def test_cancelled_timer_differs_from_one_that_is_not(timer):
    cancelled, kept = timer(1e9), timer(1e9)
    cancelled.cancel()
    assert cancelled != kept
    other = timer(1e9)
    other.cancel()
    assert cancelled == other


def test_timer_compares_with_nothing_else(loop, timer):
    handle = timer(1e9)
    plain = loop.call_soon(sample)
    for other in (plain, 1e9, None, "text"):
        assert handle != other
        with pytest.raises(TypeError, match="not supported between instances"):
            handle < other  # noqa: B015
    plain.cancel()


def test_handles_are_of_the_standard_kinds(loop, timer):
    handle = loop.call_soon(sample)
    assert isinstance(handle, asyncio.Handle)
    assert not isinstance(handle, asyncio.TimerHandle)
    assert isinstance(timer(1e9), asyncio.TimerHandle)
    assert isinstance(timer(1e9), asyncio.Handle)
    handle.cancel()


def test_handle_is_hashable_and_can_be_weakly_referenced(loop):
    handle = loop.call_soon(sample)
    assert handle in {handle}
    reference = weakref.ref(handle)
    handle.cancel()
    assert reference() is handle


@pytest.mark.reference_since(3, 12)
def test_handle_gives_its_context(loop, timer):
    context = contextvars.copy_context()
    handles = [
        loop.call_soon(sample, context=context),
        loop.call_soon_threadsafe(sample, context=context),
        loop.call_later(1000, sample, context=context),
        loop.call_at(1e9, sample, context=context),
    ]
    assert all(handle.get_context() is context for handle in handles)
    default = loop.call_soon(sample)
    assert isinstance(default.get_context(), contextvars.Context)
    for handle in (*handles, default):
        handle.cancel()
    assert handles[0].get_context() is context


def test_dropping_a_handle_does_not_cancel_its_callback(loop, run_once):
    ran = []
    loop.call_soon(ran.append, 1)
    loop.call_later(0, ran.append, 2)
    gc.collect()
    run_once(loop)
    assert ran == [1, 2]


@pytest.mark.parametrize("is_timer", [False, True], ids=["handle", "timer"])
def test_handle_made_by_hand_in_debug_mode_says_where(loop, implementation, is_timer):
    handle_class = implementation.timer_handle_class if is_timer else implementation.handle_class
    loop.set_debug(True)
    arguments = (5, sample, (), loop) if is_timer else (sample, (), loop)
    handle = handle_class(*arguments)
    assert handle._source_traceback[-1].name == "test_handle_made_by_hand_in_debug_mode_says_where"
    assert f"created at {__file__}:" in repr(handle)
