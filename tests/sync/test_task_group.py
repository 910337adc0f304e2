"""Task groups: who ends whom, what comes out, and how often a cancellation is counted."""

import asyncio
import contextvars
import gc
import inspect

import pytest


class PlannedError(Exception):
    """Raised by a task or a body."""


async def fail(error):
    await asyncio.sleep(0)
    raise error


async def value(result):
    await asyncio.sleep(0)
    return result


def test_it_waits_for_its_tasks_and_for_those_that_they_start(loop, library):
    async def main():
        async def parent():
            await asyncio.sleep(0)
            group.create_task(child())

        async def child():
            await asyncio.sleep(0)
            ended.append("child")

        async with library.TaskGroup() as group:
            task = group.create_task(parent())
        ended.append("group")
        return task.result()

    ended = []
    assert loop.run_until_complete(main()) is None
    assert ended == ["child", "group"]


def test_keywords_reach_the_task(loop, library):
    variable = contextvars.ContextVar("variable", default="outer")

    async def named():
        return asyncio.current_task().get_name(), variable.get()

    async def main():
        context = contextvars.copy_context()
        context.run(variable.set, "inner")
        async with library.TaskGroup() as group:
            task = group.create_task(named(), name="name", context=context)
        return task.result()

    assert loop.run_until_complete(main()) == ("name", "inner")


@pytest.mark.only_ouroloop
@pytest.mark.only_our_library
def test_a_task_can_take_its_first_step_at_once(loop, library):
    async def step():
        order.append("step")

    async def main():
        async with library.TaskGroup() as group:
            task = group.create_task(step(), eager_start=True)
            assert task.done()
            order.append("body")

    order = []
    loop.run_until_complete(main())
    assert order == ["step", "body"]


def test_a_failure_cancels_the_others_and_the_body_and_comes_out_in_a_group(loop, library):
    async def main():
        with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012
            async with library.TaskGroup() as group:
                other = group.create_task(asyncio.sleep(30))
                group.create_task(fail(PlannedError("first")))
                await asyncio.sleep(30)
        assert caught.value.message == "unhandled errors in a TaskGroup"
        assert [str(error) for error in caught.value.exceptions] == ["first"]
        assert caught.value.__suppress_context__
        assert other.cancelled()
        assert asyncio.current_task().cancelling() == 0

    loop.run_until_complete(main())


