"""Future: its states, what moves it from one to the next, and what is refused."""

import asyncio
import copy
import gc
import pickle
import weakref

import pytest


@pytest.fixture
def future(loop):
    return loop.create_future()


def test_new_future_is_pending(future, loop):
    assert not future.done()
    assert not future.cancelled()
    assert future.get_loop() is loop
    with pytest.raises(asyncio.InvalidStateError, match=r"^Result is not set\.$"):
        future.result()
    with pytest.raises(asyncio.InvalidStateError, match=r"^Exception is not set\.$"):
        future.exception()


@pytest.mark.parametrize("value", [None, 0, "text", (), asyncio.CancelledError, ValueError("as a value")])
def test_result_is_given_back_as_often_as_asked(future, value):
    assert future.set_result(value) is None
    assert future.done()
    assert not future.cancelled()
    for _ in range(2):
        assert future.result() is value
        assert future.exception() is None


def test_exception_is_raised_by_result_and_returned_by_exception(future):
    error = ValueError("kept")
    assert future.set_exception(error) is None
    assert future.done()
    assert not future.cancelled()
    for _ in range(2):
        assert future.exception() is error
        with pytest.raises(ValueError, match="kept") as raised:
            future.result()
        assert raised.value is error


def test_exception_class_is_instantiated(future):
    future.set_exception(KeyError)
    assert type(future.exception()) is KeyError
    assert future.exception().args == ()


def test_exception_class_that_fails_to_be_instantiated_leaves_the_future_pending(future):
    class DemandingError(Exception):
        def __init__(self):
            raise RuntimeError("cannot be made")

    with pytest.raises(RuntimeError, match="cannot be made"):
        future.set_exception(DemandingError)
    assert not future.done()


@pytest.mark.parametrize("refused", [1, None, int, "text", object])
def test_exception_must_be_one(future, refused):
    with pytest.raises(TypeError, match=r"^invalid exception object$"):
        future.set_exception(refused)
    assert not future.done()


@pytest.mark.reference_since(3, 13)
@pytest.mark.parametrize("given", [StopIteration, StopIteration("value")])
def test_stop_iteration_is_wrapped(future, given):
    future.set_exception(given)
    error = future.exception()
    assert type(error) is RuntimeError
    assert str(error) == "StopIteration interacts badly with generators and cannot be raised into a Future"
    assert isinstance(error.__cause__, StopIteration)
    assert error.__context__ is error.__cause__


def test_exception_kept_in_two_futures_is_the_same_object(loop):
    error = ValueError()
    first, second = loop.create_future(), loop.create_future()
    first.set_exception(error)
    second.set_exception(error)
    assert first.exception() is second.exception()


def test_traceback_does_not_grow_with_each_call_of_result(future):
    def length(error):
        count, traceback = 0, error.__traceback__
        while traceback is not None:
            count, traceback = count + 1, traceback.tb_next
        return count

    future.set_exception(ValueError())
    lengths = []
    for _ in range(5):
        with pytest.raises(ValueError) as raised:  # noqa: PT011
            future.result()
        lengths.append(length(raised.value))
    assert len(set(lengths)) == 1


def test_cancelled_future_raises_cancelled_error(future):
    assert future.cancel() is True
    assert future.done()
    assert future.cancelled()
    for ask in (future.result, future.exception, future.result):
        with pytest.raises(asyncio.CancelledError) as raised:
            ask()
        assert raised.value.args == ()


@pytest.mark.parametrize("message", ["text", 7, ("a", "tuple"), ""])
def test_cancelled_future_raises_with_the_message(future, message):
    assert future.cancel(message) is True
    errors = []
    for ask in (future.result, future.exception, future.result):
        with pytest.raises(asyncio.CancelledError) as raised:
            ask()
        assert raised.value.args == (message,)
        errors.append(raised.value)
    assert errors[0] is not errors[1]
    assert future._cancel_message == message


def test_cancel_message_may_be_named(loop):
    future = loop.create_future()
    future.cancel(msg="named")
    with pytest.raises(asyncio.CancelledError, match="named"):
        future.result()


def test_first_cancel_decides_the_message(future):
    assert future.cancel("first") is True
    assert future.cancel("second") is False
    with pytest.raises(asyncio.CancelledError, match="first"):
        future.result()


def finish_with_result(future):
    future.set_result(1)


def finish_with_exception(future):
    future.set_exception(ValueError())
    future.exception()


def finish_with_cancel(future):
    future.cancel()


@pytest.mark.parametrize("finish", [finish_with_result, finish_with_exception, finish_with_cancel])
def test_future_that_is_done_stays_as_it_is(future, finish):
    finish(future)
    before = repr(future)
    with pytest.raises(asyncio.InvalidStateError, match=r"^invalid state$"):
        future.set_result(2)
    with pytest.raises(asyncio.InvalidStateError, match=r"^invalid state$"):
        future.set_exception(KeyError())
    assert future.cancel("too late") is False
    assert repr(future) == before


def test_state_has_a_private_name_that_packages_read(loop):
    pending, finished, cancelled = (loop.create_future() for _ in range(3))
    finished.set_result("value")
    cancelled.cancel()
    assert [each._state for each in (pending, finished, cancelled)] == ["PENDING", "FINISHED", "CANCELLED"]
    assert finished._result == "value"
    assert finished._exception is None
    assert pending._result is None
    assert pending._loop is loop
    assert pending._source_traceback is None
    for name in ("_state", "_result", "_exception", "_loop", "_callbacks"):
        with pytest.raises(AttributeError):
            setattr(pending, name, None)


