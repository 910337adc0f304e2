"""Task: its repr in each state."""

import asyncio
import inspect
import types
from collections.abc import Coroutine

import pytest


async def sample():
    await asyncio.sleep(30)


SAMPLE_LINES = (inspect.getsourcelines(sample)[1], inspect.getsourcelines(sample)[1] + 1)


def place(line):
    return f"{__file__}:{line}"


@pytest.fixture
def task(loop):
    task = loop.create_task(sample(), name="named")
    yield task
    if not task.done():
        task.cancel()
        loop.run_until_complete(asyncio.wait([task]))


def test_task_that_has_not_begun(task):
    assert repr(task) == f"<Task pending name='named' coro=<sample() running at {place(SAMPLE_LINES[0])}>>"


def test_task_that_waits(task, run_once, loop):
    run_once(loop)
    text = repr(task)
    coroutine = f"coro=<sample() running at {place(SAMPLE_LINES[1])}>"
    assert text.startswith(f"<Task pending name='named' {coroutine} wait_for=<Future pending")
    assert text.endswith(">>")


def test_task_that_waits_for_a_task_shows_it(loop, run_once):
    async def parent():
        await child

    child = loop.create_task(sample(), name="child")
    task = loop.create_task(parent(), name="parent")
    run_once(loop)
    assert " wait_for=<Task pending name='child' coro=<sample() running at " in repr(task)
    # The child shows that somebody waits for it.
    assert " cb=[" in repr(child)
    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))


def test_task_with_a_callback(task):
    task.add_done_callback(print)
    assert repr(task).endswith(" cb=[print()]>")
    task.remove_done_callback(print)


def test_task_being_cancelled(task):
    task.cancel()
    assert repr(task).startswith("<Task cancelling name='named' coro=<sample() running at ")


@pytest.mark.parametrize("requests", [1, 3])
def test_cancelling_is_shown_until_the_request_is_taken_back(task, requests):
    for _ in range(requests):
        task.cancel()
    assert repr(task).startswith("<Task cancelling ")
    for _ in range(requests):
        task.uncancel()
    assert repr(task).startswith("<Task pending ")
    task.cancel()


def test_task_that_was_cancelled(loop, task):
    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))
    expected = f"<Task cancelled name='named' coro=<sample() done, defined at {place(SAMPLE_LINES[0])}>>"
    assert repr(task) == expected


def test_task_that_finished(loop):
    async def finishes():
        return "result"

    line = inspect.getsourcelines(finishes)[1]
    task = loop.create_task(finishes(), name="named")
    loop.run_until_complete(task)
    name = finishes.__qualname__
    assert (
        repr(task)
        == f"<Task finished name='named' coro=<{name}() done, defined at {place(line)}> result='result'>"
    )


def test_task_that_failed(loop):
    async def fails():
        raise ValueError("wrong")

    task = loop.create_task(fails(), name="named")
    loop.run_until_complete(asyncio.wait([task]))
    assert repr(task).startswith("<Task finished name='named' coro=<")
    assert repr(task).endswith(" exception=ValueError('wrong')>")
    task.exception()


def test_running_task_shows_its_own_line(loop):
    async def main():
        return repr(asyncio.current_task()), inspect.currentframe().f_lineno

    text, line = loop.run_until_complete(main())
    assert f"running at {place(line)}>" in text


def test_name_is_quoted(loop):
    task = loop.create_task(sample(), name="it's")
    assert 'name="it\'s"' in repr(task)
    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))


def test_task_of_a_foreign_coroutine_class_shows_its_name(loop, task_class):
    class Foreign(Coroutine):
        def __init__(self):
            self.__name__ = "foreign"
            self.__qualname__ = "outer.foreign"

        def send(self, value):
            raise StopIteration

        def throw(self, *error):
            raise error[0]

        def close(self):
            pass

        def __await__(self):
            yield

    task = task_class(Foreign(), loop=loop, name="named")
    assert repr(task) == "<Task pending name='named' coro=<outer.foreign()>>"
    loop.run_until_complete(task)


def test_task_that_waits_for_a_generator_based_coroutine(loop, run_once):
    @types.coroutine
    def generator_based():
        yield

    async def main():
        await generator_based()

    task = loop.create_task(main(), name="named")
    run_once(loop)
    assert repr(task).startswith("<Task pending name='named' coro=<")
    assert "wait_for" not in repr(task)
    loop.run_until_complete(task)


def test_task_that_is_its_own_result_does_not_recurse(loop):
    async def main():
        return asyncio.current_task()

    task = loop.create_task(main(), name="named")
    loop.run_until_complete(task)
    assert repr(task).endswith(" result=...>")
