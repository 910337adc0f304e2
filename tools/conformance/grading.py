"""How private a test is, from the private names of the standard library that it touches.

A is public behaviour; S touches only private names that the documentation gives to people who extend asyncio, or
that real packages use; B looks into the standard library's implementation, or puts mocks there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PUBLIC = "A"
EXTENDING = "S"
INTERNAL = "B"
GRADES = {
    PUBLIC: "public behaviour",
    EXTENDING: "names for extensions",
    INTERNAL: "internals",
}

# Names of tasks, futures, handles and registries that are documented for extensions, or that packages use.
_FOR_EXTENSIONS = {
    "_register_task", "_unregister_task", "_enter_task", "_leave_task", "_swap_current_task",
    "_register_eager_task", "_unregister_eager_task", "_get_running_loop", "_set_running_loop",
    "_get_event_loop_policy", "_set_event_loop_policy", "_AbstractEventLoopPolicy", "_DefaultEventLoopPolicy",
    "_UnixDefaultEventLoopPolicy", "_asyncio_future_blocking", "_loop", "_cancel_message", "_log_traceback",
    "_log_destroy_pending", "_source_traceback", "_make_cancelled_error", "_must_cancel", "_fut_waiter", "_state",
    "_result", "_exception", "_coro", "_callbacks", "_callback", "_args", "_run", "_cancelled", "_context", "_when",
    "_scheduled", "_repr", "_CTask", "_CFuture", "_GeneratorWrapper", "TransportSocket",
}  # fmt: skip
# The compiled functions by the names under which tests tell them from the pure-Python ones.
_COMPILED = "_c_"
# Public classes, which tests may take from their home module.
_PUBLIC_CLASSES = {
    "BaseEventLoop", "SelectorEventLoop", "EventLoop", "DefaultEventLoopPolicy", "AbstractChildWatcher",
    "FastChildWatcher", "MultiLoopChildWatcher", "PidfdChildWatcher", "SafeChildWatcher", "ThreadedChildWatcher",
}  # fmt: skip
# A test that sets these on a loop only keeps a bare BaseEventLoop from blocking.
_HARMLESS_TO_SET = {"_process_events", "_write_to_self", "_selector", "_log_destroy_pending"}


def grade(touched: Iterable[str]) -> str:
    """The grade of a test that touched these, as a `Recorder` writes them."""
    return max(map(_grade_of_one, touched), default=PUBLIC, key=list(GRADES).index)


def _grade_of_one(touched: str) -> str:
    manner, _, path = touched.rpartition(":")
    owner, _, name = path.rpartition(".")
    is_private = name.startswith("_")
    if manner == "mock":
        # A public method may be replaced on one loop or policy. A name in a module, be it `socket` or `os`, is
        # replaced to catch the implementation's own use of it. Class names have capitals.
        is_module = owner.islower()
        return EXTENDING if name == "_get_running_loop" or not (is_module or is_private) else INTERNAL
    if manner == "set" and name in _HARMLESS_TO_SET:
        return PUBLIC
    if name in _PUBLIC_CLASSES:
        return PUBLIC
    if name in _FOR_EXTENSIONS or name.startswith(_COMPILED):
        return EXTENDING
    return INTERNAL
