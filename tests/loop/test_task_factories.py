"""Task factories: setting one, what it is called with, and eager ones."""

import asyncio
import contextvars

import pytest

from ouroloop.task.start import eager_task_factory


@pytest.fixture
def factory_calls(loop, task_class):
    """Install a factory that keeps what it was called with."""
    calls = []

    def factory(loop, coroutine, **keywords):
        calls.append((loop, coroutine, keywords))
        return task_class(coroutine, loop=loop, **keywords)

    loop.set_task_factory(factory)
    return calls


def reference_call(**keywords):
    """The keyword arguments that the standard library's loop hands to a task factory on this Python."""
    seen = []

    async def main():
        pass

    def factory(loop, coroutine, **keywords):
        seen.append(keywords)
        return asyncio.Task(coroutine, loop=loop)

    loop = asyncio.SelectorEventLoop()
    loop.set_task_factory(factory)
    loop.run_until_complete(loop.create_task(main(), **keywords))
    loop.close()
    return seen[0]


def test_factory_is_kept_and_none_brings_the_default_back(loop):
    def factory(loop, coroutine, **keywords):
        raise NotImplementedError

    assert loop.get_task_factory() is None
    loop.set_task_factory(factory)
    assert loop.get_task_factory() is factory
    loop.set_task_factory(None)
    assert loop.get_task_factory() is None


@pytest.mark.parametrize("refused", [1, "factory", []])
def test_factory_must_be_callable(loop, refused):
    with pytest.raises(TypeError, match=r"^task factory must be a callable or None$"):
        loop.set_task_factory(refused)
    assert loop.get_task_factory() is None


def test_factory_makes_every_task(loop, factory_calls):
    async def inner():
        return 1

    async def main():
        first = asyncio.create_task(inner())
        second = asyncio.ensure_future(inner())
        return await first + await second + await asyncio.wait_for(inner(), 5)

    assert loop.run_until_complete(main()) == 3
    # wait_for makes no task of its own from 3.12 on.
    assert len(factory_calls) in (3, 4)
    assert all(call[0] is loop for call in factory_calls)


@pytest.mark.parametrize("with_context", [False, True])
@pytest.mark.parametrize("with_name", [False, True])
def test_factory_is_called_as_the_standard_library_calls_it(loop, factory_calls, with_context, with_name):
    async def main():
        pass

    keywords = {}
    if with_context:
        keywords["context"] = contextvars.copy_context()
    if with_name:
        keywords["name"] = "named"
    coroutine = main()
    task = loop.create_task(coroutine, **keywords)
    ((called_loop, called_coroutine, called_keywords),) = factory_calls
    assert called_loop is loop
    assert called_coroutine is coroutine
    assert called_keywords == reference_call(**keywords)
    if with_name:
        assert task.get_name() == "named"
    loop.run_until_complete(task)


def test_what_the_factory_made_is_what_create_task_returns(loop, task_class):
    class OwnTask(task_class):
        label = "own"

    async def main():
        return asyncio.current_task().label

    loop.set_task_factory(lambda loop, coroutine, **keywords: OwnTask(coroutine, loop=loop, **keywords))
    task = loop.create_task(main())
    assert type(task) is OwnTask
    assert loop.run_until_complete(task) == "own"


def test_exception_of_the_factory_is_passed_on(loop):
    def factory(_loop, coroutine, **_keywords):
        coroutine.close()
        raise ZeroDivisionError("in the factory")

    async def main():
        pass

    loop.set_task_factory(factory)
    with pytest.raises(ZeroDivisionError, match="in the factory"):
        loop.create_task(main())


def test_standard_librarys_task_may_be_what_a_factory_makes(loop):
    async def main():
        await asyncio.sleep(0)
        return asyncio.current_task()

    loop.set_task_factory(lambda loop, coroutine, **keywords: asyncio.Task(coroutine, loop=loop, **keywords))
    task = loop.create_task(main())
    assert type(task) is asyncio.Task
    assert loop.run_until_complete(task) is task


@pytest.mark.skipif(not hasattr(asyncio, "eager_task_factory"), reason="eager task factories came in 3.12")
def test_standard_librarys_eager_factory_starts_tasks_at_once(loop):
    ran = []

    async def child(label):
        ran.append(f"{label} begins")
        await asyncio.sleep(0)
        ran.append(f"{label} ends")
        return label

    async def main():
        task = asyncio.create_task(child("child"))
        ran.append("main goes on")
        return await task

    loop.set_task_factory(asyncio.eager_task_factory)
    assert loop.run_until_complete(main()) == "child"
    assert ran == ["child begins", "main goes on", "child ends"]


@pytest.mark.skipif(
    not hasattr(asyncio, "create_eager_task_factory"), reason="eager task factories came in 3.12"
)
def test_eager_factory_may_make_tasks_of_the_loops_own_class(loop, task_class):
    async def child():
        return asyncio.current_task()

    async def main():
        task = asyncio.create_task(child())
        assert task.done()
        assert task.result() is task
        assert type(task) is task_class

    loop.set_task_factory(asyncio.create_eager_task_factory(task_class))
    loop.run_until_complete(main())


@pytest.mark.only_ouroloop
def test_factory_with_eager_start_works_on_every_python(loop, task_class):
    def factory(loop, coroutine, **keywords):
        return task_class(coroutine, loop=loop, **{"eager_start": True, **keywords})

    async def child():
        return "done at once"

    async def main():
        task = asyncio.create_task(child())
        return task.done(), task.result()

    loop.set_task_factory(factory)
    assert loop.run_until_complete(main()) == (True, "done at once")


@pytest.mark.only_ouroloop
def test_a_task_may_start_late_under_an_eager_factory_on_every_python(loop):
    async def child():
        return "done later"

    async def main():
        late = asyncio.get_running_loop().create_task(child(), eager_start=False)
        soon = asyncio.get_running_loop().create_task(child())
        return late.done(), soon.done(), await late

    loop.set_task_factory(eager_task_factory)
    assert loop.run_until_complete(main()) == (False, True, "done later")


@pytest.mark.only_ouroloop
def test_a_factory_that_knows_no_eager_start_says_so(loop, task_class):
    def factory(loop, coroutine, *, context=None):
        return task_class(coroutine, loop=loop, context=context)

    async def main():
        coroutine = asyncio.sleep(0)
        with pytest.raises(TypeError, match="eager_start"):
            asyncio.get_running_loop().create_task(coroutine, eager_start=True)
        coroutine.close()

    loop.set_task_factory(factory)
    loop.run_until_complete(main())
