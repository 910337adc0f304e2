"""The call graph, on every Python: where tasks stand and who awaits them."""

import asyncio
import gc

import pytest

from ouroloop.sync.as_completed import as_completed
from ouroloop.sync.gather import gather
from ouroloop.sync.shield import shield
from ouroloop.sync.sleep import sleep
from ouroloop.sync.task_group import TaskGroup
from ouroloop.sync.wait import wait
from ouroloop.sync.wait_for import wait_for
from ouroloop.task.awaited_by import future_add_to_awaited_by, future_discard_from_awaited_by
from ouroloop.task.call_graph import capture_call_graph, format_call_graph, print_call_graph


def shape(graph):
    """The graph with names in the place of objects."""
    get_name = getattr(graph.future, "get_name", None)
    functions = [entry.frame.f_code.co_name for entry in graph.call_stack]
    return get_name() if get_name else "future", functions, [shape(each) for each in graph.awaited_by]


def test_the_current_task_s_stack_ends_where_its_coroutine_begins(loop):
    def plain():
        return shape(capture_call_graph())

    async def inner():
        return plain()

    async def main():
        asyncio.current_task().set_name("main")
        return await inner()

    assert loop.run_until_complete(main()) == ("main", ["plain", "inner", "main"], [])


def test_an_eager_task_s_stack_ends_there_too(loop):
    async def child():
        return shape(capture_call_graph())

    async def main():
        import ouroloop

        return await ouroloop.Task(child(), loop=loop, name="child", eager_start=True)

    assert loop.run_until_complete(main()) == ("child", ["child"], [])


def test_those_who_await_stand_behind_each_future(loop):
    async def outer(future):
        await inner(future)

    async def inner(future):
        await future

    async def main():
        future = loop.create_future()
        tasks = [loop.create_task(outer(future), name=name) for name in ("A", "B")]
        await asyncio.sleep(0)
        graph = shape(capture_call_graph(future))
        future.set_result(None)
        await asyncio.wait(tasks)
        return graph, capture_call_graph(future).awaited_by

    (name, functions, waiters), after = loop.run_until_complete(main())
    assert (name, functions, after) == ("future", [], ())
    # The standard library's have no order.
    assert sorted(waiters) == [("A", ["inner", "outer"], []), ("B", ["inner", "outer"], [])]


@pytest.mark.parametrize("together", ["gather", "group", "shield", "wait"])
def test_who_waits_for_several_is_seen_from_each(loop, together):
    async def child():
        await asyncio.sleep(0)
        return shape(capture_call_graph())

    async def main():
        asyncio.current_task().set_name("main")
        task = loop.create_task(child(), name="child")
        if together == "gather":
            await gather(task)
        elif together == "group":
            task.cancel()
            async with TaskGroup() as group:
                task = group.create_task(child(), name="child")
        elif together == "shield":
            await shield(task)
        else:
            await wait([task])
        return task.result()

    name, functions, ((waiter, waiter_functions, parents),) = loop.run_until_complete(main())
    assert (name, functions, waiter, parents) == ("child", ["child"], "main", [])
    assert waiter_functions[-1] == "main"


@pytest.mark.only_ouroloop
def test_who_waits_for_several_in_turn_is_seen_until_they_are_done(loop):
    async def main():
        first, second = loop.create_future(), loop.create_future()
        iterator = as_completed([first, second])
        first.set_result(None)
        await anext(iterator)
        return [[each.future for each in capture_call_graph(future).awaited_by] for future in (first, second)]

    task = loop.create_task(main())
    assert loop.run_until_complete(task) == [[], [task]]


def test_a_time_limit_does_not_hide_what_stands_behind_it(loop):
    async def inner():
        await sleep(30)

    async def outer():
        await wait_for(wait_for(inner(), 60), 60)

    async def main():
        task = loop.create_task(outer(), name="limited")
        await asyncio.sleep(0)
        seen = shape(capture_call_graph(task))
        task.cancel()
        await asyncio.wait([task])
        return seen

    assert loop.run_until_complete(main()) == ("limited", ["inner", "outer"], [])


@pytest.mark.only_ouroloop
def test_who_waits_for_what_was_cancelled_at_once_is_seen(loop):
    async def slow_to_end():
        try:
            await loop.create_future()
        finally:
            await asyncio.sleep(0)
            seen.append([shape(each)[0] for each in capture_call_graph().awaited_by])

    async def main():
        asyncio.current_task().set_name("main")
        task = loop.create_task(slow_to_end())
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await wait_for(task, 0)
        return capture_call_graph(task).awaited_by

    seen = []
    assert loop.run_until_complete(main()) == ()
    assert seen == [["main"]]


