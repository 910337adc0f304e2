"""The whole of asyncio on our loop: `from ouroloop import asyncio` in the place of `import asyncio`.

Has every public name and submodule of the newest Python's asyncio, on every Python. A name that a newer Python removed
is here where the running Python still has it. Exceptions, abstract classes and constants are the standard library's own
objects, and so is the record of what runs; all the rest is our code. Importing it changes nothing for anybody else.

Each name is imported when it is first used, so that a program loads what it needs.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ouroloop import _import_first
from ouroloop.versions import HAS_CHILD_WATCHERS, HAS_POLICIES, POLICY_IS_DEPRECATED

if TYPE_CHECKING:
    from ouroloop.asyncio.base_events import *
    from ouroloop.asyncio.coroutines import *
    from ouroloop.asyncio.events import *
    from ouroloop.asyncio.exceptions import *
    from ouroloop.asyncio.futures import *
    from ouroloop.asyncio.graph import *
    from ouroloop.asyncio.locks import *
    from ouroloop.asyncio.protocols import *
    from ouroloop.asyncio.queues import *
    from ouroloop.asyncio.runners import *
    from ouroloop.asyncio.streams import *
    from ouroloop.asyncio.subprocess import *
    from ouroloop.asyncio.taskgroups import *
    from ouroloop.asyncio.tasks import *
    from ouroloop.asyncio.threads import *
    from ouroloop.asyncio.timeouts import *
    from ouroloop.asyncio.transports import *
    from ouroloop.asyncio.unix_events import *

# The public names of each submodule, in the standard library's order.
_NAMES = {
    "base_events": ["BaseEventLoop", "Server"],
    "coroutines": ["iscoroutinefunction", "iscoroutine"],
    "events": [
        "AbstractEventLoop", "AbstractServer", "Handle", "TimerHandle", "get_event_loop", "set_event_loop",
        "new_event_loop", "_set_running_loop", "get_running_loop", "_get_running_loop",
    ],
    "exceptions": [
        "BrokenBarrierError", "CancelledError", "InvalidStateError", "TimeoutError", "IncompleteReadError",
        "LimitOverrunError", "SendfileNotAvailableError",
    ],
    "futures": [
        "Future", "wrap_future", "isfuture", "future_add_to_awaited_by", "future_discard_from_awaited_by",
    ],
    "graph": [
        "capture_call_graph", "format_call_graph", "print_call_graph", "FrameCallGraphEntry", "FutureCallGraph",
    ],
    "locks": ["Lock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Barrier"],
    "protocols": ["BaseProtocol", "Protocol", "DatagramProtocol", "SubprocessProtocol", "BufferedProtocol"],
    "runners": ["Runner", "run"],
    "queues": ["Queue", "PriorityQueue", "LifoQueue", "QueueFull", "QueueEmpty", "QueueShutDown"],
    "streams": [
        "StreamReader", "StreamWriter", "StreamReaderProtocol", "open_connection", "start_server",
        "open_unix_connection", "start_unix_server",
    ],
    "subprocess": ["create_subprocess_exec", "create_subprocess_shell"],
    "tasks": [
        "Task", "create_task", "FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED", "wait", "wait_for",
        "as_completed", "sleep", "gather", "shield", "ensure_future", "run_coroutine_threadsafe", "current_task",
        "all_tasks", "create_eager_task_factory", "eager_task_factory",
        "_register_task", "_unregister_task", "_enter_task", "_leave_task",
    ],
    "taskgroups": ["TaskGroup"],
    "threads": ["to_thread"],
    "timeouts": ["Timeout", "timeout", "timeout_at"],
    "transports": [
        "BaseTransport", "ReadTransport", "WriteTransport", "Transport", "DatagramTransport", "SubprocessTransport",
    ],
    "unix_events": ["SelectorEventLoop", "EventLoop"],
}  # fmt: skip
# What newer Pythons removed.
if HAS_POLICIES:
    _NAMES["events"] += ["get_event_loop_policy", "set_event_loop_policy"]
if HAS_POLICIES and not POLICY_IS_DEPRECATED:
    _NAMES["events"] += ["AbstractEventLoopPolicy"]
    _NAMES["unix_events"] += ["DefaultEventLoopPolicy"]
if HAS_CHILD_WATCHERS:
    _NAMES["events"] += ["get_child_watcher", "set_child_watcher"]
    _NAMES["unix_events"] += [
        "AbstractChildWatcher", "SafeChildWatcher", "FastChildWatcher", "PidfdChildWatcher",
        "MultiLoopChildWatcher", "ThreadedChildWatcher",
    ]  # fmt: skip

_SUBMODULES = {
    *_NAMES, "base_futures", "base_subprocess", "base_tasks", "constants", "format_helpers", "log", "mixins",
    "selector_events", "sslproto", "staggered", "trsock",
}  # fmt: skip
_HOMES = {name: module for module, names in _NAMES.items() for name in names}
# Here, and warned of, where policies are deprecated.
_DEPRECATED = (
    {"AbstractEventLoopPolicy": "events", "DefaultEventLoopPolicy": "unix_events"}
    if HAS_POLICIES and POLICY_IS_DEPRECATED
    else {}
)

if not TYPE_CHECKING:
    __all__ = list(_HOMES)

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            value = getattr(_import_first(f"{__name__}.{_HOMES[name]}"), name)
            globals()[name] = value
            return value
        if name in _SUBMODULES:
            return _import_first(f"{__name__}.{name}")
        if name in _DEPRECATED:
            warnings.warn(
                f"'asyncio.{name}' is deprecated and slated for removal in Python 3.16",
                DeprecationWarning,
                stacklevel=2,
            )
            return getattr(_import_first(f"{__name__}.{_DEPRECATED[name]}"), f"_{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOMES, *_SUBMODULES})
