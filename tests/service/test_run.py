"""`ouroloop.run` does what `asyncio.run` does, and each standard way in takes our loop.

`run` is both functions in turn; a test that asks for it states what they share.
"""

import asyncio
import contextvars
import inspect
import logging
import sys
import threading
import time
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

Run = Callable[..., Any]
AWAITABLES_SINCE = (3, 14)


def is_standard(run: Run) -> bool:
    return run is asyncio.run


def test_the_result_of_the_coroutine_is_returned(run: Run) -> None:
    async def main() -> str:
        await asyncio.sleep(0)
        return "result"

    assert run(main()) == "result"


@pytest.mark.parametrize("error", [ArithmeticError("x"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_an_exception_of_the_coroutine_leaves_run_and_the_loop_is_closed(
    run: Run, error: BaseException
) -> None:
    loops = []

    async def main() -> None:
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        raise error

    with pytest.raises(type(error)) as caught:
        run(main())
    assert caught.value is error
    assert loops[0].is_closed()


def test_cancellation_of_the_coroutine_leaves_run(run: Run) -> None:
    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel("enough")
        await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError):
        run(main())


def test_each_run_has_a_loop_of_its_own(run: Run) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert asyncio.get_event_loop() is loop
        assert loop.is_running()
        loops.append(loop)

    run(main())
    run(main())
    assert loops[0] is not loops[1]
    assert all(loop.is_closed() for loop in loops)


def test_tasks_left_over_are_cancelled_and_waited_for(run: Run) -> None:
    ended: list[str] = []

    async def background(name: str) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    async def main() -> None:
        _tasks = [asyncio.ensure_future(background(name)) for name in ("one", "two")]
        await asyncio.sleep(0)

    run(main())
    assert sorted(ended) == ["one", "two"]


def test_a_task_that_fails_when_cancelled_at_the_end_is_reported(run: Run) -> None:
    contexts: list[dict[str, Any]] = []
    tasks = []

    async def background() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise ArithmeticError("while cancelled") from None

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: contexts.append(context))
        tasks.append(asyncio.ensure_future(background()))
        await asyncio.sleep(0)

    run(main())
    [context] = contexts
    assert context["message"] == "unhandled exception during asyncio.run() shutdown"
    assert isinstance(context["exception"], ArithmeticError)
    assert context["task"] is tasks[0]


def test_tasks_left_over_after_an_error_are_cancelled_too(run: Run) -> None:
    cancelled: list[bool] = []
    started: list[asyncio.Task[None]] = []

    async def background() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def main() -> None:
        started.append(asyncio.ensure_future(background()))
        await asyncio.sleep(0)
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        run(main())
    assert cancelled == [True]


def test_asynchronous_generators_are_closed(run: Run) -> None:
    closed: list[str] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            closed.append("closed")

    kept = []

    async def main() -> None:
        generator = numbers()
        kept.append(generator)
        assert await anext(generator) == 1

    run(main())
    assert closed == ["closed"]


def test_the_executor_is_shut_down_and_its_work_finished(run: Run) -> None:
    done: list[str] = []
    threads: list[threading.Thread] = []

    def work() -> None:
        threads.append(threading.current_thread())
        time.sleep(0.05)
        done.append("done")

    async def main() -> None:
        asyncio.get_running_loop().run_in_executor(None, work)
        while not threads:
            await asyncio.sleep(0.001)

    run(main())
    assert done == ["done"]
    assert not threads[0].is_alive()


def test_the_asynchronous_generator_hooks_are_restored(run: Run) -> None:
    before = sys.get_asyncgen_hooks()

    async def main() -> None:
        assert sys.get_asyncgen_hooks() != before

    run(main())
    assert sys.get_asyncgen_hooks() == before


def test_a_second_run_inside_a_running_loop_is_refused(run: Run) -> None:
    async def inner() -> None:
        raise AssertionError("must not run")

    async def main() -> None:
        coroutine = inner()
        try:
            with pytest.raises(RuntimeError) as error:
                run(coroutine)
        finally:
            coroutine.close()
        assert str(error.value) == "asyncio.run() cannot be called from a running event loop"

    run(main())


@pytest.mark.parametrize(
    "wrong", [42, None, "main", lambda: None, [], object()], ids=lambda w: type(w).__name__
)
def test_what_cannot_be_awaited_is_refused_as_asyncio_run_refuses_it(run: Run, wrong: Any) -> None:
    with pytest.raises((ValueError, TypeError)) as error:
        run(wrong)
    if sys.version_info < AWAITABLES_SINCE:
        assert type(error.value) is ValueError
        assert str(error.value) == f"a coroutine was expected, got {wrong!r}"
    else:
        assert type(error.value) is TypeError
        assert str(error.value) == "An asyncio.Future, a coroutine or an awaitable is required"


def test_a_coroutine_function_that_was_not_called_is_refused(run: Run) -> None:
    async def main() -> None:
        raise AssertionError("must not run")

    with pytest.raises((ValueError, TypeError)):
        run(main)


def test_any_awaitable_can_be_run(run: Run) -> None:
    if is_standard(run) and sys.version_info < AWAITABLES_SINCE:
        pytest.skip("standard library: asyncio.run takes coroutines only before 3.14")

    class Awaitable:
        def __await__(self) -> Any:
            yield from asyncio.sleep(0).__await__()
            return "awaited"

    assert run(Awaitable()) == "awaited"


@pytest.mark.parametrize("debug", [True, False])
def test_debug_is_handed_to_the_loop(run: Run, debug: bool) -> None:
    async def main() -> bool:
        return asyncio.get_running_loop().get_debug()

    assert run(main(), debug=debug) is debug


def test_debug_follows_the_environment_unless_given(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> bool:
        return asyncio.get_running_loop().get_debug()

    for value, expected in (("", False), ("1", True)):
        monkeypatch.setenv("PYTHONASYNCIODEBUG", value)
        assert run(main()) is (expected or sys.flags.dev_mode)
        assert run(main(), debug=False) is False


def test_arguments_beside_the_coroutine_are_named(run: Run) -> None:
    names = [(each.name, each.kind, each.default) for each in inspect.signature(run).parameters.values()]
    keyword = inspect.Parameter.KEYWORD_ONLY
    expected = [
        ("main", inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty),
        ("debug", keyword, None),
        ("loop_factory", keyword, None),
    ]
    # asyncio.run has had a loop factory since 3.12.
    assert names == expected or (is_standard(run) and names == expected[:2])


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def test_the_coroutine_runs_in_a_copy_of_the_callers_context(run: Run) -> None:
    async def main() -> str:
        seen = variable.get()
        variable.set("inside")
        return seen

    token = variable.set("outside")
    try:
        assert run(main()) == "outside"
        assert variable.get() == "outside"
    finally:
        variable.reset(token)


def test_run_works_in_another_thread(run: Run) -> None:
    results: list[str] = []

    async def main() -> str:
        await asyncio.sleep(0)
        return threading.current_thread().name

    thread = threading.Thread(target=lambda: results.append(run(main())), name="elsewhere")
    thread.start()
    thread.join(20)
    assert results == ["elsewhere"]


def test_a_coroutine_that_was_never_awaited_is_warned_of(run: Run) -> None:
    async def forgotten() -> None:
        pass

    async def main() -> None:
        forgotten()  # type: ignore[unused-coroutine]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(main())
    assert any("was never awaited" in str(each.message) for each in caught)


def test_an_error_of_a_callback_is_logged_by_asyncios_logger(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ArithmeticError("in a callback")

    async def main() -> None:
        asyncio.get_running_loop().call_soon(fail)
        await asyncio.sleep(0)

    with caplog.at_level(logging.ERROR, logger="asyncio"):
        run(main())
    [record] = [record for record in caplog.records if record.name == "asyncio"]
    assert record.getMessage().startswith("Exception in callback ")
    assert record.exc_info is not None
    assert record.exc_info[0] is ArithmeticError