@pytest.mark.only_ouroloop
def test_nobody_waits_for_what_comes_after_the_time_limit(loop):
    async def main():
        late = loop.create_future()
        iterator = as_completed([late], timeout=0)
        assert len(capture_call_graph(late).awaited_by) == 1
        with pytest.raises(TimeoutError):
            await anext(iterator)
        return capture_call_graph(late).awaited_by

    assert loop.run_until_complete(main()) == ()


def test_an_asynchronous_generator_is_part_of_the_stack(loop):
    async def generator():
        yield shape(capture_call_graph())
        await asyncio.sleep(0)

    async def main():
        async for each in generator():
            graph = each
        return graph

    _, functions, _ = loop.run_until_complete(main())
    assert functions == ["generator", "main"]


def test_a_suspended_asynchronous_generator_too(loop):
    async def generator(future):
        await future
        yield 1

    async def main():
        async for _ in generator(future):
            pass

    future = loop.create_future()
    task = loop.create_task(main())
    loop.call_soon(loop.stop)
    loop.run_forever()
    functions = shape(capture_call_graph(task))[1]
    future.set_result(None)
    loop.run_until_complete(task)
    assert functions in (["generator", "main"], ["main"])  # what `anext` awaits is not told by every Python


def test_the_limit_cuts_the_stacks(loop):
    async def inner():
        return [shape(capture_call_graph(limit=limit))[1] for limit in (0, 1, -1, None)]

    async def main():
        return await inner()

    none, nearest, furthest, everything = loop.run_until_complete(main())
    assert everything[-2:] == ["inner", "main"]
    assert none == []
    assert len(nearest) == len(furthest) == 1
    assert nearest != furthest


def test_it_is_printed_as_a_tree(loop, capsys):
    async def child():
        await asyncio.sleep(0)
        print_call_graph()
        return format_call_graph()

    async def main():
        return await loop.create_task(child(), name="child")

    text = loop.run_until_complete(loop.create_task(main(), name="main"))
    lines = text.splitlines()
    assert lines[0].startswith("* Task(name='child', id=0x")
    assert lines[1] == "  + Call stack:"
    assert lines[2].endswith("<locals>.child()")
    assert ", in async test_it_is_printed_as_a_tree.<locals>.child()" in lines[2]
    assert lines[3] == "  + Awaited by:"
    assert lines[4].startswith("    * Task(name='main', id=0x")
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(", line")[0] for line in printed] == [
        line.partition(", line")[0] for line in lines
    ]


def test_without_a_task_there_is_no_graph(loop):
    with pytest.raises(RuntimeError, match="outside of a running event loop"):
        capture_call_graph()

    graphs = []
    loop.call_soon(lambda: graphs.append((capture_call_graph(), format_call_graph())))
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert graphs == [(None, "")]


def test_what_is_no_future_is_refused(loop):
    with pytest.raises(TypeError, match=r"'x' object does not appear to be compatible with asyncio\.Future"):
        capture_call_graph("x")


@pytest.mark.only_ouroloop
def test_named_waiters_are_seen_until_they_are_taken_back(loop):
    first, second = loop.create_future(), loop.create_future()
    future_add_to_awaited_by(first, second)
    future_add_to_awaited_by(first, "no future")
    assert first._asyncio_awaited_by == {second}
    future_discard_from_awaited_by(first, second)
    future_discard_from_awaited_by(second, first)
    assert first._asyncio_awaited_by is None


@pytest.mark.only_ouroloop
def test_futures_that_await_each_other_end_the_graph(loop):
    first, second = loop.create_future(), loop.create_future()
    future_add_to_awaited_by(first, second)
    future_add_to_awaited_by(second, first)
    graph = capture_call_graph(first)
    assert graph.awaited_by[0].awaited_by[0].future is first
    assert graph.awaited_by[0].awaited_by[0].awaited_by == ()


@pytest.mark.only_ouroloop
def test_native_coroutines_leave_no_entry_and_stop_nobody_who_walks(loop):
    async def main():
        await sleep(30)

    task = loop.create_task(main())
    loop.call_soon(loop.stop)
    loop.run_forever()
    coroutine, frames = task.get_coro(), []
    while hasattr(coroutine, "cr_await"):
        frames.append(coroutine.cr_frame)
        coroutine = coroutine.cr_await
    assert None not in frames
    assert shape(capture_call_graph(task))[1] == ["main"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)


def test_a_graph_leaves_no_reference_cycle(loop):
    async def main():
        format_call_graph()
        gc.collect()
        return gc.collect()

    assert loop.run_until_complete(main()) == 0
