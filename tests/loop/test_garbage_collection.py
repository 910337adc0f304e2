"""What is in a cycle is collected: handles, timers, tasks and futures, after they left the lines of a running loop, and
what stood in these lines when the loop stopped."""

import asyncio
import contextvars
import gc
import weakref

import pytest


class Node:
    """Something that a loop's object refers to, and that refers to it."""

    def call(self):
        pass


def handle_that_ran(loop, node):
    node.held = loop.call_soon(node.call)


def timer_that_ran(loop, node):
    node.held = loop.call_later(0, node.call)


def cancelled_timer(loop, node):
    # Only its context refers to the node.
    variable = contextvars.ContextVar("variable")
    context = contextvars.copy_context()
    context.run(variable.set, node)
    node.held = loop.call_later(3600, print, context=context)
    loop.call_later(7200, print).cancel()
    node.held.cancel()


def finished_task(loop, node):
    async def main():
        return node

    node.held = loop.create_task(main())


def task_that_failed(loop, node):
    async def main():
        raise ValueError(node)

    node.held = loop.create_task(main())
    node.held.add_done_callback(lambda task: task.exception())


def cancelled_task(loop, node):
    async def main():
        node.own = node
        await asyncio.sleep(3600)

    node.held = loop.create_task(main())
    loop.call_soon(node.held.cancel)


def finished_future(loop, node):
    node.held = loop.create_future()
    node.held.set_result(node)


def pending_future(loop, node):
    node.held = loop.create_future()
    node.held.add_done_callback(lambda _: node)


def in_a_crowd(node, make):
    """What `make` makes 200 times while a variable refers to the node: the copies of the context refer to it too."""
    context = contextvars.copy_context()
    context.run(contextvars.ContextVar("variable").set, node)
    return context.run(lambda: [make() for _ in range(200)])


def crowd_of_handles(loop, node):
    node.held = in_a_crowd(node, lambda: loop.call_soon(id, 1))


def crowd_of_handles_cancelled(loop, node):
    node.held = in_a_crowd(node, lambda: loop.call_soon(id, 1))
    for handle in node.held:
        handle.cancel()


def crowd_of_timers(loop, node):
    node.held = in_a_crowd(node, lambda: loop.call_later(0, id, 1))


def crowd_of_timers_cancelled(loop, node):
    node.held = in_a_crowd(node, lambda: loop.call_later(3600, id, 1))
    for timer in reversed(node.held):
        timer.cancel()


def contexts_of_a_crowd(loop, node):
    if hasattr(asyncio.Handle, "get_context"):
        node.held = [handle.get_context() for handle in in_a_crowd(node, lambda: loop.call_soon(id, 1))]


def crowd_of_tasks(loop, node):
    async def main():
        pass

    node.held = in_a_crowd(node, lambda: loop.create_task(main()))


def contexts_of_tasks_in_a_crowd(loop, node):
    async def main():
        pass

    if hasattr(asyncio.Task, "get_context"):
        node.held = [task.get_context() for task in in_a_crowd(node, lambda: loop.create_task(main()))]


def crowd_of_cancelled_tasks(loop, node):
    async def main():
        await loop.create_future()

    node.held = in_a_crowd(node, lambda: loop.create_task(main()))
    for task in node.held:
        loop.call_soon(task.cancel)


DONE = [
    handle_that_ran, timer_that_ran, cancelled_timer, finished_task, task_that_failed, cancelled_task,
    finished_future, pending_future, crowd_of_handles, crowd_of_handles_cancelled, crowd_of_timers,
    crowd_of_timers_cancelled, contexts_of_a_crowd, crowd_of_tasks, contexts_of_tasks_in_a_crowd,
    crowd_of_cancelled_tasks,
]  # fmt: skip


@pytest.mark.parametrize("make", DONE, ids=lambda make: make.__name__)
def test_cycle_through_what_left_the_loop_is_collected_while_the_loop_runs(loop, make):
    async def main():
        node = Node()
        make(loop, node)
        # Cancelled handles are let go when a next one is pushed, or the heap is looked through.
        for _ in range(200):
            loop.call_later(3600, print).cancel()
        await asyncio.sleep(0.01)
        reference = weakref.ref(node)
        node = None
        gc.collect()
        return reference()

    assert loop.run_until_complete(main()) is None


@pytest.mark.reference_since(3, 12)
def test_cycle_through_an_eager_task_is_collected(loop, task_class):
    async def main():
        node = Node()

        async def child():
            return node

        node.held = task_class(child(), loop=loop, eager_start=True)
        child = None
        reference = weakref.ref(node)
        node = None
        gc.collect()
        return reference()

    assert loop.run_until_complete(main()) is None


def handle_that_waits(loop, node):
    node.held = loop.call_soon(node.call)


def timer_that_waits(loop, node):
    node.held = loop.call_later(3600, node.call)


def timers_that_wait(loop, node):
    node.held = [loop.call_later(3600 - number, node.call) for number in range(200)]


def task_that_waits(loop, node):
    async def main(node):
        await loop.create_future()

    node.held = loop.create_task(main(node))
    node.held._log_destroy_pending = False


def crowd_that_waits(loop, node):
    node.held = in_a_crowd(node, lambda: loop.call_later(3600, id, 1))


PENDING = [handle_that_waits, timer_that_waits, timers_that_wait, task_that_waits, crowd_that_waits]


@pytest.mark.parametrize("make", PENDING, ids=lambda make: make.__name__)
@pytest.mark.parametrize("when", ["while it runs", "before it runs", "after it ran"])
def test_what_waits_in_a_loop_that_stopped_is_collected_with_it(loop_factory, make, when):
    if make is task_that_waits and when == "after it ran":
        pytest.skip("its coroutine would never be awaited, which is reported")
    loop = loop_factory()
    node = Node()
    if when == "before it runs":
        make(loop, node)

    async def main():
        if when == "while it runs":
            make(loop, node)
        await asyncio.sleep(0)
        if when == "while it runs" and make is handle_that_waits:
            make(loop, node)

    loop.run_until_complete(main())
    if when == "after it ran":
        make(loop, node)
    reference = weakref.ref(node)
    loop.close()
    main = node = loop = None
    gc.collect()
    assert reference() is None


@pytest.mark.only_ouroloop
def test_what_waits_is_the_collector_s_once_the_loop_stops(loop):
    held = []

    async def wait():
        await loop.create_future()

    async def main():
        held.extend([loop.call_later(3600, print), loop.create_task(wait())])
        await asyncio.sleep(0)
        held.append(loop.call_soon(print))
        return [gc.is_tracked(each) for each in held]

    assert loop.run_until_complete(main()) == [False, False, False]
    assert all(gc.is_tracked(each) for each in held)
    held[1].cancel()
    loop.run_until_complete(asyncio.sleep(0))
    assert held[1].cancelled()


def test_finalizer_of_a_task_may_keep_it(loop, capture_errors):
    async def fail():
        raise ValueError("kept")

    async def main():
        loop.create_task(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gc.collect()

    loop.run_until_complete(main())
    (context,) = capture_errors
    kept = context["future"]
    assert gc.is_tracked(kept)
    assert kept.done()
    assert str(kept.exception()) == "kept"
