"""Whose object each public name is: ours, but for the contracts that both asyncios share."""

from __future__ import annotations

import asyncio as standard
import importlib.util
import inspect
import pkgutil
from typing import Any

import pytest

from ouroloop import asyncio as ours

# Contracts: what other people's code catches, derives from or compares with.
EXCEPTIONS = {
    "BrokenBarrierError", "CancelledError", "IncompleteReadError", "InvalidStateError", "LimitOverrunError",
    "QueueEmpty", "QueueFull", "QueueShutDown", "SendfileNotAvailableError", "TimeoutError",
}  # fmt: skip
ABSTRACT_CLASSES = {
    "AbstractEventLoop", "AbstractEventLoopPolicy", "AbstractServer", "BaseProtocol", "BaseTransport",
    "BufferedProtocol", "DatagramProtocol", "DatagramTransport", "Protocol", "ReadTransport", "SubprocessProtocol",
    "SubprocessTransport", "Transport", "WriteTransport",
}  # fmt: skip
CONSTANTS = {"ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"}
# They read and write the interpreter's record of what runs in a thread, which there is only one of.
RECORD_OF_WHAT_RUNS = {
    "_enter_task", "_get_running_loop", "_leave_task", "_register_task", "_set_running_loop", "_unregister_task",
    "get_running_loop", "set_event_loop",
}  # fmt: skip
# Contracts that older Pythons do not have: there they are ours.
NEWER = {"QueueShutDown"}
# Newer Pythons have none; our loops use none.
CHILD_WATCHERS = {
    "AbstractChildWatcher", "FastChildWatcher", "MultiLoopChildWatcher", "PidfdChildWatcher", "SafeChildWatcher",
    "ThreadedChildWatcher", "get_child_watcher", "set_child_watcher",
}  # fmt: skip
SHARED = EXCEPTIONS | ABSTRACT_CLASSES | CONSTANTS | RECORD_OF_WHAT_RUNS | CHILD_WATCHERS
# Only submodules have these.
SHARED_IN_SUBMODULES = {
    # What anyio knows the root task by, and frameworks a coroutine function.
    "_run_until_complete_cb", "_is_coroutine",
    # What a transport gives as its socket, also to who asks for its type.
    "TransportSocket",
    "logger",
    # Policies where they are deprecated, without the warning.
    "_AbstractEventLoopPolicy",
}  # fmt: skip
SUBMODULES = sorted(each.name for each in pkgutil.iter_modules(ours.__path__))


def is_the_standard_librarys(value: Any, standards: Any) -> bool:
    home = str(getattr(value, "__module__", None)).partition(".")[0]
    return value is standards or home in {"asyncio", "_asyncio"}


@pytest.mark.parametrize("name", sorted(set(ours.__all__) & SHARED))
def test_shared_contract_is_the_standard_librarys_object(name: str) -> None:
    if name in NEWER and not hasattr(standard, name):
        assert getattr(ours, name).__module__.startswith("ouroloop.")
    else:
        assert getattr(ours, name) is getattr(standard, name)


def test_everything_else_is_ours() -> None:
    taken = {
        name
        for name in ours.__all__
        if is_the_standard_librarys(getattr(ours, name), getattr(standard, name, None))
    }
    missing = {name for name in NEWER if not hasattr(standard, name)}
    assert taken == (SHARED & set(ours.__all__)) - missing


@pytest.mark.parametrize("submodule", SUBMODULES)
def test_everything_else_in_a_submodule_is_ours(submodule: str) -> None:
    module = importlib.import_module(f"ouroloop.asyncio.{submodule}")
    standards: Any = object()  # for a submodule that only newer Pythons have
    if importlib.util.find_spec(f"asyncio.{submodule}"):
        standards = importlib.import_module(f"asyncio.{submodule}")
    taken = {
        name
        for name, value in vars(module).items()
        if not name.startswith("__")
        and not inspect.ismodule(value)
        and is_the_standard_librarys(value, getattr(standards, name, None))
    }
    if submodule == "constants":
        assert taken == set(module.__all__)
        return
    # A number that both took from the same place is nobody's.
    taken -= {"DEVNULL", "PIPE", "STDOUT", "TYPE_CHECKING"}
    assert taken <= SHARED | SHARED_IN_SUBMODULES


def test_built_in_functions_are_no_methods_in_a_class() -> None:
    """As the newest Python's, which are compiled, on every Python."""

    class Holder:
        all_tasks = ours.all_tasks
        current_task = ours.current_task

    loop = ours.new_event_loop()
    assert (Holder().all_tasks(loop), Holder().current_task(loop)) == (set(), None)
    loop.close()
