"""What our classes make passes for what the standard library's make, and runs none of their code."""

from __future__ import annotations

import asyncio as standard
import inspect
import socket
from typing import TYPE_CHECKING, Any

import pytest

from ouroloop import asyncio as ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def loop() -> Iterator[Any]:
    loop = ours.new_event_loop()
    yield loop
    loop.close()


async def nothing() -> None:
    """A coroutine that ends at once."""


async def make_task() -> Any:
    task = ours.create_task(nothing())
    await task
    return task


async def make_handle() -> Any:
    return ours.get_running_loop().call_soon(len, "")


async def make_timer() -> Any:
    timer = ours.get_running_loop().call_later(1000, print)
    timer.cancel()
    return timer


async def make_server() -> Any:
    server = await ours.get_running_loop().create_server(ours.Protocol, "127.0.0.1", 0)
    server.close()
    await server.wait_closed()
    return server


async def make_writer() -> Any:
    near, far = socket.socketpair()
    far.close()
    _, writer = await ours.open_connection(sock=near)
    writer.close()
    await writer.wait_closed()
    return writer


async def make(function: Callable[[], Any]) -> Any:
    return function()


# By the name of the class: what makes an instance, inside a running loop.
MAKERS: dict[str, Callable[[], Any]] = {
    "Barrier": lambda: make(lambda: ours.Barrier(1)),
    "BoundedSemaphore": lambda: make(ours.BoundedSemaphore),
    "Condition": lambda: make(ours.Condition),
    "Event": lambda: make(ours.Event),
    "Future": lambda: make(lambda: ours.get_running_loop().create_future()),
    "Handle": make_handle,
    "LifoQueue": lambda: make(ours.LifoQueue),
    "Lock": lambda: make(ours.Lock),
    "PriorityQueue": lambda: make(ours.PriorityQueue),
    "Queue": lambda: make(ours.Queue),
    "Runner": lambda: make(ours.Runner),
    "Semaphore": lambda: make(ours.Semaphore),
    "Server": make_server,
    "StreamReader": lambda: make(ours.StreamReader),
    "StreamReaderProtocol": lambda: make(lambda: ours.StreamReaderProtocol(ours.StreamReader())),
    "StreamWriter": make_writer,
    "Task": make_task,
    "TaskGroup": lambda: make(ours.TaskGroup),
    "Timeout": lambda: make(lambda: ours.timeout(1)),
    "TimerHandle": make_timer,
}
CLASSES = {
    name
    for name in ours.__all__
    if inspect.isclass(getattr(ours, name)) and getattr(ours, name) is not getattr(standard, name, None)
}
# The standard library's stand for one implementation of a loop; ours is an `AbstractEventLoop`.
LOOPS = {"BaseEventLoop", "DefaultEventLoopPolicy", "EventLoop", "SelectorEventLoop"}
# Older Pythons have none of these, and nobody but the functions that return them makes one.
NEWER = {"FrameCallGraphEntry", "FutureCallGraph", "QueueShutDown"}


def test_every_class_of_ours_is_looked_at() -> None:
    assert MAKERS.keys() == CLASSES - LOOPS - NEWER


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_instance_is_one_of_both_classes(loop: Any, name: str) -> None:
    instance = loop.run_until_complete(MAKERS[name]())
    assert type(instance) is getattr(ours, name)
    assert isinstance(instance, getattr(ours, name))
    assert isinstance(instance, getattr(standard, name))


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_every_public_method_and_the_constructor_are_ours(name: str) -> None:
    own, standards = getattr(ours, name), getattr(standard, name)
    special = {"__init__", "__aenter__", "__aexit__", "__enter__", "__exit__", "__await__", "__repr__"}
    expected = {each for each in vars(standards) if not each.startswith("_") or each in special}
    inherited = {
        each
        for each in expected
        if inspect.getattr_static(own, each) is inspect.getattr_static(standards, each)
    }
    assert inherited == set()


@pytest.mark.parametrize("name", ["Future", "Task"])
def test_future_of_the_standard_librarys_make_is_awaited(loop: Any, name: str) -> None:
    async def main() -> Any:
        if name == "Task":
            return await standard.Task(ours.sleep(0, "result"), loop=loop)
        future: Any = standard.Future(loop=loop)
        loop.call_soon(future.set_result, "result")
        return await future

    assert loop.run_until_complete(main()) == "result"


@pytest.mark.parametrize("namespace", [ours, standard], ids=["ours", "standard"])
def test_functions_of_either_namespace_take_tasks_of_ours(loop: Any, namespace: Any) -> None:
    async def main() -> list[Any]:
        def task(value: int) -> Any:
            return ours.create_task(ours.sleep(0, value))

        async with namespace.timeout(5), namespace.TaskGroup() as group:
            member = group.create_task(ours.sleep(0, 1))
        done, _ = await namespace.wait([task(2)])
        return [
            member.result(),
            done.pop().result(),
            *await namespace.gather(task(3), task(4)),
            await namespace.wait_for(task(5), 5),
            await namespace.shield(task(6)),
            *[await each for each in namespace.as_completed([task(7)])],
            await namespace.ensure_future(task(8)),
            namespace.current_task() is standard.current_task() is ours.current_task(),
            namespace.all_tasks() == {ours.current_task()},
            namespace.isfuture(task(9)),
        ]

    assert loop.run_until_complete(main()) == [1, 2, 3, 4, 5, 6, 7, 8, True, True, True]


class Delegating:
    """Awaits a coroutine as many wrappers do, by delegating to its iterator."""

    def __init__(self, coroutine: Any) -> None:
        self.coroutine = coroutine

    def __await__(self) -> Any:
        return (yield from self.coroutine.__await__())


@pytest.mark.parametrize("namespace", [ours, standard], ids=["ours", "standard"])
@pytest.mark.parametrize(
    "operation",
    [
        lambda namespace: namespace.sleep(0, True),
        lambda namespace: namespace.sleep(0.001, True),
        lambda namespace: namespace.Lock().acquire(),
        lambda namespace: namespace.wait_for(namespace.Lock().acquire(), 5),
    ],
    ids=["sleep-0", "sleep", "lock", "wait_for"],
)
def test_generator_may_delegate_to_what_is_awaited(loop: Any, namespace: Any, operation: Any) -> None:
    async def main() -> Any:
        return await Delegating(operation(namespace))

    assert loop.run_until_complete(main()) is True


@pytest.mark.parametrize("namespace", [ours, standard], ids=["ours", "standard"])
def test_timeout_outside_a_task_is_refused(loop: Any, namespace: Any) -> None:
    async def main() -> None:
        timeout = namespace.timeout(5)
        entering = timeout.__aenter__()
        caller = ours.current_task()
        ours.tasks._leave_task(loop, caller)
        try:
            with pytest.raises(RuntimeError, match=r"^Timeout should be used inside a task$"):
                entering.send(None)
        finally:
            ours.tasks._enter_task(loop, caller)
        with pytest.raises(RuntimeError, match=r"^Timeout has not been entered$"):
            timeout.reschedule(1)

    loop.run_until_complete(main())
