"""Task: how the message and the traceback of a cancellation travel, and how requests are counted."""

import asyncio
import traceback

import pytest


async def sleeper():
    await asyncio.sleep(30)


def cancelled_error(loop, awaitable):
    with pytest.raises(asyncio.CancelledError) as raised:
        loop.run_until_complete(awaitable)
    return raised.value


@pytest.mark.parametrize("message", [None, "text", 5, ("tuple",), ""])
@pytest.mark.parametrize("begun", [False, True], ids=["before-the-first-step", "while-waiting"])
def test_message_reaches_the_coroutine_and_who_awaits_the_task(loop, run_once, message, begun):
    caught = []

    async def main():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError as error:
            caught.append(error.args)
            raise

    task = loop.create_task(main())
    if begun:
        run_once(loop)
    task.cancel(message)
    expected = () if message is None else (message,)
    assert cancelled_error(loop, task).args == expected
    assert caught == ([expected] if begun else [])


def test_message_may_be_named(loop):
    task = loop.create_task(sleeper())
    task.cancel(msg="named")
    assert cancelled_error(loop, task).args == ("named",)


def test_message_travels_through_tasks_that_wait_for_each_other(loop, run_once):
    async def parent():
        await asyncio.create_task(sleeper())

    task = loop.create_task(parent())
    run_once(loop)
    run_once(loop)
    task.cancel("from the top")
    assert cancelled_error(loop, task).args == ("from the top",)


def test_message_is_with_the_original_error_which_is_raised_once(loop, run_once):
    task = loop.create_task(sleeper())
    run_once(loop)
    task.cancel("message")
    run_once(loop)
    run_once(loop)
    raised_arguments = []
    for ask in (task.result, task.exception, task.result):
        with pytest.raises(asyncio.CancelledError) as raised:
            ask()
        raised_arguments.append(raised.value.args)
    assert raised_arguments == [("message",), (), ()]


def test_first_to_ask_gets_the_original_error_with_its_traceback(loop):
    originals = []

    async def main():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError as error:
            originals.append(error)
            raise

    task = loop.create_task(main())
    loop.call_soon(task.cancel, "message")
    error = cancelled_error(loop, task)
    assert error is originals[0]
    assert "main" in [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    later = cancelled_error(loop, task)
    assert later is not error


def test_message_changed_by_the_coroutine_is_the_one_that_counts(loop):
    async def main():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise asyncio.CancelledError("changed") from None

    task = loop.create_task(main())
    loop.call_soon(task.cancel, "original")
    assert cancelled_error(loop, task).args == ("changed",)


def test_first_message_wins_while_the_task_waits(loop, run_once):
    task = loop.create_task(sleeper())
    run_once(loop)
    task.cancel("first")
    task.cancel("second")
    assert cancelled_error(loop, task).args == ("first",)


def test_latest_message_wins_while_the_task_is_ready_to_run(loop):
    task = loop.create_task(sleeper())
    task.cancel("first")
    task.cancel("second")
    assert cancelled_error(loop, task).args == ("second",)


def test_context_of_the_cancellation_is_what_the_coroutine_handled(loop):
    async def main():
        try:
            raise KeyError("handled")
        except KeyError:
            await asyncio.sleep(30)

    task = loop.create_task(main())
    loop.call_soon(task.cancel)
    error = cancelled_error(loop, task)
    assert isinstance(error.__context__, KeyError)


def test_cancellation_in_a_child_is_not_wrapped_on_its_way_up(loop):
    async def child():
        await asyncio.sleep(30)

    async def parent():
        await asyncio.create_task(child())

    task = loop.create_task(parent())
    loop.call_soon(loop.call_soon, loop.call_soon, task.cancel, "message")
    error = cancelled_error(loop, task)
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert [name for name in names if name in ("parent", "child")] == ["parent", "child"]
    assert error.__cause__ is None
    assert error.__context__ is None


def test_private_message_is_kept(loop):
    task = loop.create_task(sleeper())
    assert task._cancel_message is None
    task.cancel("message")
    assert task._cancel_message == "message"
    cancelled_error(loop, task)


def test_requests_are_counted_and_taken_back(loop, run_once):
    task = loop.create_task(sleeper())
    run_once(loop)
    assert task.cancelling() == 0
    assert task.uncancel() == 0
    for expected in (1, 2, 3):
        task.cancel()
        assert task.cancelling() == expected
    for expected in (2, 1, 0, 0):
        assert task.uncancel() == expected
        assert task.cancelling() == expected
    # The wait itself was cancelled by the first request, which nothing takes back.
    cancelled_error(loop, task)


def test_count_is_kept_when_the_cancellation_is_swallowed(loop):
    counts = []

    async def main():
        task = asyncio.current_task()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            counts.append(task.cancelling())
            counts.append(task.uncancel())
        await asyncio.sleep(0)
        return task.cancelling()

    task = loop.create_task(main())
    loop.call_soon(task.cancel)
    assert loop.run_until_complete(task) == 0
    assert counts == [1, 0]


@pytest.mark.reference_since(3, 13)
def test_taking_back_the_last_request_before_the_step_takes_back_the_cancellation(loop):
    async def main():
        task = asyncio.current_task()
        task.cancel()
        task.cancel()
        assert task.uncancel() == 1
        assert task._must_cancel is True
        assert task.uncancel() == 0
        assert task._must_cancel is False
        await asyncio.sleep(0)
        return "not cancelled"

    assert loop.run_until_complete(main()) == "not cancelled"


@pytest.mark.reference_since(3, 13)
def test_taking_back_the_request_before_the_first_step_lets_the_task_run(loop):
    async def main():
        return "ran"

    task = loop.create_task(main())
    task.cancel()
    task.uncancel()
    assert loop.run_until_complete(task) == "ran"


def test_structured_blocks_within_each_other_leave_the_count_as_it_was(loop):
    async def main():
        task = asyncio.current_task()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.sleep(30)
        assert task.cancelling() == 0
        async with asyncio.timeout(30):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await asyncio.sleep(30)
            await asyncio.sleep(0)
        with pytest.raises(ExceptionGroup):
            await group_of_one_that_fails()
        assert task.cancelling() == 0
        await asyncio.sleep(0)
        return "untouched"

    async def group_of_one_that_fails():
        async with asyncio.TaskGroup() as group:
            group.create_task(failing())
            await asyncio.sleep(30)

    async def failing():
        raise ValueError

    assert loop.run_until_complete(main()) == "untouched"


def test_timeout_that_meets_a_cancellation_from_outside_gives_way_to_it(loop):
    async def main():
        async with asyncio.timeout(0):
            asyncio.current_task().cancel("from outside")
            await asyncio.sleep(30)

    task = loop.create_task(main())
    cancelled_error(loop, task)
    assert task.cancelling() >= 1
