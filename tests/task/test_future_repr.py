"""Future: its repr in each state."""

import functools
import inspect

import pytest


def first(_future):
    """A callback with a place in this file."""


def second(_future):
    """Another one."""


def place(function):
    return f"{__file__}:{inspect.getsourcelines(function)[1]}"


@pytest.fixture
def future(loop):
    return loop.create_future()


def test_states(loop):
    pending, finished, failed, cancelled = (loop.create_future() for _ in range(4))
    finished.set_result("value")
    failed.set_exception(ValueError("wrong"))
    cancelled.cancel("message")
    assert repr(pending) == "<Future pending>"
    assert repr(finished) == "<Future finished result='value'>"
    assert repr(failed) == "<Future finished exception=ValueError('wrong')>"
    assert repr(cancelled) == "<Future cancelled>"
    assert str(finished) == repr(finished)
    failed.exception()


def test_long_result_is_shortened(future):
    future.set_result("x" * 1000)
    assert repr(future) == "<Future finished result='xxxxxxxxxxxx...xxxxxxxxxxxxx'>"


def test_result_that_is_the_future_itself_does_not_recurse(future):
    future.set_result(future)
    assert repr(future) == "<Future finished result=...>"


def test_result_that_holds_the_future_does_not_recurse(future):
    future.set_result([future])
    assert repr(future) == "<Future finished result=[...]>"


def test_one_callback(future):
    future.add_done_callback(first)
    assert repr(future) == f"<Future pending cb=[first() at {place(first)}]>"


def test_two_callbacks(future):
    future.add_done_callback(first)
    future.add_done_callback(second)
    assert repr(future) == f"<Future pending cb=[first() at {place(first)}, second() at {place(second)}]>"


def test_more_callbacks_are_counted(future):
    for callback in (first, print, print, second):
        future.add_done_callback(callback)
    expected = f"<Future pending cb=[first() at {place(first)}, <2 more>, second() at {place(second)}]>"
    assert repr(future) == expected


def test_callbacks_of_other_kinds(future):
    future.add_done_callback(functools.partial(first))
    future.add_done_callback([].append)
    assert repr(future) == f"<Future pending cb=[first()() at {place(first)}, list.append()]>"


def test_callbacks_are_gone_once_the_future_is_done(future):
    future.add_done_callback(first)
    future.set_result(1)
    assert repr(future) == "<Future finished result=1>"


def test_name_is_that_of_the_class(loop, future_class):
    class Own(future_class):
        pass

    assert repr(Own(loop=loop)) == "<Own pending>"


def test_error_in_the_repr_of_a_result_is_not_hidden(future):
    class Broken:
        def __repr__(self):
            raise ZeroDivisionError

    future.set_result(Broken())
    # What shortens the result replaces a repr that fails.
    assert repr(future).startswith("<Future finished result=<Broken instance at 0x")
