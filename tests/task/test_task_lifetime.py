"""Task: who keeps it alive, and what is said of one that was dropped."""

import asyncio
import gc
import weakref

import pytest

DESTROYED = "Task was destroyed but it is pending!"


class Watched:
    """A local variable that tells whether its frame still lives."""


async def forgotten_waiter(loop, references, finished):
    """Wait for a future that nobody outside this task refers to."""
    future = loop.create_future()
    references.append(weakref.ref(future))
    await future
    finished.append("woken")


@pytest.mark.only_stdlib
def test_standard_library_lets_a_pending_task_be_collected(loop, capture_errors, run_once):
    loop.create_task(forgotten_waiter(loop, [], []))
    run_once(loop)
    gc.collect()
    assert [context["message"] for context in capture_errors] == [DESTROYED]
    capture_errors.clear()
    gc.collect()


@pytest.mark.only_ouroloop
def test_pending_task_that_nobody_holds_is_kept_alive_by_its_loop(loop, run_once):
    references, finished = [], []
    loop.create_task(forgotten_waiter(loop, references, finished))
    run_once(loop)
    for _ in range(3):
        gc.collect()
        run_once(loop)
    references[0]().set_result(None)
    run_once(loop)
    run_once(loop)
    assert finished == ["woken"]


@pytest.mark.only_ouroloop
def test_task_is_let_go_once_it_is_done(loop, run_once):
    async def main():
        await asyncio.sleep(0)

    reference = weakref.ref(loop.create_task(main()))
    assert reference() is not None
    for _ in range(3):
        run_once(loop)
    assert reference() is None


@pytest.mark.only_ouroloop
def test_tasks_pending_when_the_loop_closes_are_reported_once_each(loop, run_once, capture_errors):
    async def main():
        await asyncio.sleep(30)

    tasks = [loop.create_task(main(), name=name) for name in "abc"]
    run_once(loop)
    loop.close()
    assert [context["message"] for context in capture_errors] == [DESTROYED] * 3
    assert {context["task"].get_name() for context in capture_errors} == {"a", "b", "c"}
    assert set(capture_errors[0]) == {"message", "task"}
    capture_errors.clear()
    del tasks
    gc.collect()
    assert capture_errors == []


@pytest.mark.only_ouroloop
def test_report_of_a_pending_task_says_where_it_was_made_in_debug_mode(loop, run_once, capture_errors):
    async def main():
        await asyncio.sleep(30)

    loop.set_debug(True)
    loop.create_task(main())
    run_once(loop)
    loop.close()
    assert capture_errors[0]["source_traceback"][-1].name.startswith("test_report_of_a_pending_task")


@pytest.mark.only_ouroloop
def test_pending_task_is_not_reported_when_its_logging_is_switched_off(loop, run_once, capture_errors):
    async def main():
        await asyncio.sleep(30)

    task = loop.create_task(main())
    task._log_destroy_pending = False
    run_once(loop)
    loop.close()
    assert capture_errors == []


@pytest.mark.only_ouroloop
def test_closed_loop_holds_nothing_of_its_pending_tasks(loop_factory, run_once):
    loop = loop_factory()
    loop.set_exception_handler(lambda _loop, _context: None)
    references = []

    async def main():
        local = Watched()
        references.append(weakref.ref(local))
        await asyncio.sleep(30)

    loop.create_task(main())
    run_once(loop)
    loop.close()
    gc.collect()
    assert references[0]() is None


def test_reference_cycle_of_a_finished_task_is_collected(loop):
    references = []

    async def main():
        local = Watched()
        local.task = asyncio.current_task()
        references.append(weakref.ref(local))
        await asyncio.sleep(0)
        return local

    loop.run_until_complete(main())
    gc.collect()
    assert references[0]() is None


def test_coroutine_lets_its_frame_go_when_it_ends(loop):
    references = []

    async def main():
        local = Watched()
        references.append(weakref.ref(local))
        await asyncio.sleep(0)

    task = loop.create_task(main())
    loop.run_until_complete(task)
    assert references[0]() is None
    assert task.done()


def test_result_is_let_go_with_the_task(loop):
    async def main():
        return Watched()

    task = loop.create_task(main())
    reference = weakref.ref(loop.run_until_complete(task))
    assert reference() is not None
    del task
    gc.collect()
    assert reference() is None


def test_future_that_was_awaited_is_let_go(loop):
    references = []

    async def main():
        future = loop.create_future()
        references.append(weakref.ref(future))
        loop.call_soon(future.set_result, None)
        await future
        del future
        await asyncio.sleep(0)
        return references[0]() is None

    assert loop.run_until_complete(main()) is True


def test_sleeping_tasks_leave_nothing_behind_when_cancelled(loop):
    async def main():
        tasks = [asyncio.create_task(asyncio.sleep(1000)) for _ in range(1000)]
        await asyncio.sleep(0)
        references = [weakref.ref(task) for task in tasks]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        tasks.clear()
        del task
        await asyncio.sleep(0)
        gc.collect()
        return sum(reference() is not None for reference in references)

    assert loop.run_until_complete(main()) == 0


@pytest.mark.only_ouroloop
def test_one_hundred_thousand_pending_tasks_give_their_memory_back(run_script):
    process = run_script(
        """
        import gc

        def resident_kib():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * 4

        async def wait(future):
            await future

        async def main():
            loop = asyncio.get_running_loop()
            tasks = [loop.create_task(wait(loop.create_future())) for _ in range(100_000)]
            await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            while not tasks[-1].done():
                await asyncio.sleep(0)

        loop = new_event_loop()
        loop.run_until_complete(main())
        gc.collect()
        before = resident_kib()
        loop.run_until_complete(main())
        gc.collect()
        print(resident_kib() - before)
        loop.close()
        """
    )
    assert process.returncode == 0, process.stderr
    # One hundred thousand tasks with their coroutines are more than fifty megabytes.
    assert int(process.stdout) < 16_384
