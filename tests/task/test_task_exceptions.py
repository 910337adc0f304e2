"""Task: exceptions that end it, their tracebacks and their contexts."""

import asyncio
import sys
import traceback

import pytest


def function_names(error):
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


def test_exception_ends_the_task_and_is_kept(loop):
    error = ValueError()

    async def main():
        raise error

    task = loop.create_task(main())
    loop.run_until_complete(asyncio.wait([task]))
    assert task.done()
    assert not task.cancelled()
    assert task.exception() is error
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        task.result()
    assert raised.value is error


def test_traceback_shows_the_users_functions_from_the_outside_in(loop):
    async def inner():
        await asyncio.sleep(0)
        raise ValueError

    async def outer():
        await inner()

    task = loop.create_task(outer())
    loop.run_until_complete(asyncio.wait([task]))
    assert function_names(task.exception()) == ["outer", "inner"]


def test_traceback_of_an_awaited_task_shows_both_sides(loop):
    async def child():
        raise ValueError

    async def parent():
        await asyncio.create_task(child(), name="child")

    with pytest.raises(ValueError) as raised:  # noqa: PT011
        loop.run_until_complete(parent())
    names = [name for name in function_names(raised.value) if name in ("parent", "child")]
    assert names == ["parent", "child"]


def test_traceback_does_not_grow_when_many_await_the_same_task(loop):
    async def child():
        raise ValueError

    async def parent(task):
        try:
            await task
        except ValueError as error:
            return function_names(error)

    async def main():
        task = asyncio.create_task(child())
        return [await parent(task) for _ in range(3)]

    first, second, third = loop.run_until_complete(main())
    assert first == ["parent", "child"]
    assert second == third
    assert second[0] == "parent"


@pytest.mark.parametrize("error_class", [KeyboardInterrupt, SystemExit])
def test_interrupt_is_kept_and_leaves_run_forever(loop, error_class):
    error = error_class("from a task")

    async def main():
        raise error

    task = loop.create_task(main())
    with pytest.raises(error_class) as raised:
        loop.run_forever()
    assert raised.value is error
    assert task.done()
    assert not task.cancelled()
    assert task.exception() is error


@pytest.mark.parametrize("error_class", [KeyboardInterrupt, SystemExit])
def test_interrupt_of_a_child_leaves_the_loop_while_the_parent_waits(loop, error_class):
    async def child():
        raise error_class

    async def parent():
        await asyncio.create_task(child())

    task = loop.create_task(parent())
    with pytest.raises(error_class):
        loop.run_until_complete(task)
    # The parent is told when the loop runs again.
    with pytest.raises(error_class):
        loop.run_until_complete(task)
    assert isinstance(task.exception(), error_class)


def test_other_base_exception_is_kept_and_does_not_leave_the_loop(loop):
    class OddError(BaseException):
        pass

    error = OddError()

    async def main():
        raise error

    task = loop.create_task(main())
    loop.run_until_complete(asyncio.wait([task]))
    assert task.exception() is error


def test_generator_exit_is_kept(loop):
    async def main():
        raise GeneratorExit

    task = loop.create_task(main())
    loop.run_until_complete(asyncio.wait([task]))
    assert isinstance(task.exception(), GeneratorExit)


def test_callbacks_run_after_an_interrupt_when_the_loop_runs_again(loop, run_once):
    ran = []

    async def main():
        raise KeyboardInterrupt

    task = loop.create_task(main())
    task.add_done_callback(ran.append)
    with pytest.raises(KeyboardInterrupt):
        loop.run_forever()
    run_once(loop)
    assert ran == [task]
    task.exception()


def test_context_and_cause_of_an_exception_are_the_coroutines(loop):
    async def main():
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("second") from error

    task = loop.create_task(main())
    loop.run_until_complete(asyncio.wait([task]))
    assert isinstance(task.exception().__cause__, KeyError)
    assert isinstance(task.exception().__context__, KeyError)


def test_step_outside_an_except_block_does_not_inherit_its_context(loop):
    """What the loop handles between two steps of a task is no business of the task's."""

    async def child():
        await asyncio.sleep(0)
        raise ValueError

    async def main():
        task = asyncio.create_task(child())
        try:
            raise KeyError
        except KeyError:
            await asyncio.wait([task])
        return task.exception().__context__

    assert loop.run_until_complete(main()) is None


def test_exception_info_of_a_coroutine_survives_its_suspension(loop):
    async def main():
        try:
            raise KeyError
        except KeyError:
            before = sys.exc_info()[1]
            await asyncio.sleep(0)
            return before is sys.exc_info()[1]

    assert loop.run_until_complete(main()) is True
    assert sys.exc_info() == (None, None, None)


def test_exception_set_on_the_awaited_future_gets_the_waiters_frame(loop):
    async def waiter():
        await future

    future = loop.create_future()
    loop.call_soon(future.set_exception, ValueError("set"))
    with pytest.raises(ValueError, match="set") as raised:
        loop.run_until_complete(waiter())
    assert "waiter" in function_names(raised.value)


def test_exception_groups_pass_through(loop):
    async def fail(error):
        raise error

    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(ValueError(1)))
            group.create_task(fail(KeyError(2)))

    with pytest.raises(ExceptionGroup) as raised:
        loop.run_until_complete(main())
    assert [type(error) for error in raised.value.exceptions] == [ValueError, KeyError]


def test_task_that_failed_while_being_cancelled_keeps_the_exception(loop):
    async def main():
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise ValueError("instead") from None

    task = loop.create_task(main())
    loop.call_soon(task.cancel)
    with pytest.raises(ValueError, match="instead"):
        loop.run_until_complete(task)
    assert not task.cancelled()