def test_the_errors_stand_in_the_order_in_which_they_came_and_the_body_s_last(loop, library):
    async def fail_when_cancelled(error):
        try:
            await asyncio.sleep(30)
        finally:
            raise error

    async def main():
        with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012
            async with library.TaskGroup() as group:
                group.create_task(fail_when_cancelled(PlannedError("second")))
                group.create_task(fail(PlannedError("first")))
                try:
                    await asyncio.sleep(30)
                finally:
                    raise PlannedError("body")
        return [str(error) for error in caught.value.exceptions]

    assert loop.run_until_complete(main()) == ["first", "second", "body"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_is_raised_as_itself(loop, library, error, capture_errors):
    async def main():
        async with library.TaskGroup():
            raise error("message")

    with pytest.raises(error, match="message"):
        loop.run_until_complete(main())


@pytest.mark.only_our_library
def test_what_it_hides_is_reported(loop, library, capture_errors):
    async def main():
        async with library.TaskGroup() as group:
            group.create_task(fail(PlannedError("hidden")))
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                raise KeyboardInterrupt from None

    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(main())
    (context,) = capture_errors
    assert str(context["exception"]) == "hidden"
    assert context["message"].startswith("TaskGroup task exception was not propagated")


def test_a_cancellation_from_outside_ends_the_group_and_goes_on(loop, library):
    async def main():
        async with library.TaskGroup() as group:
            children.append(group.create_task(asyncio.sleep(30)))
            await asyncio.sleep(30)

    children = []
    task = loop.create_task(main())
    loop.call_soon(loop.call_soon, task.cancel, "message")
    with pytest.raises(asyncio.CancelledError) as caught:
        loop.run_until_complete(task)
    assert caught.value.args == ("message",)
    assert children[0].cancelled()
    assert task.cancelling() == 1


@pytest.mark.library_since(3, 13)
def test_a_cancellation_that_comes_with_a_failure_is_not_lost(loop, library):
    async def main():
        try:
            async with library.TaskGroup() as group:
                group.create_task(fail(PlannedError()))
                await asyncio.sleep(30)
        except* PlannedError:
            seen.append("failure")
        seen.append(asyncio.current_task().cancelling())
        await asyncio.sleep(0)

    seen = []
    task = loop.create_task(main())

    async def cancel_with_the_failure():
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()

    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(asyncio.gather(task, cancel_with_the_failure()))
    assert seen == ["failure", 1]


@pytest.mark.library_since(3, 13)
def test_cancelling_counts_stay_as_they_were(loop, library):
    async def main():
        own = asyncio.current_task()
        own.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(0)
        with pytest.raises(ExceptionGroup):  # noqa: PT012
            async with library.TaskGroup() as group:
                group.create_task(fail(PlannedError()))
                await asyncio.sleep(30)
        assert own.cancelling() == 1
        with pytest.raises(asyncio.CancelledError):
            # It was asked to end before, so it is asked again.
            await asyncio.sleep(0)

    loop.run_until_complete(main())


@pytest.mark.only_our_library
class TestCancel:
    """`TaskGroup.cancel`, which came with Python 3.15."""

    def test_it_ends_tasks_and_body_without_an_exception(self, loop, library):
        async def main():
            async with library.TaskGroup() as group:
                task = group.create_task(asyncio.sleep(30))
                group.cancel()
                group.cancel()
                await asyncio.sleep(30)
                raise AssertionError("the body went on")
            return task.cancelled(), asyncio.current_task().cancelling()

        assert loop.run_until_complete(main()) == (True, 0)

    def test_before_entering_it_ends_the_group_on_entry(self, loop, library):
        async def main():
            group = library.TaskGroup()
            group.cancel()
            async with group:
                await asyncio.sleep(30)
                raise AssertionError("the body went on")
            return asyncio.current_task().cancelling()

        assert loop.run_until_complete(main()) == 0

    def test_after_the_group_it_does_nothing(self, loop, library):
        async def main():
            async with library.TaskGroup() as group:
                group.create_task(value(1))
            group.cancel()
            await asyncio.sleep(0)

        loop.run_until_complete(main())

    def test_from_one_of_the_tasks(self, loop, library):
        async def cancel():
            await asyncio.sleep(0)
            group.cancel()
            await asyncio.sleep(30)

        async def main():
            nonlocal group
            async with library.TaskGroup() as group:
                task = group.create_task(cancel())
            return task.cancelled()

        group = None
        assert loop.run_until_complete(main())

    def test_errors_that_come_with_it_are_raised(self, loop, library):
        async def fail_when_cancelled():
            try:
                await asyncio.sleep(30)
            finally:
                raise PlannedError

        async def main():
            with pytest.raises(ExceptionGroup):  # noqa: PT012
                async with library.TaskGroup() as group:
                    group.create_task(fail_when_cancelled())
                    await asyncio.sleep(0)
                    group.cancel()
            assert asyncio.current_task().cancelling() == 0

        loop.run_until_complete(main())

    def test_a_cancellation_from_outside_that_comes_with_it_goes_on(self, loop, library):
        async def main():
            async with library.TaskGroup() as group:
                group.create_task(asyncio.sleep(30))
                await asyncio.sleep(0)
                group.cancel()
                asyncio.current_task().cancel("outside")
                await asyncio.sleep(0)

        task = loop.create_task(main())
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        assert task.cancelling() == 1


@pytest.mark.library_since(3, 14)
def test_a_refused_coroutine_is_closed(loop, library):
    async def main():
        group = library.TaskGroup()
        refused = value(1)
        with pytest.raises(RuntimeError, match="has not been entered"):
            group.create_task(refused)
        assert inspect.getcoroutinestate(refused) == inspect.CORO_CLOSED
        async with group:
            pass
        with pytest.raises(RuntimeError, match="is finished"):
            group.create_task(value(1))
        with pytest.raises(RuntimeError, match="has already been entered"):
            await group.__aenter__()
        with pytest.raises(ExceptionGroup):  # noqa: PT012
            async with library.TaskGroup() as ending:
                ending.create_task(fail(PlannedError()))
                try:
                    await asyncio.sleep(30)
                finally:
                    with pytest.raises(RuntimeError, match="is shutting down"):
                        ending.create_task(value(1))

    loop.run_until_complete(main())


def test_its_repr_says_where_it_stands(loop, library):
    async def main():
        group = library.TaskGroup()
        assert repr(group) == "<TaskGroup>"
        async with group:
            assert repr(group) == "<TaskGroup entered>"
            group.create_task(value(1))
            assert repr(group) == "<TaskGroup tasks=1 entered>"

    loop.run_until_complete(main())


@pytest.mark.only_our_library
def test_no_reference_cycle_is_left_by_an_error(loop, library):
    async def main():
        error = PlannedError()
        try:
            async with library.TaskGroup() as group:
                group.create_task(fail(error))
        except* PlannedError as group_error:
            error = group_error.exceptions[0]
        return error

    gc.collect()
    error = loop.run_until_complete(main())
    error.__traceback__ = None
    assert gc.collect() == 0


def test_tasks_of_a_task_factory_are_members_like_others(loop, library):
    loop.set_task_factory(lambda loop, coro, **keywords: asyncio.Task(coro, loop=loop, **keywords))

    async def main():
        with pytest.raises(ExceptionGroup):  # noqa: PT012
            async with library.TaskGroup() as group:
                other = group.create_task(asyncio.sleep(30))
                group.create_task(fail(PlannedError()))
        return other.cancelled()

    assert loop.run_until_complete(main())


def test_outside_a_task_it_is_refused(loop, library):
    async def enter():
        await library.TaskGroup().__aenter__()

    def drive():
        coroutine = enter()
        try:
            coroutine.send(None)
        except BaseException as error:
            caught.append(error)

    caught = []
    loop.call_soon(drive)
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert "cannot determine the parent task" in str(caught[0])