def test_log_traceback_can_only_be_switched_off(future, capture_errors):
    future.set_exception(ValueError())
    assert future._log_traceback is True
    with pytest.raises(ValueError, match=r"^_log_traceback can only be set to False$"):
        future._log_traceback = True
    future._log_traceback = False
    assert future._log_traceback is False
    del future
    assert capture_errors == []


def test_constructor_takes_only_the_loop_and_by_name(loop, future_class):
    assert future_class(loop=loop).get_loop() is loop
    with pytest.raises(TypeError):
        future_class(loop)
    with pytest.raises(TypeError):
        future_class(loop=loop, result=1)


def test_constructor_refuses_what_is_no_loop(future_class):
    with pytest.raises(AttributeError, match="get_debug"):
        future_class(loop=object())


def test_constructor_takes_the_running_loop(loop, future_class):
    async def main():
        return future_class().get_loop(), future_class(loop=None).get_loop()

    assert loop.run_until_complete(main()) == (loop, loop)


@pytest.mark.reference_since(3, 14)
def test_constructor_without_any_loop_is_refused(future_class):
    with pytest.raises(RuntimeError, match=r"^There is no current event loop in thread 'MainThread'\.$"):
        future_class()


@pytest.mark.reference_since(3, 15)
def test_constructing_again_is_refused(future, loop):
    future.set_result("kept")
    with pytest.raises(RuntimeError, match=r"Future object is already initialized$"):
        future.__init__(loop=loop)
    assert future.result() == "kept"


@pytest.mark.only_ouroloop
def test_future_that_was_never_initialized_says_so(future_class):
    raw = future_class.__new__(future_class)
    calls = (
        raw.cancel,
        raw.get_loop,
        raw.__repr__,
        raw.__await__,
        lambda: raw.set_result(1),
        lambda: raw.set_exception(ValueError()),
        lambda: raw.add_done_callback(print),
        lambda: raw.remove_done_callback(print),
    )
    for call in calls:
        with pytest.raises(RuntimeError, match=r"Future object"):
            call()
    assert raw.done() is False


def test_every_loop_kind_serves_as_the_loop(future_class, loop):
    other = asyncio.SelectorEventLoop()
    future = future_class(loop=other)
    seen = []
    future.add_done_callback(lambda done: seen.append(done.result()))
    future.set_result("on another kind of loop")
    other.call_soon(other.stop)
    other.run_forever()
    other.close()
    assert seen == ["on another kind of loop"]


def test_future_is_one_for_asyncio(future, future_class):
    assert asyncio.isfuture(future)
    assert asyncio.isfuture(future_class.__new__(future_class))
    assert isinstance(future, asyncio.Future)
    assert not isinstance(future, asyncio.Task)
    assert asyncio.ensure_future(future) is future
    assert asyncio.wrap_future(future) is future


def test_futures_are_equal_only_to_themselves(loop):
    first, second = loop.create_future(), loop.create_future()
    assert first == first
    assert first != second
    assert len({first, second, first}) == 2
    with pytest.raises(TypeError):
        first < second  # noqa: B015


def test_future_can_be_weakly_referenced(loop):
    future = loop.create_future()
    reference = weakref.ref(future)
    assert reference() is future
    del future
    assert reference() is None


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_future_cannot_be_copied(future, duplicate):
    with pytest.raises(TypeError):
        duplicate(future)


def test_class_may_be_subscripted(future_class, task_class):
    assert future_class[int].__args__ == (int,)
    assert task_class[int].__origin__ is task_class


def test_subclass_may_add_attributes_and_override_methods(loop, future_class):
    class Labelled(future_class):
        def __init__(self, label, *, loop):
            super().__init__(loop=loop)
            self.label = label

        def set_result(self, result):
            super().set_result((self.label, result))

    future = Labelled("label", loop=loop)
    loop.call_soon(future.set_result, 1)
    assert loop.run_until_complete(future) == ("label", 1)
    assert repr(future).startswith("<Labelled finished result=")


def test_overridden_methods_are_used_when_a_subclass_is_awaited(loop, future_class):
    class Odd(future_class):
        def result(self):
            return "overridden"

    async def main():
        future = Odd(loop=loop)
        loop.call_soon(future.set_result, "plain")
        await future
        return future.result()

    assert loop.run_until_complete(main()) == "overridden"


def test_subclass_that_does_not_initialize_its_future_is_told_so(future_class):
    class Uninitialized(future_class):
        def __init__(self):
            pass

    with pytest.raises(RuntimeError, match=r"^Future object is not initialized\.$"):
        Uninitialized().get_loop()


def test_programs_keep_attributes_on_futures_and_tasks(loop):
    async def main():
        pass

    future, task = loop.create_future(), loop.create_task(main())
    for each in (future, task):
        with pytest.raises(AttributeError):
            _ = each.of_a_program
        each.of_a_program = [each]
        assert each.of_a_program == [each]
        del each.of_a_program
        assert not hasattr(each, "of_a_program")
    loop.run_until_complete(task)


def test_attributes_of_a_future_are_collected_with_it(loop):
    class Kept:
        pass

    future = loop.create_future()
    kept = Kept()
    reference = weakref.ref(kept)
    future.kept, kept.future = kept, future
    del kept, future
    gc.collect()
    assert reference() is None
