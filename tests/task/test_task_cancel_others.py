"""Task: cancellation between tasks: children, shields, clean-up and callbacks."""

import asyncio

import pytest


async def sleeper():
    await asyncio.sleep(30)


async def settle(iterations=5):
    for _ in range(iterations):
        await asyncio.sleep(0)


def test_coroutine_that_raises_cancelled_error_of_its_own_is_cancelled(loop):
    async def main():
        raise asyncio.CancelledError("own")

    task = loop.create_task(main())
    with pytest.raises(asyncio.CancelledError, match="own"):
        loop.run_until_complete(task)
    assert task.cancelled()
    assert task.cancelling() == 0


def test_awaiting_a_cancelled_task_is_not_being_cancelled_oneself(loop):
    async def main():
        task = asyncio.create_task(sleeper())
        await settle(2)
        task.cancel("child")
        with pytest.raises(asyncio.CancelledError, match="child"):
            await task
        return asyncio.current_task().cancelling()

    assert loop.run_until_complete(main()) == 0


def test_child_that_swallows_its_parents_cancellation_can_be_cancelled_again(loop):
    async def stubborn():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await asyncio.sleep(30)

    async def parent():
        await asyncio.create_task(stubborn())

    async def driver():
        task = asyncio.create_task(parent())
        for _ in range(2):
            await settle()
            assert not task.done()
            assert task.cancel() is True
        with pytest.raises(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert loop.run_until_complete(driver()) is True


def test_shield_protects_the_inner_task(loop):
    async def inner():
        await settle()
        return "finished"

    async def outer(task):
        await asyncio.shield(task)

    async def main():
        protected = asyncio.create_task(inner())
        waiting = asyncio.create_task(outer(protected))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not protected.cancelled()
        return await protected

    assert loop.run_until_complete(main()) == "finished"


def test_clean_up_runs_in_finally_and_in_context_managers(loop):
    order = []

    class Manager:
        async def __aenter__(self):
            order.append("enter")

        async def __aexit__(self, kind, _error, _traceback):
            await asyncio.sleep(0)
            order.append(kind.__name__)

    async def main():
        async with Manager():
            try:
                await asyncio.sleep(30)
            finally:
                await asyncio.sleep(0)
                order.append("finally")

    task = loop.create_task(main())
    loop.call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    assert order == ["enter", "finally", "CancelledError"]


def test_clean_up_can_itself_be_cancelled(loop):
    order = []

    async def main():
        try:
            await asyncio.sleep(30)
        finally:
            try:
                await asyncio.sleep(30)
            finally:
                order.append("inner")

    async def driver():
        task = asyncio.create_task(main())
        for _ in range(2):
            await settle(2)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    loop.run_until_complete(driver())
    assert order == ["inner"]


def test_callbacks_of_a_cancelled_task_run(loop):
    seen = []

    async def driver():
        task = asyncio.create_task(sleeper())
        task.add_done_callback(lambda done: seen.append(done.cancelled()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0)

    loop.run_until_complete(driver())
    assert seen == [True]


def test_cancelled_future_wakes_its_waiter_as_cancelled_but_not_as_requested(loop):
    future = loop.create_future()

    async def main():
        loop.call_soon(future.cancel)
        await future

    task = loop.create_task(main())
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    assert task.cancelled()
    assert task.cancelling() == 0
