"""Future: awaiting it, and the protocol between an awaited future and the task that waits."""

import asyncio
import types
import warnings

import pytest


@pytest.fixture
def future(loop):
    return loop.create_future()


async def outcome(awaitable):
    try:
        return "returned", await awaitable
    except BaseException as error:
        return "raised", error


def test_awaiting_gives_the_result(loop, future):
    loop.call_soon(future.set_result, "value")
    assert loop.run_until_complete(outcome(future)) == ("returned", "value")


def test_awaiting_raises_the_exception(loop, future):
    error = ValueError()
    loop.call_soon(future.set_exception, error)
    assert loop.run_until_complete(outcome(future)) == ("raised", error)


def test_awaiting_a_cancelled_future_raises_cancelled_error(loop, future):
    loop.call_soon(future.cancel, "message")
    kind, error = loop.run_until_complete(outcome(future))
    assert kind == "raised"
    assert type(error) is asyncio.CancelledError
    assert error.args == ("message",)


def test_future_may_be_awaited_again_and_by_many(loop, future):
    async def main():
        loop.call_soon(future.set_result, "value")
        results = await asyncio.gather(*(outcome(future) for _ in range(10)))
        return {*results, await outcome(future), await outcome(future)}

    assert loop.run_until_complete(main()) == {("returned", "value")}


def test_awaiting_a_done_future_does_not_go_back_to_the_loop(loop, future):
    ran = []

    async def main():
        loop.call_soon(ran.append, "loop")
        await future
        return list(ran)

    future.set_result(None)
    assert loop.run_until_complete(main()) == []


def test_waiter_resumes_in_the_iteration_after_the_result_was_set(loop, future, run_once):
    ran = []

    async def main():
        await future
        ran.append("resumed")

    task = loop.create_task(main())
    run_once(loop)
    loop.call_soon(future.set_result, None)
    run_once(loop)
    assert ran == []
    run_once(loop)
    assert ran == ["resumed"]
    assert task.done()


def test_waiters_resume_in_the_order_they_began_to_wait(loop, future):
    ran = []

    async def wait(number):
        await future
        ran.append(number)

    async def main():
        tasks = [asyncio.create_task(wait(number)) for number in range(10)]
        await asyncio.sleep(0)
        future.set_result(None)
        await asyncio.gather(*tasks)

    loop.run_until_complete(main())
    assert ran == list(range(10))


@pytest.mark.parametrize("method", ["__await__", "__iter__"])
def test_iterator_yields_the_future_itself_and_returns_the_result(future, method):
    iterator = getattr(future, method)()
    assert future._asyncio_future_blocking is False
    assert next(iterator) is future
    assert future._asyncio_future_blocking is True
    future.set_result("value")
    with pytest.raises(StopIteration) as stopped:
        next(iterator)
    assert stopped.value.value == "value"
    with pytest.raises(StopIteration):
        next(iterator)


@pytest.mark.parametrize("value", [None, (1, 2), ValueError("as a value"), StopIteration("as a value"), 0])
def test_iterator_returns_any_value_unchanged(future, value):
    future.set_result(value)
    with pytest.raises(StopIteration) as stopped:
        future.__await__().send(None)
    assert stopped.value.value is value


def test_iterator_resumed_before_the_future_is_done_complains(future):
    iterator = future.__await__()
    iterator.send(None)
    with pytest.raises(RuntimeError, match=r"^await wasn't used with future$"):
        iterator.send(None)


def test_iterator_ignores_what_is_sent_to_it(future):
    assert future.__await__().send("anything") is future


@pytest.mark.parametrize("thrown", [ValueError("thrown"), asyncio.CancelledError("thrown"), KeyError])
def test_exception_thrown_into_the_iterator_comes_out(future, thrown):
    iterator = future.__await__()
    next(iterator)
    with pytest.raises((ValueError, KeyError, asyncio.CancelledError)) as raised:
        iterator.throw(thrown)
    assert raised.value is thrown or type(raised.value) is thrown
    assert not future.done()


@pytest.mark.parametrize("refused", [1, "text", int, None])
def test_only_exceptions_can_be_thrown_into_the_iterator(future, refused):
    with pytest.raises(TypeError, match=r"^exceptions must be classes "):
        future.__await__().throw(refused)


def test_throwing_a_class_and_an_instance_is_deprecated_where_it_is_for_coroutines(loop, future):
    async def wait():
        await future

    recorded = []
    coroutine = wait()
    coroutine.send(None)
    for target in (coroutine, future.__await__()):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with pytest.raises(ValueError, match="thrown"):
                target.throw(ValueError, ValueError("thrown"))
        recorded.append({(each.category, str(each.message), each.filename) for each in caught})
    assert recorded[0] == recorded[1]


