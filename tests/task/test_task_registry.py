"""current_task and all_tasks of the standard library, with tasks of ours."""

import asyncio
import threading

import pytest


def test_current_task_is_the_one_whose_step_runs(loop):
    async def child():
        return asyncio.current_task()

    async def main():
        before = asyncio.current_task()
        task = asyncio.create_task(child())
        assert await task is task
        assert asyncio.current_task() is before
        assert asyncio.current_task(loop) is before
        return before

    task = loop.create_task(main())
    assert loop.run_until_complete(task) is task


def test_there_is_no_current_task_in_a_callback(loop, run_once):
    seen = []
    loop.call_soon(lambda: seen.append(asyncio.current_task()))
    run_once(loop)
    assert seen == [None]
    assert asyncio.current_task(loop) is None


def test_there_is_no_current_task_in_a_done_callback(loop, run_once):
    seen = []

    async def main():
        pass

    task = loop.create_task(main())
    task.add_done_callback(lambda _: seen.append(asyncio.current_task()))
    run_once(loop)
    run_once(loop)
    assert seen == [None]


def test_current_task_outside_of_a_loop_is_an_error():
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.current_task()


def test_current_task_is_forgotten_when_a_step_ends_in_an_interrupt(loop, run_once):
    async def main():
        raise KeyboardInterrupt

    task = loop.create_task(main())
    with pytest.raises(KeyboardInterrupt):
        loop.run_forever()
    assert asyncio.current_task(loop) is None
    task.exception()
    seen = []
    loop.call_soon(lambda: seen.append(asyncio.current_task()))
    run_once(loop)
    assert seen == [None]


def test_current_task_is_known_inside_coroutines_callees(loop):
    class Asks:
        def __await__(self):
            first = asyncio.current_task()
            yield
            return first, asyncio.current_task()

    async def main():
        first, second = await Asks()
        return first is second is asyncio.current_task()

    assert loop.run_until_complete(main()) is True


def test_all_tasks_holds_those_that_are_not_done(loop):
    async def child():
        await asyncio.sleep(0)

    async def main():
        own = asyncio.current_task()
        assert asyncio.all_tasks() == {own}
        tasks = {asyncio.create_task(child()) for _ in range(5)}
        assert asyncio.all_tasks() == {own, *tasks}
        assert asyncio.all_tasks(loop) == {own, *tasks}
        await asyncio.wait(tasks)
        return asyncio.all_tasks() == {own}

    assert loop.run_until_complete(main()) is True
    assert asyncio.all_tasks(loop) == set()


def test_all_tasks_knows_a_task_that_has_not_begun(loop):
    async def main():
        pass

    task = loop.create_task(main())
    assert asyncio.all_tasks(loop) == {task}
    loop.run_until_complete(task)


def test_all_tasks_holds_tasks_of_both_kinds(loop, task_class):
    async def child():
        await asyncio.sleep(0)

    async def main():
        own = asyncio.current_task()
        standard, ours = asyncio.Task(child(), loop=loop), task_class(child(), loop=loop)
        assert asyncio.all_tasks() == {own, standard, ours}
        await asyncio.wait([standard, ours])
        assert asyncio.all_tasks() == {own}

    loop.run_until_complete(main())


def test_all_tasks_keeps_loops_apart(loop, loop_factory):
    async def main():
        pass

    other = loop_factory()
    task, foreign = loop.create_task(main()), other.create_task(main())
    assert asyncio.all_tasks(loop) == {task}
    assert asyncio.all_tasks(other) == {foreign}
    loop.run_until_complete(task)
    other.run_until_complete(foreign)
    other.close()


def test_all_tasks_outside_of_a_loop_is_an_error():
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.all_tasks()


def test_all_tasks_can_be_asked_for_from_another_thread(loop):
    sizes = []

    async def child(event):
        await event.wait()

    async def main():
        event = asyncio.Event()
        tasks = [asyncio.create_task(child(event)) for _ in range(50)]
        await asyncio.sleep(0)
        thread = threading.Thread(target=lambda: sizes.append(len(asyncio.all_tasks(loop))))
        thread.start()
        thread.join()
        event.set()
        await asyncio.gather(*tasks)

    loop.run_until_complete(main())
    assert sizes == [51]


def test_current_tasks_of_loops_in_threads_are_kept_apart(loop_factory):
    results = {}

    def serve(label):
        own_loop = loop_factory()

        async def main():
            own = asyncio.current_task()
            for _ in range(200):
                await asyncio.sleep(0)
                assert asyncio.current_task() is own
            return asyncio.all_tasks() == {own}

        results[label] = own_loop.run_until_complete(main())
        own_loop.close()

    threads = [threading.Thread(target=serve, args=(label,)) for label in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(4), True)


@pytest.mark.skipif(not hasattr(asyncio.tasks, "_enter_task"), reason="the registering functions are private")
def test_third_party_task_that_registers_itself_is_current(loop, run_once):
    """Packages that step coroutines themselves tell the standard library which task is current."""

    async def main():
        await future

    async def holder():
        await asyncio.sleep(0)

    future = loop.create_future()
    foreign = asyncio.Task(main(), loop=loop)
    run_once(loop)
    seen = []

    def pretend():
        asyncio.tasks._enter_task(loop, foreign)
        try:
            seen.append(asyncio.current_task() is foreign)
            with pytest.raises(RuntimeError, match="while another task"):
                asyncio.tasks._enter_task(loop, foreign)
        finally:
            asyncio.tasks._leave_task(loop, foreign)
        seen.append(asyncio.current_task())

    loop.call_soon(pretend)
    run_once(loop)
    assert seen == [True, None]
    future.set_result(None)
    loop.run_until_complete(foreign)
