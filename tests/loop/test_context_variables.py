"""Context variables: every callback runs in the context that it was registered in."""

import asyncio
import contextvars
import socket

import pytest

variable = contextvars.ContextVar("variable", default="unset")


@pytest.fixture(autouse=True)
def variable_is_put_back():
    token = variable.set("unset")
    yield
    variable.reset(token)


class Recorder:
    """A callback that keeps the variable's value and then changes it, which nobody else may see."""

    def __init__(self):
        self.seen = []

    def __call__(self, *_):
        self.seen.append(variable.get())
        variable.set("changed by a callback")


def test_each_kind_of_callback_sees_the_value_of_its_registration(loop, run_once):
    recorder = Recorder()
    future = loop.create_future()
    registrations = [
        lambda: loop.call_soon(recorder),
        lambda: loop.call_soon_threadsafe(recorder),
        lambda: loop.call_later(0, recorder),
        lambda: loop.call_at(0, recorder),
        lambda: future.add_done_callback(recorder),
    ]
    for number, register in enumerate(registrations):
        variable.set(number)
        register()
    variable.set("later")
    future.set_result(None)
    run_once(loop)
    run_once(loop)
    assert sorted(recorder.seen) == list(range(len(registrations)))
    assert variable.get() == "later"


def test_each_kind_of_callback_takes_a_context(loop, run_once):
    context = contextvars.Context()
    context.run(variable.set, "of the context")
    seen = []

    def record(*_):
        seen.append(variable.get())

    future, done = loop.create_future(), loop.create_future()
    done.set_result(None)
    loop.call_soon(record, context=context)
    loop.call_soon_threadsafe(record, context=context)
    loop.call_later(0, record, context=context)
    loop.call_at(0, record, context=context)
    future.add_done_callback(record, context=context)
    done.add_done_callback(record, context=context)
    future.set_result(None)
    run_once(loop)
    run_once(loop)
    assert seen == ["of the context"] * 6


def test_task_runs_in_a_copy_of_the_context_it_was_made_in(loop):
    async def child():
        before = variable.get()
        variable.set("changed by the child")
        await asyncio.sleep(0)
        return before, variable.get()

    async def main():
        variable.set("of main")
        task = asyncio.create_task(child())
        variable.set("later")
        return await task, variable.get()

    assert loop.run_until_complete(main()) == (("of main", "changed by the child"), "later")
    assert variable.get() == "unset"


def test_every_step_of_a_task_runs_in_the_same_context(loop):
    async def main():
        for number in range(5):
            variable.set(number)
            await asyncio.sleep(0 if number % 2 else 0.0001)
            assert variable.get() == number
        future = loop.create_future()
        context = contextvars.Context()
        context.run(variable.set, "of who completes the future")
        loop.call_soon(future.set_result, None, context=context)
        await future
        return variable.get()

    assert loop.run_until_complete(main()) == 4


def test_transport_callbacks_run_in_the_context_the_connection_was_made_in(loop):
    left, right = socket.socketpair()
    seen = {}

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport):
            seen["connection_made"] = variable.get()

        def data_received(self, data):
            seen["data_received"] = variable.get()

        def connection_lost(self, error):
            seen["connection_lost"] = variable.get()
            closed.set_result(None)

    async def main():
        variable.set("of the connection")
        await loop.create_connection(Protocol, sock=left)
        variable.set("later")
        right.send(b"data")
        while "data_received" not in seen:
            await asyncio.sleep(0)
        right.close()
        await closed

    closed = loop.create_future()
    loop.run_until_complete(main())
    assert seen["data_received"] == "of the connection"
    assert set(seen.values()) == {"of the connection"}


def test_callbacks_scheduled_by_a_callback_inherit_its_context(loop, run_once):
    seen = []

    def outer():
        variable.set("of outer")
        loop.call_soon(inner)

    def inner():
        seen.append(variable.get())

    loop.call_soon(outer)
    loop.call_soon(inner)
    run_once(loop)
    run_once(loop)
    assert seen == ["unset", "of outer"]


@pytest.mark.reference_since(3, 12)
def test_context_that_is_entered_already_is_reported_when_the_callback_runs(loop, run_once, asyncio_log):
    context = contextvars.copy_context()
    loop.call_soon(print, context=context)
    context.run(run_once, loop)
    # The exception handler cannot enter the context either, so the default one speaks for both.
    (record,) = (record for record in asyncio_log if record.exc_info)
    assert record.getMessage().startswith("Unhandled error in exception handler\ncontext: {'message': ")
    assert "is already entered" in str(record.exc_info[1])


def test_runner_keeps_one_context_over_several_runs(loop_factory):
    async def change(value):
        previous = variable.get()
        variable.set(value)
        return previous

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(change("first")) == "unset"
        assert runner.run(change("second")) == "first"
        own = contextvars.Context()
        assert runner.run(change("third"), context=own) == "unset"
        assert own[variable] == "third"