@pytest.mark.parametrize("name", ["_asyncio_future_blocking", "_log_traceback"])
def test_what_other_implementations_look_at_cannot_be_deleted(future, name):
    with pytest.raises(AttributeError):
        delattr(future, name)


@pytest.mark.only_ouroloop
def test_closed_iterator_is_exhausted(future):
    # The standard library's reads freed memory here on some versions.
    iterator = future.__await__()
    next(iterator)
    assert iterator.close() is None
    with pytest.raises(StopIteration):
        next(iterator)
    with pytest.raises(ValueError, match="thrown"):
        iterator.throw(ValueError("thrown"))


def test_generator_based_coroutine_may_yield_from_a_future(loop, future):
    @types.coroutine
    def main():
        return (yield from future)

    loop.call_soon(future.set_result, "value")
    assert loop.run_until_complete(main()) == "value"


def test_waiting_on_a_future_of_another_loop_is_refused(loop, loop_factory):
    other = loop_factory()
    foreign = other.create_future()

    async def main():
        await foreign

    task = loop.create_task(main())
    with pytest.raises(RuntimeError) as raised:
        loop.run_until_complete(task)
    message = str(raised.value)
    assert message.startswith("Task <Task pending name=")
    assert message.endswith(f" got Future {foreign!r} attached to a different loop")
    assert not foreign.done()
    other.close()


def test_waiting_on_a_future_of_another_kind_of_loop_is_refused(loop):
    other = asyncio.SelectorEventLoop()
    foreign = other.create_future()

    async def main():
        await foreign

    with pytest.raises(RuntimeError, match=r"attached to a different loop$"):
        loop.run_until_complete(main())
    other.close()


class DuckFuture:
    """A future that shares nothing with asyncio's but the protocol."""

    _asyncio_future_blocking = False

    def __init__(self, loop):
        self._loop = loop
        self.callbacks = []
        self.value = None
        self.is_done = False
        self.cancel_messages = []

    def get_loop(self):
        return self._loop

    def add_done_callback(self, callback, *, context=None):
        self.callbacks.append((callback, context))

    def remove_done_callback(self, callback):
        self.callbacks = [each for each in self.callbacks if each[0] != callback]

    def set_result(self, value):
        self.value, self.is_done = value, True
        for callback, context in self.callbacks:
            self._loop.call_soon(callback, self, context=context)

    def done(self):
        return self.is_done

    def cancelled(self):
        return False

    def result(self):
        return self.value

    def exception(self):
        return None

    def cancel(self, msg=None):
        self.cancel_messages.append(msg)
        return False

    def __await__(self):
        if not self.is_done:
            self._asyncio_future_blocking = True
            yield self
        return self.value


def test_foreign_future_that_keeps_the_protocol_can_be_awaited(loop):
    duck = DuckFuture(loop)
    assert asyncio.isfuture(duck)

    async def main():
        task = asyncio.current_task()
        loop.call_soon(lambda: waited_for.append((task._fut_waiter, duck._asyncio_future_blocking)))
        loop.call_soon(loop.call_soon, duck.set_result, "from the duck")
        return await duck

    waited_for = []
    assert loop.run_until_complete(main()) == "from the duck"
    assert waited_for == [(duck, False)]


def test_foreign_future_is_asked_to_cancel_with_the_message(loop):
    duck = DuckFuture(loop)

    async def main():
        return await outcome(duck)

    task = loop.create_task(main())
    loop.call_soon(task.cancel, "message")
    loop.call_soon(loop.call_soon, duck.set_result, None)
    kind, error = loop.run_until_complete(task)
    # It said that it could not be cancelled, so the task is told itself.
    assert duck.cancel_messages == ["message"]
    assert (kind, error.args) == ("raised", ("message",))


def test_foreign_future_without_get_loop_is_recognised_by_its_loop_attribute(loop):
    class Older(DuckFuture):
        get_loop = property()

    duck = Older(loop)
    loop.call_soon(loop.call_soon, duck.set_result, 1)
    assert loop.run_until_complete(outcome(duck)) == ("returned", 1)


def test_future_yielded_without_blocking_is_refused(loop, future):
    @types.coroutine
    def main():
        yield future

    with pytest.raises(RuntimeError) as raised:
        loop.run_until_complete(main())
    message = str(raised.value)
    assert message.startswith("yield was used instead of yield from in task <Task pending ")
    assert message.endswith(f" with {future!r}")
