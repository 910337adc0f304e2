"""Task: cancellation before, between and during its steps."""

import asyncio
import gc

import pytest


async def sleeper():
    await asyncio.sleep(30)


async def settle(iterations=5):
    for _ in range(iterations):
        await asyncio.sleep(0)


def test_cancel_before_the_first_step_means_that_the_coroutine_never_begins(loop):
    ran = []

    async def main():
        ran.append("began")

    task = loop.create_task(main())
    assert task.cancel() is True
    assert not task.done()
    assert not task.cancelled()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    assert ran == []
    assert task.cancelled()
    assert task.done()


def test_cancel_while_waiting_on_a_future_cancels_the_future(loop):
    future = loop.create_future()

    async def main():
        await future

    task = loop.create_task(main())
    loop.call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    assert task.cancelled()
    assert future.cancelled()


def test_cancel_goes_down_a_chain_of_tasks(loop):
    ended = []

    async def link(depth):
        try:
            if depth:
                await asyncio.create_task(link(depth - 1))
            else:
                await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.append(depth)
            raise

    async def main():
        task = asyncio.create_task(link(5))
        await settle(10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    loop.run_until_complete(main())
    assert ended == [0, 1, 2, 3, 4, 5]


def test_cancel_of_a_done_task_answers_false_and_changes_nothing(loop):
    async def main():
        return "result"

    task = loop.create_task(main())
    loop.run_until_complete(task)
    assert task.cancel() is False
    assert task.result() == "result"
    assert task.cancelling() == 0


def test_cancel_of_a_failed_task_counts_as_retrieving(loop, capture_errors):
    async def main():
        raise ValueError

    task = loop.create_task(main())
    loop.run_until_complete(asyncio.wait([task]))
    assert task.cancel() is False
    del task
    gc.collect()
    assert capture_errors == []


def test_cancelled_task_may_go_on_when_it_swallows_the_cancellation(loop):
    async def main():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            return "went on"

    task = loop.create_task(main())
    loop.call_soon(task.cancel)
    assert loop.run_until_complete(task) == "went on"
    assert not task.cancelled()
    assert task.cancelling() == 1


def test_task_that_swallows_every_cancellation_needs_one_each(loop):
    async def main():
        count = 0
        while count < 3:
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                count += 1
        return count

    async def driver():
        task = asyncio.create_task(main())
        for _ in range(3):
            await settle(2)
            assert task.cancel() is True
        return await task, task.cancelling()

    assert loop.run_until_complete(driver()) == (3, 3)


def test_cancel_twice_before_a_step_is_one_cancellation_with_two_requests(loop):
    caught = []

    async def main():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError as error:
            caught.append(error.args)
        await asyncio.sleep(0)
        return "went on"

    async def driver():
        task = asyncio.create_task(main())
        await settle(2)
        assert task.cancel("first") is True
        assert task.cancel("second") is True
        return await task, task.cancelling()

    result = loop.run_until_complete(driver())
    assert result == ("went on", 2)
    # What the task waited for was cancelled by the first request already, with its message.
    assert caught == [("first",)]


def test_cancel_in_the_own_step_strikes_at_the_next_await(loop):
    ran = []

    async def main():
        asyncio.current_task().cancel()
        ran.append("still running")
        await asyncio.sleep(0)
        ran.append("never")

    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(main())
    assert ran == ["still running"]


def test_cancel_in_the_own_step_strikes_even_if_the_awaited_future_is_new(loop):
    future = loop.create_future()

    async def main():
        asyncio.current_task().cancel()
        await future

    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(main())
    assert future.cancelled()


def test_cancel_in_the_own_last_step_cancels_the_task(loop):
    async def main():
        asyncio.current_task().cancel()
        return "lost"

    task = loop.create_task(main())
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    assert task.cancelled()


def test_cancel_in_the_own_last_step_loses_to_an_exception(loop):
    async def main():
        asyncio.current_task().cancel()
        raise ValueError("wins")

    task = loop.create_task(main())
    with pytest.raises(ValueError, match="wins"):
        loop.run_until_complete(task)
    assert not task.cancelled()


def test_await_of_a_done_future_does_not_deliver_a_cancellation(loop):
    future = loop.create_future()
    future.set_result("value")

    async def main():
        asyncio.current_task().cancel()
        value = await future
        await asyncio.sleep(0)
        return value

    task = loop.create_task(main())
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)


def test_cancel_after_the_awaited_future_is_done_strikes_all_the_same(loop, run_once):
    ran = []
    future = loop.create_future()

    async def main():
        try:
            ran.append(await future)
        except asyncio.CancelledError:
            ran.append("cancelled")
            raise

    task = loop.create_task(main())
    run_once(loop)
    future.set_result("result")
    assert task.cancel() is True
    run_once(loop)
    assert ran == ["cancelled"]
    assert task.cancelled()


def test_cancel_after_the_awaited_future_failed_replaces_its_exception(loop, run_once):
    future = loop.create_future()
    caught = []

    async def main():
        try:
            await future
        except BaseException as error:
            caught.append(error)
            raise

    task = loop.create_task(main())
    run_once(loop)
    future.set_exception(ValueError())
    task.cancel()
    run_once(loop)
    assert [type(error) for error in caught] == [asyncio.CancelledError]
    assert task.cancelled()
    future.exception()


def test_cancel_between_two_bare_yields(loop, run_once):
    steps = []

    async def main():
        for step in range(10):
            steps.append(step)
            await asyncio.sleep(0)

    task = loop.create_task(main())
    run_once(loop)
    run_once(loop)
    task.cancel()
    run_once(loop)
    assert steps == [0, 1]
    assert task.cancelled()


def test_must_cancel_is_seen_by_private_name(loop):
    task = loop.create_task(sleeper())
    assert task._must_cancel is False
    task.cancel()
    assert task._must_cancel is True
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    assert task._must_cancel is False
