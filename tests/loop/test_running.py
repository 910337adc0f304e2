"""run_forever, run_until_complete and stop: what runs, what stays queued, and what is refused."""

import asyncio
import threading

import pytest

ALREADY_RUNNING = r"^This event loop is already running$"
ANOTHER_RUNNING = r"^Cannot run the event loop while another loop is running$"
STOPPED_EARLY = r"^Event loop stopped before Future completed\.$"


def test_stop_before_running_runs_one_iteration(loop):
    ran = []
    loop.call_soon(loop.call_soon, ran.append, "second iteration")
    loop.call_soon(ran.append, "first iteration")
    loop.stop()
    loop.run_forever()
    assert ran == ["first iteration"]
    loop.stop()
    loop.run_forever()
    assert ran == ["first iteration", "second iteration"]


def test_stop_is_forgotten_once_the_loop_left(loop):
    loop.stop()
    loop.stop()
    loop.run_forever()
    ran = []
    loop.call_soon(loop.call_soon, loop.call_soon, ran.append, "third iteration")
    loop.call_later(0.001, loop.stop)
    loop.run_forever()
    assert ran == ["third iteration"]


def test_rest_of_the_batch_runs_after_stop(loop):
    ran = []
    loop.call_soon(loop.stop)
    loop.call_soon(ran.append, "rest of the batch")
    loop.run_forever()
    assert ran == ["rest of the batch"]


def test_callbacks_scheduled_after_stop_stay_queued(loop, run_once):
    ran = []
    loop.call_soon(loop.stop)
    loop.call_soon(loop.call_soon, ran.append, "later")
    loop.run_forever()
    assert ran == []
    run_once(loop)
    assert ran == ["later"]


def test_stopped_loop_does_not_wait_for_timers(loop):
    ran = []
    timer = loop.call_later(60, ran.append, "timer")
    loop.stop()
    loop.run_forever()
    assert ran == []
    timer.cancel()


def test_run_forever_returns_none_and_may_be_called_again(loop, run_once):
    for _ in range(3):
        loop.call_soon(loop.stop)
        assert loop.run_forever() is None


def test_is_running_only_inside_run_forever(loop):
    seen = []
    assert not loop.is_running()
    loop.call_soon(lambda: seen.append(loop.is_running()))
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert seen == [True]
    assert not loop.is_running()


def test_running_loop_is_known_to_asyncio_only_while_it_runs(loop, run_once):
    seen = []
    loop.call_soon(lambda: seen.extend([asyncio.get_running_loop(), asyncio.get_event_loop()]))
    run_once(loop)
    assert seen == [loop, loop]
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


def test_run_until_complete_returns_the_result_of_a_coroutine(loop):
    async def main():
        await asyncio.sleep(0)
        return "result"

    assert loop.run_until_complete(main()) == "result"


def test_run_until_complete_takes_a_future_a_task_and_any_awaitable(loop):
    class Awaitable:
        def __await__(self):
            yield
            return "awaited"

    async def main():
        return "task"

    future = loop.create_future()
    loop.call_soon(future.set_result, "future")
    assert loop.run_until_complete(future) == "future"
    assert loop.run_until_complete(future) == "future"
    assert loop.run_until_complete(loop.create_task(main())) == "task"
    assert loop.run_until_complete(Awaitable()) == "awaited"


def test_run_until_complete_raises_what_the_coroutine_raised(loop):
    error = ValueError("from main")

    async def main():
        raise error

    with pytest.raises(ValueError, match="from main") as raised:
        loop.run_until_complete(main())
    assert raised.value is error


def test_run_until_complete_raises_cancelled_error_with_its_message(loop):
    future = loop.create_future()
    loop.call_soon(future.cancel, "because")
    with pytest.raises(asyncio.CancelledError) as raised:
        loop.run_until_complete(future)
    assert raised.value.args == ("because",)


def test_run_until_complete_refuses_what_cannot_be_awaited(loop):
    expected = r"^An asyncio\.Future, a coroutine or an awaitable is required$"
    for refused in (1, "text", None, print, [], lambda: None):
        with pytest.raises(TypeError, match=expected):
            loop.run_until_complete(refused)


def test_run_until_complete_refuses_a_future_of_another_loop(loop, loop_factory):
    other = loop_factory()
    expected = r"^The future belongs to a different loop than the one specified as the loop argument$"
    with pytest.raises(ValueError, match=expected):
        loop.run_until_complete(other.create_future())
    other.close()


def test_loop_stopped_before_the_future_is_done_is_an_error(loop):
    future = loop.create_future()
    loop.call_soon(loop.stop)
    with pytest.raises(RuntimeError, match=STOPPED_EARLY):
        loop.run_until_complete(future)
    # The future is as it was: nothing of the failed run is left on it.
    loop.call_soon(future.set_result, 1)
    assert loop.run_until_complete(future) == 1


