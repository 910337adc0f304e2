"""call_exception_handler: who is told of an error, in which words, and what a failing handler does."""

import asyncio
import contextvars
import gc
import logging
import traceback

import pytest


@pytest.fixture
def quiet_loop(loop_factory):
    """A loop with the default exception handler."""
    loop = loop_factory()
    yield loop
    loop.close()


@pytest.fixture
def logged(asyncio_log, quiet_loop):
    """What the asyncio logger is told once the loop was made."""
    asyncio_log.clear()
    return asyncio_log


def test_default_handler_is_the_start_and_none_brings_it_back(quiet_loop):
    def handler(_loop, _context):
        pass

    assert quiet_loop.get_exception_handler() is None
    quiet_loop.set_exception_handler(handler)
    assert quiet_loop.get_exception_handler() is handler
    quiet_loop.set_exception_handler(None)
    assert quiet_loop.get_exception_handler() is None


@pytest.mark.parametrize("refused", [1, "handler", []])
def test_handler_must_be_callable(quiet_loop, refused):
    with pytest.raises(TypeError) as raised:
        quiet_loop.set_exception_handler(refused)
    assert str(raised.value) == f"A callable object or None is expected, got {refused!r}"


def test_default_handler_logs_message_and_details_in_alphabetical_order(quiet_loop, logged):
    error = ValueError("what went wrong")
    quiet_loop.call_exception_handler(
        {"zebra": 1, "message": "the message", "exception": error, "apple": "two"}
    )
    (record,) = logged
    assert record.name == "asyncio"
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "the message\napple: 'two'\nzebra: 1"
    assert record.exc_info[0] is ValueError
    assert record.exc_info[1] is error


def test_default_handler_has_a_message_of_its_own(quiet_loop, logged):
    quiet_loop.call_exception_handler({})
    quiet_loop.call_exception_handler({"message": ""})
    assert [record.getMessage() for record in logged] == ["Unhandled exception in event loop"] * 2
    assert not any(record.exc_info for record in logged)


def test_default_handler_writes_tracebacks_as_text(quiet_loop, logged):
    traceback = [("program.py", 7, "main", "await something()")]
    quiet_loop.call_exception_handler(
        {"message": "m", "source_traceback": traceback, "handle_traceback": traceback}
    )
    frame = '  File "program.py", line 7, in main\n    await something()'
    assert logged[0].getMessage() == (
        f"m\nhandle_traceback: Handle created at (most recent call last):\n{frame}"
        f"\nsource_traceback: Object created at (most recent call last):\n{frame}"
    )


def test_default_handler_reports_an_error_in_a_callback(quiet_loop, logged, run_once):
    def fail():
        raise ZeroDivisionError("in a callback")

    quiet_loop.call_soon(fail)
    run_once(quiet_loop)
    (record,) = logged
    first, second = record.getMessage().splitlines()
    assert first.startswith("Exception in callback test_default_handler_reports")
    assert second.startswith("handle: <Handle test_default_handler_reports")
    assert record.exc_info[0] is ZeroDivisionError
    assert traceback.extract_tb(record.exc_info[2])[-1].name == "fail"


def test_default_handler_can_be_called_from_a_handler(quiet_loop, logged):
    quiet_loop.set_exception_handler(lambda loop, context: loop.default_exception_handler(context))
    quiet_loop.call_exception_handler({"message": "passed on"})
    assert [record.getMessage() for record in logged] == ["passed on"]


def test_handler_gets_the_loop_and_the_very_context(quiet_loop, logged):
    calls = []
    quiet_loop.set_exception_handler(lambda *arguments: calls.append(arguments))
    context = {"message": "m"}
    assert quiet_loop.call_exception_handler(context) is None
    ((loop, seen),) = calls
    assert loop is quiet_loop
    assert seen is context
    assert logged == []


def test_failing_handler_is_reported_by_the_default_one(quiet_loop, logged):
    error = ZeroDivisionError("in the handler")

    def fail(_loop, _context):
        raise error

    quiet_loop.set_exception_handler(fail)
    quiet_loop.call_exception_handler({"message": "original"})
    (record,) = logged
    assert record.getMessage() == "Unhandled error in exception handler\ncontext: {'message': 'original'}"
    assert record.exc_info[1] is error


def test_failing_handler_does_not_stop_the_loop(quiet_loop, logged, run_once):
    def fail(_loop, _context):
        raise RuntimeError("in the handler")

    ran = []
    quiet_loop.set_exception_handler(fail)
    quiet_loop.call_soon(lambda: 1 / 0)
    quiet_loop.call_soon(ran.append, "after")
    run_once(quiet_loop)
    assert ran == ["after"]
    assert len(logged) == 1


