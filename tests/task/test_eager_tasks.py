"""Tasks that begin at once: ours can on every Python, the standard library's from 3.12 on."""

import asyncio
import contextvars
import gc
import inspect
import types

import pytest

from ouroloop.task.start import eager_task_factory

pytestmark = pytest.mark.reference_since(3, 12)


@pytest.fixture
def eager(loop, task_class):
    """Make a task that begins at once."""

    def eager(coroutine, **keywords):
        return task_class(coroutine, loop=loop, eager_start=True, **keywords)

    return eager


async def value(result):
    return result


def test_coroutine_that_never_waits_is_done_at_once(loop, eager):
    async def main():
        task = eager(value("result"))
        assert task.done()
        assert not task.cancelled()
        return task.result()

    assert loop.run_until_complete(main()) == "result"


def test_coroutine_that_waits_goes_on_as_an_ordinary_task(loop, eager):
    ran = []

    async def child():
        ran.append("begins")
        await asyncio.sleep(0)
        ran.append("ends")
        return "result"

    async def main():
        task = eager(child())
        ran.append("maker goes on")
        assert not task.done()
        assert task in asyncio.all_tasks()
        return await task

    assert loop.run_until_complete(main()) == "result"
    assert ran == ["begins", "maker goes on", "ends"]


def test_loop_that_does_not_run_begins_the_task_later(loop, eager):
    task = eager(value(1))
    assert not task.done()
    assert loop.run_until_complete(task) == 1


def test_not_eager_is_the_default(loop, task_class):
    async def main():
        plain = task_class(value(1), loop=loop)
        explicit = task_class(value(2), loop=loop, eager_start=False)
        assert not plain.done()
        assert not explicit.done()
        return await plain, await explicit

    assert loop.run_until_complete(main()) == (1, 2)


def test_exception_is_kept_in_the_task(loop, eager):
    async def fail():
        raise ValueError("kept")

    async def main():
        task = eager(fail())
        assert task.done()
        with pytest.raises(ValueError, match="kept"):
            await task

    loop.run_until_complete(main())


@pytest.mark.parametrize("error_class", [KeyboardInterrupt, SystemExit])
def test_interrupt_is_raised_to_the_maker_and_kept(loop, eager, error_class, capture_errors):
    async def fail():
        raise error_class("at once")

    async def main():
        with pytest.raises(error_class, match="at once"):
            eager(fail())
        return "goes on"

    assert loop.run_until_complete(main()) == "goes on"
    gc.collect()
    assert [type(context["exception"]) for context in capture_errors] == [error_class]


def test_cancelled_error_of_its_own_cancels_the_task(loop, eager):
    async def fail():
        raise asyncio.CancelledError("own")

    async def main():
        task = eager(fail())
        assert task.cancelled()
        with pytest.raises(asyncio.CancelledError, match="own"):
            await task

    loop.run_until_complete(main())


def test_current_task_is_the_eager_one_and_then_the_maker_again(loop, eager):
    seen = []

    async def child():
        seen.append(asyncio.current_task())
        await asyncio.sleep(0)
        seen.append(asyncio.current_task())

    async def main():
        maker = asyncio.current_task()
        task = eager(child())
        assert asyncio.current_task() is maker
        await task
        assert seen == [task, task]
        assert asyncio.current_task() is maker

    loop.run_until_complete(main())


def test_current_task_is_put_back_when_the_eager_one_is_made_in_a_callback(loop, eager, run_once):
    seen = []

    async def child():
        seen.append(asyncio.current_task())

    def callback():
        task = eager(child())
        seen.extend([task, asyncio.current_task()])

    loop.call_soon(callback)
    run_once(loop)
    assert seen[0] is seen[1]
    assert seen[2] is None


def test_eager_tasks_nest(loop, eager):
    order = []

    async def named(depth):
        asyncio.current_task().set_name(str(depth))
        await nested_named(depth)

    async def nested_named(depth):
        order.append(depth)
        if depth:
            inner = eager(named(depth - 1))
            assert inner.done()
            assert inner.exception() is None
        assert asyncio.current_task().get_name() == str(depth)
        order.append(depth)

    async def main():
        await eager(named(3))

    loop.run_until_complete(main())
    assert order == [3, 2, 1, 0, 0, 1, 2, 3]


def test_all_tasks_holds_the_eager_one_while_it_runs(loop, eager):
    async def child():
        return asyncio.current_task() in asyncio.all_tasks()

    async def main():
        task = eager(child())
        assert task.result() is True
        assert task not in asyncio.all_tasks()

    loop.run_until_complete(main())


