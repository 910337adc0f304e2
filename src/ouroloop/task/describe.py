"""How futures and tasks are written in reprs, and how a task's stack is found and printed."""

from __future__ import annotations

import asyncio.coroutines
import linecache
import reprlib
import traceback
from typing import TYPE_CHECKING, Any, TextIO

from ouroloop.loop.describe import describe_callback, describe_origin

if TYPE_CHECKING:
    from types import FrameType


@reprlib.recursive_repr()
def describe_future(future: Any) -> str:
    """`<Future pending cb=[...]>`."""
    return f"<{type(future).__name__} {' '.join(future_parts(future))}>"


@reprlib.recursive_repr()
def describe_task(task: Any) -> str:
    """`<Task pending name='Task-1' coro=<main() running at ...> wait_for=<...>>`."""
    return f"<{type(task).__name__} {' '.join(task_parts(task))}>"


def future_parts(future: Any) -> list[str]:
    """The parts of a future's repr."""
    parts = [future._state.lower()]
    if future._state == "FINISHED":
        if future._exception is not None:
            parts.append(f"exception={future._exception!r}")
        else:
            parts.append(f"result={reprlib.repr(future._result)}")
    if future._callbacks:
        parts.append(_describe_callbacks(future._callbacks))
    if future._source_traceback:
        parts.append(describe_origin(future._source_traceback))
    return parts


def task_parts(task: Any) -> list[str]:
    """The parts of a task's repr."""
    parts = future_parts(task)
    if task.cancelling() and not task.done():
        parts[0] = "cancelling"
    parts.insert(1, f"name={task.get_name()!r}")
    if task._fut_waiter is not None:
        parts.insert(2, f"wait_for={task._fut_waiter!r}")
    if task._coro is not None:
        # The wording for coroutines of every make is the standard library's own.
        parts.insert(2, f"coro=<{asyncio.coroutines._format_coroutine(task._coro)}>")  # type: ignore[attr-defined]
    return parts


def _describe_callbacks(callbacks: list[tuple[Any, Any]]) -> str:
    first = describe_callback(callbacks[0][0], (), debug=True)
    if len(callbacks) == 1:
        return f"cb=[{first}]"
    last = describe_callback(callbacks[-1][0], (), debug=True)
    between = f", <{len(callbacks) - 2} more>" if len(callbacks) > 2 else ""
    return f"cb=[{first}{between}, {last}]"


def task_stack(task: Any, limit: int | None) -> list[FrameType]:
    """The frames of a task: where a suspended one stands, or where a failed one raised; outermost first."""
    frames: list[FrameType] = []
    frame = _frame_of(task._coro)
    if frame is not None:
        while frame is not None and (limit is None or len(frames) < limit):
            frames.append(frame)
            frame = frame.f_back
        frames.reverse()
    elif task._exception is not None:
        entry = task._exception.__traceback__
        while entry is not None and (limit is None or len(frames) < limit):
            frames.append(entry.tb_frame)
            entry = entry.tb_next
    return frames


def _frame_of(coroutine: Any) -> FrameType | None:
    for name in ("cr_frame", "gi_frame", "ag_frame"):
        if hasattr(coroutine, name):
            frame: FrameType | None = getattr(coroutine, name)
            return frame
    return None


def print_task_stack(task: Any, limit: int | None, file: TextIO | None) -> None:
    """Prints what `task_stack` finds, as a traceback is printed."""
    entries = []
    checked = set()
    for frame in task.get_stack(limit=limit):
        file_name = frame.f_code.co_filename
        if file_name not in checked:
            checked.add(file_name)
            linecache.checkcache(file_name)
        line = linecache.getline(file_name, frame.f_lineno, frame.f_globals)
        entries.append((file_name, frame.f_lineno, frame.f_code.co_name, line))
    error = task._exception
    if not entries:
        print(f"No stack for {task!r}", file=file)
    elif error is not None:
        print(f"Traceback for {task!r} (most recent call last):", file=file)
    else:
        print(f"Stack for {task!r} (most recent call last):", file=file)
    traceback.print_list(entries, file=file)
    if error is not None:
        for line in traceback.format_exception_only(type(error), error):
            print(line, file=file, end="")
