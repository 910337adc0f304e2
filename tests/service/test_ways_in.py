"""Ways to our loop: `ouroloop.run`, `new_event_loop`, and the standard library's functions given it."""

import asyncio
import contextvars
import sys
from collections.abc import Callable

import pytest

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def test_the_loop_is_ours() -> None:
    import ouroloop

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert type(loop) is ouroloop.EventLoop
        assert type(asyncio.current_task()) is ouroloop.Task
        assert type(loop.create_future()) is ouroloop.Future

    ouroloop.run(main())


def test_a_loop_factory_makes_the_loop() -> None:
    import ouroloop

    made: list[asyncio.AbstractEventLoop] = []

    def factory() -> asyncio.AbstractEventLoop:
        made.append(asyncio.SelectorEventLoop())
        return made[-1]

    async def main() -> None:
        assert asyncio.get_running_loop() is made[0]

    ouroloop.run(main(), loop_factory=factory)
    assert len(made) == 1
    assert made[0].is_closed()


def test_new_event_loop_makes_a_loop_that_is_not_yet_anybodys() -> None:
    import ouroloop

    first, second = ouroloop.new_event_loop(), ouroloop.new_event_loop()
    try:
        assert first is not second
        for loop in (first, second):
            assert type(loop) is ouroloop.EventLoop
            assert isinstance(loop, asyncio.AbstractEventLoop)
            assert not loop.is_running()
            assert not loop.is_closed()
        assert first.run_until_complete(asyncio.sleep(0, "works")) == "works"
    finally:
        first.close()
        second.close()


def test_asyncio_run_takes_our_loop() -> None:
    import ouroloop

    if sys.version_info < (3, 12):
        pytest.skip("standard library: asyncio.run has no loop_factory before 3.12")

    async def main() -> type:
        await asyncio.sleep(0)
        return type(asyncio.get_running_loop())

    assert asyncio.run(main(), loop_factory=ouroloop.new_event_loop) is ouroloop.EventLoop
    assert asyncio.run(main(), loop_factory=ouroloop.EventLoop) is ouroloop.EventLoop


def test_the_standard_runner_runs_several_coroutines_on_one_loop(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def main() -> asyncio.AbstractEventLoop:
        variable.set(variable.get() + "+")
        await asyncio.sleep(0)
        return asyncio.get_running_loop()

    async def read() -> str:
        return variable.get()

    with asyncio.Runner(loop_factory=loop_factory, debug=True) as runner:
        loop = runner.get_loop()
        assert loop.get_debug()
        assert runner.run(main()) is loop
        assert runner.run(main()) is loop
        assert runner.run(read()) == "unset++"
        context = contextvars.copy_context()
        assert runner.run(read(), context=context) == "unset"
    assert loop.is_closed()