def test_loop_stopped_early_can_go_on_with_the_same_task(loop):
    async def main():
        loop.stop()
        await asyncio.sleep(0)
        return "went on"

    task = loop.create_task(main())
    with pytest.raises(RuntimeError, match=STOPPED_EARLY):
        loop.run_until_complete(task)
    assert loop.run_until_complete(task) == "went on"


def test_callbacks_of_the_iteration_that_completes_the_future_still_run(loop):
    ran = []
    future = loop.create_future()
    loop.call_soon(future.set_result, None)
    loop.call_soon(ran.append, "same iteration")
    loop.run_until_complete(future)
    assert ran == ["same iteration"]


def test_run_until_complete_of_a_done_future_runs_what_is_ready(loop):
    ran = []
    future = loop.create_future()
    future.set_result("done")
    loop.call_soon(ran.append, "ready")
    assert loop.run_until_complete(future) == "done"
    assert ran == ["ready"]


@pytest.mark.parametrize("error_class", [KeyboardInterrupt, SystemExit])
def test_interrupt_from_the_main_coroutine_is_raised_once_and_not_reported(loop, error_class, run_once):
    async def main():
        raise error_class("stop everything")

    with pytest.raises(error_class, match="stop everything"):
        loop.run_until_complete(main())
    assert not loop.is_running()
    ran = []
    # A stop left over from the failed run would end this one after a single iteration.
    loop.call_soon(loop.call_soon, loop.call_soon, ran.append, "goes on")
    loop.call_soon(loop.call_soon, loop.call_soon, loop.call_soon, loop.stop)
    loop.run_forever()
    assert ran == ["goes on"]


def test_running_again_inside_a_callback_is_refused(loop, run_once):
    seen = []
    future = loop.create_future()

    def run_again():
        with pytest.raises(RuntimeError, match=ALREADY_RUNNING):
            loop.run_until_complete(future)
        seen.extend([loop.is_running(), asyncio.get_running_loop()])

    loop.call_soon(run_again)
    run_once(loop)
    assert seen == [True, loop]


@pytest.mark.reference_since(3, 14)  # 3.13 took the running loop apart when it refused.
def test_run_forever_inside_a_callback_is_refused_and_leaves_the_loop_as_it_was(loop, run_once):
    seen = []

    def run_again():
        with pytest.raises(RuntimeError, match=ALREADY_RUNNING):
            loop.run_forever()
        seen.extend([loop.is_running(), asyncio.get_running_loop()])

    loop.call_soon(run_again)
    run_once(loop)
    assert seen == [True, loop]


def test_another_loop_inside_a_running_one_is_refused(loop, loop_factory, run_once):
    refusals = []
    other = loop_factory()
    future = other.create_future()

    def run_other():
        with pytest.raises(RuntimeError, match=ANOTHER_RUNNING):
            other.run_until_complete(future)
        refusals.append(other.is_running())

    loop.call_soon(run_other)
    run_once(loop)
    assert refusals == [False]
    other.close()


def test_loop_of_the_other_kind_inside_a_running_one_is_refused(loop):
    foreign = asyncio.SelectorEventLoop()

    async def main(inner):
        future = inner.create_future()
        with pytest.raises(RuntimeError, match=ANOTHER_RUNNING):
            inner.run_until_complete(future)

    loop.run_until_complete(main(foreign))
    foreign.run_until_complete(main(loop))
    foreign.close()


def test_running_from_a_second_thread_is_refused(loop):
    refusals = []

    def run_too():
        try:
            loop.run_until_complete(future)
        except RuntimeError as error:
            refusals.append(str(error))
        loop.call_soon_threadsafe(loop.stop)

    future = loop.create_future()
    thread = threading.Thread(target=run_too)
    loop.call_soon(thread.start)
    loop.run_forever()
    thread.join()
    assert refusals == ["This event loop is already running"]


def test_loops_run_side_by_side_in_threads(loop_factory):
    results = {}

    def serve(label):
        loop = loop_factory()

        async def main():
            for _ in range(50):
                await asyncio.sleep(0)
                assert asyncio.get_running_loop() is loop
            await asyncio.sleep(0.001)
            return label

        try:
            results[label] = loop.run_until_complete(main())
        finally:
            loop.close()

    threads = [threading.Thread(target=serve, args=(label,)) for label in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {label: label for label in range(6)}


def test_loop_made_in_one_thread_may_run_in_another(loop):
    results = []

    async def main():
        await asyncio.sleep(0)
        return threading.get_ident()

    thread = threading.Thread(target=lambda: results.append(loop.run_until_complete(main())))
    thread.start()
    thread.join()
    assert results == [thread.ident]
    assert loop.run_until_complete(main()) == threading.get_ident()