@pytest.mark.parametrize("error_class", [KeyboardInterrupt, SystemExit])
def test_interrupt_in_a_handler_is_passed_through(quiet_loop, error_class):
    def fail(_loop, _context):
        raise error_class

    quiet_loop.set_exception_handler(fail)
    with pytest.raises(error_class):
        quiet_loop.call_exception_handler({"message": "m"})
    quiet_loop.call_soon(lambda: 1 / 0)
    with pytest.raises(error_class):
        quiet_loop.run_forever()


def test_other_base_exception_in_a_handler_is_reported(quiet_loop, logged):
    class OddError(BaseException):
        pass

    def fail(_loop, _context):
        raise OddError

    quiet_loop.set_exception_handler(fail)
    quiet_loop.call_exception_handler({"message": "m"})
    assert logged[0].exc_info[0] is OddError


def test_default_handler_of_a_subclass_is_used_and_may_fail(implementation, asyncio_log):
    class Failing(implementation.loop_class):
        def default_exception_handler(self, context):
            raise ZeroDivisionError

    loop = Failing(**implementation.loop_arguments)
    try:
        asyncio_log.clear()
        loop.call_exception_handler({"message": "m"})
        loop.set_exception_handler(lambda _loop, _context: 1 / 0)
        loop.call_exception_handler({"message": "m"})
        own, foreign = (record.getMessage() for record in asyncio_log)
    finally:
        loop.close()
    assert own == "Exception in default exception handler"
    assert foreign == f"{own} while handling an unexpected error in custom exception handler"


@pytest.mark.reference_since(3, 12)
@pytest.mark.parametrize("key", ["task", "future", "handle"])
def test_handler_runs_in_the_context_of_what_failed(loop, capture_errors, key):
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []

    class Thing:
        def get_context(self):
            context = contextvars.copy_context()
            context.run(variable.set, "of the thing")
            return context

    loop.set_exception_handler(lambda _loop, _context: seen.append(variable.get()))
    loop.call_exception_handler({"message": "m", key: Thing()})
    loop.call_exception_handler({"message": "m", key: object()})
    loop.call_exception_handler({"message": "m"})
    assert seen == ["of the thing", "unset", "unset"]


@pytest.mark.reference_since(3, 12)
def test_handler_runs_in_the_context_of_the_failing_callback(loop, run_once):
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []

    def fail():
        variable.set("changed by the callback")
        raise ZeroDivisionError

    variable.set("scheduled")
    loop.set_exception_handler(lambda _loop, _context: seen.append(variable.get()))
    loop.call_soon(fail)
    variable.set("later")
    run_once(loop)
    assert seen == ["changed by the callback"]


def test_errors_are_reported_once_each(loop, capture_errors):
    async def fail(number):
        raise ValueError(number)

    tasks = [loop.create_task(fail(number)) for number in range(3)]
    loop.run_until_complete(asyncio.wait(tasks))
    del tasks
    gc.collect()
    assert sorted(context["exception"].args[0] for context in capture_errors) == [0, 1, 2]
    assert {context["message"] for context in capture_errors} == {"Task exception was never retrieved"}


def test_handler_may_stop_the_loop(loop):
    loop.set_exception_handler(lambda loop, _context: loop.stop())
    loop.call_soon(lambda: 1 / 0)
    loop.run_forever()
    assert not loop.is_running()


@pytest.mark.only_ouroloop
def test_default_handler_prints_plainly_while_the_interpreter_ends(run_script):
    source = """
import sys

class Late:
    def __init__(self, future):
        self.future, self.itself = future, self

loop = new_event_loop()
future = loop.create_future()
future.set_exception(ValueError("late"))
sys.modules["kept until the end"] = Late(future)
del future
loop.close()
"""
    errors = run_script(source).stderr
    assert errors.startswith("Future exception was never retrieved\n")
    assert errors.endswith("ValueError('late')\n")
    assert "Traceback" not in errors


@pytest.mark.only_ouroloop
def test_loop_that_is_left_open_in_debug_mode_is_reported_while_the_interpreter_ends(run_script):
    source = """
import os

async def main():
    asyncio.create_task(asyncio.sleep(100))
    asyncio.get_running_loop().call_later(50, print)
    reader, writer = os.pipe()
    asyncio.get_running_loop().add_reader(reader, print)

loop = new_event_loop()
loop.run_until_complete(main())
"""
    errors = run_script(source, interpreter_options=("-X", "dev")).stderr
    assert "Task was destroyed but it is pending!\n" in errors
    assert "source_traceback: Object created at (most recent call last):\n" in errors
    assert "ImportError" not in errors
    assert "Logging error" not in errors


@pytest.mark.parametrize("context", [None, 5, ["message"]])
def test_default_handler_refuses_what_is_no_dictionary(quiet_loop, context):
    with pytest.raises(AttributeError, match=f"^'{type(context).__name__}' object has no attribute 'get'$"):
        quiet_loop.default_exception_handler(context)
