"""current_task and all_tasks of the standard library, with tasks of ours."""

import _asyncio
import asyncio
import contextlib
import gc
import threading
import weakref

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


def test_current_task_that_was_asked_for_is_forgotten_after_its_step(loop, run_once):
    seen = []

    async def main():
        asyncio.current_task()
        loop.call_soon(lambda: seen.append(asyncio.current_task()))
        await asyncio.sleep(0)
        return asyncio.current_task()

    task = loop.create_task(main())
    run_once(loop)
    run_once(loop)
    assert seen == [None]
    assert asyncio.current_task(loop) is None
    assert task.result() is task
    reference = weakref.ref(task)
    del task
    gc.collect()
    assert reference() is None


def test_current_task_is_known_in_another_thread(loop):
    async def main():
        seen = []
        thread = threading.Thread(target=lambda: seen.append(asyncio.current_task(loop)))
        thread.start()
        thread.join()
        return seen

    task = loop.create_task(main())
    assert loop.run_until_complete(task) == [task]
    assert asyncio.current_task(loop) is None


def test_record_may_be_changed_during_a_step_and_put_right_again(loop):
    async def nothing():
        pass

    async def main():
        own, other = asyncio.current_task(), loop.create_task(nothing())
        asyncio.tasks._leave_task(loop, own)
        seen = [asyncio.current_task()]
        asyncio.tasks._enter_task(loop, other)
        seen.append(asyncio.current_task())
        asyncio.tasks._leave_task(loop, other)
        asyncio.tasks._enter_task(loop, own)
        seen.append(asyncio.current_task())
        await other
        return seen == [None, other, own] and asyncio.current_task() is own

    assert loop.run_until_complete(main())


@pytest.mark.skipif(
    not hasattr(_asyncio, "_current_tasks"), reason="from Python 3.14 on, a task cannot be taken out"
)
def test_loop_may_be_driven_inside_a_step_that_was_taken_off_the_record(loop):
    """As programs do that nest event loops."""

    async def child():
        await asyncio.sleep(0)
        return asyncio.current_task()

    async def main():
        own = asyncio.current_task()
        inner = loop.create_task(child())
        assert asyncio.tasks._current_tasks.pop(loop) is own
        while not inner.done():
            loop._run_once()
        assert asyncio.current_task() is None
        asyncio.tasks._current_tasks[loop] = own
        return inner.result() is inner, asyncio.current_task() is own

    task = loop.create_task(main())
    assert loop.run_until_complete(task) == (True, True)
    assert asyncio.current_task(loop) is None


def test_step_inside_a_step_is_refused(loop, capture_errors):
    async def child():
        pass

    async def main():
        inner = loop.create_task(child())
        with pytest.raises(RuntimeError, match="Cannot enter into task"):
            asyncio.tasks._enter_task(loop, inner)
        assert await inner is None
        return asyncio.current_task()

    task = loop.create_task(main())
    assert loop.run_until_complete(task) is task


@pytest.mark.only_ouroloop
def test_loop_of_a_subclass_with_a_hash_of_its_own_knows_the_current_task(implementation):
    class Loop(implementation.loop_class):
        def __hash__(self):
            return 7

    async def main():
        return asyncio.current_task()

    loop = Loop(**implementation.loop_arguments)
    try:
        for _ in range(2):
            task = loop.create_task(main())
            assert loop.run_until_complete(task) is task
            assert asyncio.current_task(loop) is None
    finally:
        loop.close()


def test_loops_are_equal_and_hashed_by_identity(loop, loop_factory):
    with contextlib.closing(loop_factory()) as other:
        assert loop != other
        assert len({loop, loop, other}) == 2
        assert hash(loop) == object.__hash__(loop)


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
