"""The asynchronous call graph: where a task stands, and who awaits it.

Works on every Python and for futures of every make. Frames of coroutines are told by their code's flags, because
`frame.f_generator` came with Python 3.14. Native coroutines have no frame and leave no entry.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import sys
from typing import TYPE_CHECKING, Any, TextIO

from ouroloop.task.awaited_by import awaited_by
from ouroloop.task.registry import current_task

if TYPE_CHECKING:
    from types import FrameType

_SUSPENDABLE = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_GENERATOR


@dataclasses.dataclass(frozen=True, slots=True)
class FrameCallGraphEntry:
    """A frame of a call stack."""

    frame: FrameType


@dataclasses.dataclass(frozen=True, slots=True)
class FutureCallGraph:
    """A future or task, the call stack of its coroutine (innermost first), and the graphs of those that await it."""

    future: asyncio.Future[Any]
    call_stack: tuple[FrameCallGraphEntry, ...]
    awaited_by: tuple[FutureCallGraph, ...]


def capture_call_graph(
    future: asyncio.Future[Any] | None = None,
    /,
    *,
    depth: int = 1,
    limit: int | None = None,
) -> FutureCallGraph | None:
    """The call graph of `future` (None: of the current task); `asyncio.capture_call_graph` of Python 3.14.

    depth: frames of the current task to leave out, innermost first. limit: entries that each call stack keeps: with a
    positive number those next to where the future was called, with a negative one those at the other end, none with 0.
    Returns None where there is no current task. Raises RuntimeError where no loop runs, TypeError for what is no
    future.
    """
    loop = asyncio._get_running_loop()
    running: Any = None if loop is None else current_task(loop)
    if future is None:
        if loop is None:
            raise RuntimeError(
                "capture_call_graph() is called outside of a running event loop and no *future* to introspect was "
                "provided"
            )
        if running is None:
            return None
        future = running
    _check_future(future)
    if future is not running:
        return _graph_of(future, limit, frozenset())
    stack = () if limit == 0 else _running_stack(sys._getframe(depth), _outermost_frame(running))
    # A running stack is found from the inside, a suspended one from the outside: the limit cuts the same end of both.
    return FutureCallGraph(
        future, _cut(stack, None if limit is None else -limit), _parents(future, limit, frozenset())
    )


def format_call_graph(
    future: asyncio.Future[Any] | None = None,
    /,
    *,
    depth: int = 1,
    limit: int | None = None,
) -> str:
    """The call graph as text, or "" where there is no current task; `asyncio.format_call_graph`."""
    graph = capture_call_graph(future, depth=depth + 1, limit=limit)
    if graph is None:
        return ""
    try:
        return "\n".join(_lines_of(graph, ""))
    finally:
        # It holds frames.
        del graph


def print_call_graph(
    future: asyncio.Future[Any] | None = None,
    /,
    *,
    file: TextIO | None = None,
    depth: int = 1,
    limit: int | None = None,
) -> None:
    """Prints what `format_call_graph` gives to `file` (None: stdout); `asyncio.print_call_graph`."""
    print(format_call_graph(future, depth=depth + 1, limit=limit), file=file)


def _check_future(future: Any) -> None:
    if not isinstance(future, asyncio.Future):
        raise TypeError(f"{future!r} object does not appear to be compatible with asyncio.Future")


def _graph_of(future: Any, limit: int | None, path: frozenset[Any]) -> FutureCallGraph:
    """The graph of a future that does not run now. `path` has those that it awaits: futures can await each other."""
    if future in path:
        return FutureCallGraph(future, (), ())
    _check_future(future)
    get_coro = getattr(future, "get_coro", None)
    stack = _suspended_stack(get_coro()) if get_coro is not None and limit != 0 else ()
    return FutureCallGraph(future, _cut(stack, limit)[::-1], _parents(future, limit, path))


def _parents(future: Any, limit: int | None, path: frozenset[Any]) -> tuple[FutureCallGraph, ...]:
    return tuple(_graph_of(waiter, limit, path | {future}) for waiter in awaited_by(future))


def _cut(stack: tuple[FrameCallGraphEntry, ...], limit: int | None) -> tuple[FrameCallGraphEntry, ...]:
    if not limit:
        return stack
    return stack[:limit] if limit > 0 else stack[limit:]


def _suspended_stack(coroutine: Any) -> tuple[FrameCallGraphEntry, ...]:
    """The frames of a coroutine that is suspended and of those that it awaits, outermost first."""
    stack = []
    while coroutine is not None:
        for kind in ("cr", "ag"):
            if hasattr(coroutine, f"{kind}_await"):
                frame = getattr(coroutine, f"{kind}_frame")
                coroutine = getattr(coroutine, f"{kind}_await")
                break
        else:
            # A native coroutine that awaits another one.
            frame, coroutine = None, getattr(coroutine, "_awaits", None)
        if frame is not None:
            stack.append(FrameCallGraphEntry(frame))
    return tuple(stack)


def _outermost_frame(task: Any) -> FrameType | None:
    """The frame of the task's own coroutine, where it has one."""
    coroutine = task.get_coro()
    frame: FrameType | None = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
    return frame


def _running_stack(frame: FrameType | None, outermost: FrameType | None) -> tuple[FrameCallGraphEntry, ...]:
    """The frames from `frame` outwards to where the task's coroutine begins."""
    stack = []
    while frame is not None:
        stack.append(FrameCallGraphEntry(frame))
        if frame is outermost:
            break
        caller = frame.f_back
        if (
            outermost is None
            and _is_suspendable(frame)
            and caller is not None
            and not _is_suspendable(caller)
        ):
            # Only a task calls into a coroutine.
            break
        frame = caller
    return tuple(stack)


def _is_suspendable(frame: FrameType) -> bool:
    return bool(frame.f_code.co_flags & _SUSPENDABLE)


def _lines_of(graph: FutureCallGraph, indent: str) -> list[str]:
    future: Any = graph.future
    if isinstance(future, asyncio.Task):
        lines = [f"{indent}* Task(name={future.get_name()!r}, id={id(future):#x})"]
    else:
        lines = [f"{indent}* Future(id={id(future):#x})"]
    if graph.call_stack:
        lines.append(f"{indent}  + Call stack:")
        lines += [f"{indent}  |   {_describe_frame(entry.frame)}" for entry in graph.call_stack]
    if graph.awaited_by:
        lines.append(f"{indent}  + Awaited by:")
        for parent in graph.awaited_by:
            lines += _lines_of(parent, indent + "    ")
    return lines


def _describe_frame(frame: FrameType) -> str:
    code = frame.f_code
    kind = ""
    if code.co_flags & inspect.CO_COROUTINE:
        kind = "async "
    elif code.co_flags & inspect.CO_ASYNC_GENERATOR:
        kind = "async generator "
    elif code.co_flags & inspect.CO_GENERATOR:
        kind = "generator "
    return f"File {code.co_filename!r}, line {frame.f_lineno}, in {kind}{code.co_qualname}()"
