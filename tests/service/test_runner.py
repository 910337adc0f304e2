"""`Runner`: one loop for several runs, from its making to its end."""

import asyncio
import contextvars

import pytest

import ouroloop
from ouroloop.service.runner import Runner as OurRunner
from ouroloop.service.runner import run as our_run


@pytest.fixture(params=[asyncio.Runner, OurRunner], ids=["asyncio", "ours"])
def new_runner(request):
    def new_runner(**arguments):
        return request.param(loop_factory=ouroloop.new_event_loop, **arguments)

    return new_runner


async def running_loop():
    return asyncio.get_running_loop()


def test_several_runs_share_a_loop_and_a_context(new_runner):
    variable = contextvars.ContextVar("variable")

    async def put():
        variable.set("mine")

    async def get():
        return variable.get("nothing")

    with new_runner() as runner:
        assert runner.run(running_loop()) is runner.run(running_loop()) is runner.get_loop()
        runner.run(put())
        assert runner.run(get()) == "mine"
        assert runner.run(get(), context=contextvars.Context()) == "nothing"
    assert variable.get("nothing") == "nothing"


def test_closing_ends_what_is_left(new_runner):
    async def child():
        try:
            await asyncio.sleep(30)
        finally:
            ended.append("task")

    async def generator():
        try:
            yield 1
        finally:
            ended.append("generator")

    async def main():
        tasks.append(asyncio.create_task(child()))
        generators.append(generator())
        await anext(generators[0])
        await asyncio.sleep(0)

    ended, tasks, generators = [], [], []
    runner = new_runner()
    runner.run(main())
    loop = runner.get_loop()
    runner.close()
    runner.close()
    assert ended == ["task", "generator"]
    assert loop.is_closed()
    with pytest.raises(RuntimeError, match="Runner is closed"):
        runner.get_loop()
    coroutine = running_loop()
    with pytest.raises(RuntimeError, match="Runner is closed"):
        runner.run(coroutine)
    coroutine.close()


def test_a_task_that_fails_while_it_is_ended_is_reported(new_runner):
    async def child():
        try:
            await asyncio.sleep(30)
        finally:
            raise ArithmeticError

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: contexts.append(context))
        tasks.append(asyncio.create_task(child()))
        await asyncio.sleep(0)

    contexts, tasks = [], []
    with new_runner() as runner:
        runner.run(main())
    assert contexts[0]["message"] == "unhandled exception during asyncio.run() shutdown"
    assert contexts[0]["task"] is tasks[0]


@pytest.mark.parametrize("debug", [True, False])
def test_it_sets_the_debug_mode(new_runner, debug):
    with new_runner(debug=debug) as runner:
        assert runner.get_loop().get_debug() is debug


def test_inside_a_running_loop_it_is_refused(new_runner):
    async def main():
        inner = new_runner()
        coroutine = running_loop()
        with pytest.raises(RuntimeError, match=r"Runner.run\(\) cannot be called from a running event loop"):
            inner.run(coroutine)
        coroutine.close()
        inner.close()

    with new_runner() as runner:
        runner.run(main())


def test_without_a_factory_the_loop_is_ours_and_the_thread_s_until_it_is_closed():
    async def main():
        return asyncio.get_running_loop()

    assert isinstance(our_run(main()), ouroloop.EventLoop)
    with OurRunner() as runner:
        assert asyncio.get_event_loop() is runner.get_loop()


def test_ours_runs_any_awaitable():
    class Awaitable:
        def __await__(self):
            yield from asyncio.sleep(0).__await__()
            return "result"

    async def main():
        future = asyncio.get_running_loop().create_future()
        future.set_result("future")
        return future

    with OurRunner(loop_factory=ouroloop.new_event_loop) as runner:
        assert runner.run(Awaitable()) == "result"
        assert runner.run(runner.run(main())) == "future"


def test_a_result_is_not_asked_for_its_repr():
    class Result:
        repr_count = 0

        def __repr__(self):
            self.repr_count += 1
            return "result"

    async def main():
        return Result()

    with OurRunner() as runner:
        assert runner.run(main()).repr_count == 0
