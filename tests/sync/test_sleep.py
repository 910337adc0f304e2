"""`sleep` waits, gives its result, and can be cancelled."""

import asyncio
import contextvars
import inspect
import warnings

import pytest

import ouroloop


def test_it_gives_its_result_and_takes_its_time(loop, library):
    async def main():
        started = loop.time()
        assert await library.sleep(0.005, "result") == "result"
        assert await library.sleep(0, "at once") == "at once"
        assert await library.sleep(-1) is None
        return loop.time() - started

    assert loop.run_until_complete(main()) >= 0.0049


def test_sleeping_for_nothing_lets_one_iteration_pass(loop, library):
    order = []

    async def main():
        loop.call_soon(order.append, "first")
        loop.call_soon(loop.call_soon, order.append, "second")
        await library.sleep(0)
        order.append("woke")
        await library.sleep(0)

    loop.run_until_complete(main())
    assert order == ["first", "woke", "second"]


def test_sleepers_wake_in_the_order_of_their_times(loop, library):
    woken = []

    async def sleeper(seconds):
        await library.sleep(seconds)
        woken.append(seconds)

    async def main():
        await asyncio.wait([asyncio.ensure_future(sleeper(seconds)) for seconds in (0.006, 0.002, 0.004)])

    loop.run_until_complete(main())
    assert woken == [0.002, 0.004, 0.006]


@pytest.mark.parametrize("delay", [0, 30])
def test_a_cancelled_sleep_raises_with_the_message_and_leaves_no_timer(loop, library, delay):
    async def main():
        task = asyncio.ensure_future(library.sleep(delay))
        await asyncio.sleep(0)
        task.cancel("message")
        with pytest.raises(asyncio.CancelledError, match="message"):
            await task
        assert task.cancelled()

    loop.run_until_complete(main())


@pytest.mark.library_since(3, 13)
def test_nan_is_refused(loop, library):
    async def main():
        with pytest.raises(ValueError, match=r"Invalid delay: NaN \(not a number\)"):
            await library.sleep(float("nan"))

    loop.run_until_complete(main())


@pytest.mark.parametrize("delay", ["1", None, [], object()], ids=lambda delay: type(delay).__name__)
def test_what_is_no_number_is_refused_when_it_is_awaited(loop, library, delay):
    async def main():
        sleeping = library.sleep(delay)
        with pytest.raises(TypeError, match="'<=' not supported between instances"):
            await sleeping

    loop.run_until_complete(main())


def test_outside_a_loop_it_raises_when_it_is_driven(library):
    sleeping = library.sleep(1)
    with pytest.raises(RuntimeError, match="no running event loop"):
        sleeping.send(None)
    sleeping.close()


def test_what_is_never_awaited_warns(library):
    with pytest.warns(RuntimeWarning, match="coroutine 'sleep' was never awaited"):
        library.sleep(1)


def test_it_passes_for_a_coroutine_function(library):
    with warnings.catch_warnings():
        # Deprecated from 3.14 on.
        warnings.simplefilter("ignore", DeprecationWarning)
        assert asyncio.iscoroutinefunction(library.sleep)
    sleeping = library.sleep(0)
    assert asyncio.iscoroutine(sleeping)
    assert inspect.isawaitable(sleeping)
    sleeping.close()
    assert list(inspect.signature(library.sleep).parameters.values()) == list(
        inspect.signature(asyncio.sleep).parameters.values()
    )


def test_in_debug_mode_it_does_the_same(loop, library):
    loop.set_debug(True)

    async def main():
        assert await library.sleep(0.001, 1) == 1
        task = asyncio.ensure_future(library.sleep(30))
        await library.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    loop.run_until_complete(main())


def test_the_context_stays_the_task_s(loop, library):
    variable = contextvars.ContextVar("variable")

    async def main():
        variable.set("mine")
        await library.sleep(0.001)
        return variable.get()

    assert loop.run_until_complete(main()) == "mine"


@pytest.mark.only_ouroloop
@pytest.mark.only_our_library
def test_a_loop_with_timers_of_its_own_keeps_them(implementation, library):
    class Loop(ouroloop.EventLoop):
        def call_at(self, when, callback, *args, context=None):
            asked.append(when)
            return super().call_at(when, callback, *args, context=context)

    asked = []
    loop = Loop(**implementation.loop_arguments)
    try:
        loop.run_until_complete(library.sleep(0.001))
    finally:
        loop.close()
    assert len(asked) == 1
