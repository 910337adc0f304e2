"""Task: get_stack and print_stack."""

import asyncio
import inspect
import io

import pytest


async def sleeps():
    await asyncio.sleep(30)


async def waits_for(inner):
    await inner


async def fails():
    await asyncio.sleep(0)
    raise ValueError("wrong")


async def fails_deeply():
    await fails()


def names(frames):
    return [frame.f_code.co_name for frame in frames]


@pytest.fixture
def waiting(loop, run_once):
    """A task that waits two coroutines deep."""
    task = loop.create_task(waits_for(sleeps()), name="waiting")
    run_once(loop)
    yield task
    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))


@pytest.fixture
def failed(loop):
    """A task that ended with an exception two coroutines deep."""
    task = loop.create_task(fails_deeply(), name="failed")
    loop.run_until_complete(asyncio.wait([task]))
    task.exception()
    return task


def printed(task, **keywords):
    stream = io.StringIO()
    assert task.print_stack(file=stream, **keywords) is None
    return stream.getvalue()


def test_stack_of_a_task_that_has_not_begun(loop):
    task = loop.create_task(sleeps())
    (frame,) = task.get_stack()
    assert frame.f_code is sleeps.__code__
    assert frame.f_lineno == inspect.getsourcelines(sleeps)[1]
    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))


def test_stack_of_a_suspended_task_is_its_outermost_coroutine(waiting):
    (frame,) = waiting.get_stack()
    assert frame.f_code is waits_for.__code__
    assert frame.f_lineno == inspect.getsourcelines(waits_for)[1] + 1


def test_stack_of_the_running_task_goes_on_into_its_callers(loop):
    async def inner():
        return names(asyncio.current_task().get_stack())

    async def main():
        return await inner()

    stack = loop.run_until_complete(main())
    # Frames are ordered from the oldest to the newest; the newest is the task's own coroutine.
    assert stack[-1] == "main"
    assert stack.index("test_stack_of_the_running_task_goes_on_into_its_callers") < len(stack) - 1


@pytest.mark.parametrize("limit", [0, -1, 1, 2, None])
def test_limit_of_a_stack_keeps_the_newest_frames(waiting, limit):
    expected = 0 if limit is not None and limit <= 0 else 1
    assert len(waiting.get_stack(limit=limit)) == expected


def test_limit_of_a_running_stack_keeps_the_newest_frames(loop):
    async def main():
        return names(asyncio.current_task().get_stack(limit=1))

    assert loop.run_until_complete(main()) == ["main"]


def test_stack_of_a_failed_task_is_its_traceback(failed):
    assert names(failed.get_stack()) == ["fails_deeply", "fails"]


def test_limit_of_a_traceback_keeps_the_oldest_frames(failed):
    assert names(failed.get_stack(limit=1)) == ["fails_deeply"]
    assert names(failed.get_stack(limit=2)) == ["fails_deeply", "fails"]
    assert names(failed.get_stack(limit=0)) == []


def test_stack_of_a_finished_task_is_empty(loop):
    async def main():
        return 1

    task = loop.create_task(main())
    loop.run_until_complete(task)
    assert task.get_stack() == []


def test_stack_of_a_cancelled_task_is_empty(loop):
    task = loop.create_task(sleeps())
    loop.call_soon(task.cancel)
    loop.run_until_complete(asyncio.wait([task]))
    assert task.get_stack() == []


def test_arguments_are_named(waiting):
    with pytest.raises(TypeError):
        waiting.get_stack(1)
    with pytest.raises(TypeError):
        waiting.print_stack(1)


def test_printed_stack_has_a_heading_and_the_line(waiting):
    lines = printed(waiting).splitlines()
    assert lines[0] == f"Stack for {waiting!r} (most recent call last):"
    line = inspect.getsourcelines(waits_for)[1] + 1
    assert lines[1] == f'  File "{__file__}", line {line}, in waits_for'
    assert lines[2] == "    await inner"
    assert len(lines) == 3


def test_printed_traceback_ends_with_the_exception(failed):
    lines = printed(failed).splitlines()
    assert lines[0] == f"Traceback for {failed!r} (most recent call last):"
    assert [line.rpartition(", in ")[2] for line in lines if line.startswith("  File ")] == [
        "fails_deeply",
        "fails",
    ]
    assert lines[-1] == "ValueError: wrong"


def test_printed_traceback_takes_a_limit(failed):
    text = printed(failed, limit=1)
    assert "in fails_deeply" in text
    assert "in fails\n" not in text
    assert text.endswith("ValueError: wrong\n")


def test_printed_stack_of_a_finished_task_says_that_there_is_none(loop):
    async def main():
        return 1

    task = loop.create_task(main())
    loop.run_until_complete(task)
    assert printed(task) == f"No stack for {task!r}\n"


def test_printed_stack_goes_to_standard_error(waiting, capsys):
    waiting.print_stack()
    assert ", in waits_for\n    await inner\n" in capsys.readouterr().err
