"""Whose object each public name is: ours, but for the contracts that both asyncios share."""

from __future__ import annotations

import asyncio as standard
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


def is_the_standard_librarys(name: str) -> bool:
    value: Any = getattr(ours, name)
    home = str(getattr(value, "__module__", None)).partition(".")[0]
    return value is getattr(standard, name, None) or home in {"asyncio", "_asyncio"}


@pytest.mark.parametrize("name", sorted(set(ours.__all__) & SHARED))
def test_shared_contract_is_the_standard_librarys_object(name: str) -> None:
    if name in NEWER and not hasattr(standard, name):
        assert getattr(ours, name).__module__.startswith("ouroloop.")
    else:
        assert getattr(ours, name) is getattr(standard, name)


def test_everything_else_is_ours() -> None:
    taken = {name for name in ours.__all__ if is_the_standard_librarys(name)}
    assert taken <= SHARED