def test_runs_in_a_copy_of_the_makers_context(loop, eager):
    variable = contextvars.ContextVar("variable", default="unset")

    async def child():
        before = variable.get()
        variable.set("changed by the child")
        await asyncio.sleep(0)
        return before, variable.get()

    async def main():
        variable.set("of the maker")
        task = eager(child())
        assert variable.get() == "of the maker"
        return await task

    assert loop.run_until_complete(main()) == ("of the maker", "changed by the child")


def test_runs_in_the_context_that_is_given(loop, eager):
    variable = contextvars.ContextVar("variable", default="unset")
    context = contextvars.Context()
    context.run(variable.set, "given")

    async def child():
        return variable.get()

    async def main():
        return await eager(child(), context=context)

    assert loop.run_until_complete(main()) == "given"


def test_name_may_be_given(loop, eager):
    async def child():
        return asyncio.current_task().get_name()

    async def main():
        task = eager(child(), name="named")
        return task.result(), task.get_name()

    assert loop.run_until_complete(main()) == ("named", "named")


@pytest.mark.reference_since(3, 13)  # Early releases of 3.12 read freed memory here.
def test_done_eager_task_lets_its_coroutine_go(loop, eager):
    async def main():
        task = eager(value(1))
        return task.get_coro(), repr(task)

    coroutine, text = loop.run_until_complete(main())
    assert coroutine is None
    assert "coro=" not in text


def test_awaiting_a_done_eager_task_does_not_go_back_to_the_loop(loop, eager):
    ran = []

    async def main():
        loop.call_soon(ran.append, "loop")
        for number in range(10):
            assert await eager(value(number)) == number
        return list(ran)

    assert loop.run_until_complete(main()) == []


def test_cancel_strikes_where_the_eager_part_stopped(loop, eager):
    order = []

    async def child():
        order.append("begins")
        try:
            await asyncio.sleep(30)
        finally:
            order.append("cleaned up")

    async def main():
        task = eager(child())
        task.cancel("message")
        with pytest.raises(asyncio.CancelledError, match="message"):
            await task

    loop.run_until_complete(main())
    assert order == ["begins", "cleaned up"]


def test_cancelling_the_maker_from_the_eager_part_strikes_the_maker(loop, eager):
    async def child(maker):
        maker.cancel()

    async def main():
        eager(child(asyncio.current_task()))
        await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(main())


@types.coroutine
def yield_value(given):
    yield given


def test_bad_yield_is_refused_in_the_next_step(loop, eager):
    async def child():
        await yield_value("odd")

    async def main():
        task = eager(child())
        assert not task.done()
        with pytest.raises(RuntimeError, match="Task got bad yield: 'odd'"):
            await task

    loop.run_until_complete(main())


def test_callbacks_of_a_done_eager_task_run_in_the_next_iteration(loop, eager):
    ran = []

    async def main():
        task = eager(value(1))
        task.add_done_callback(ran.append)
        assert ran == []
        await asyncio.sleep(0)
        assert ran == [task]

    loop.run_until_complete(main())


def test_stack_of_the_eager_task_shows_its_maker(loop, eager):
    async def child():
        return [frame.f_code.co_name for frame in asyncio.current_task().get_stack()]

    async def main():
        return eager(child()).result()

    stack = loop.run_until_complete(main())
    assert stack[-1] == "child"
    assert "main" in stack


@pytest.mark.only_ouroloop
def test_create_task_takes_eager_start_on_every_python(loop):
    async def main():
        task = loop.create_task(value("at once"), eager_start=True, name="named")
        later = loop.create_task(value("later"), eager_start=False)
        assert task.done()
        assert not later.done()
        return task.result(), task.get_name(), await later

    assert loop.run_until_complete(main()) == ("at once", "named", "later")


@pytest.mark.only_ouroloop
def test_an_eager_factory_s_tasks_know_their_name_from_the_start(loop):
    async def own_name():
        return asyncio.current_task().get_name()

    async def main():
        loop.set_task_factory(eager_task_factory)
        return loop.create_task(own_name(), name="named").result()

    assert loop.run_until_complete(main()) == "named"


def test_constructor_shows_the_argument(task_class):
    try:
        parameters = inspect.signature(task_class).parameters
    except ValueError:
        pytest.skip("this build gives native classes no signature")
    assert parameters["eager_start"].default is False
