"""How callbacks, coroutines and stacks are written in messages and reprs. The standard library's wording is kept."""

from __future__ import annotations

import functools
import inspect
import reprlib
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import FrameType

# Frames kept of where a handle, future or task was made; `asyncio.constants.DEBUG_STACK_DEPTH`.
STACK_DEPTH = 10


def describe_callback(callback: Any, args: Iterable[Any] | None, debug: bool) -> str:
    """`name() at file:line`. The arguments are shown in debug mode only: they may hold secrets."""
    described = _describe_call(callback, args, None, debug)
    source = _source_of(callback)
    return f"{described} at {source[0]}:{source[1]}" if source else described


def describe_handle(handle: Any, name: str) -> list[str]:
    """The parts of a handle's repr."""
    parts = [name]
    if handle._cancelled:
        parts.append("cancelled")
    if handle._callback is not None:
        parts.append(describe_callback(handle._callback, handle._args, handle._loop.get_debug()))
    if handle._source_traceback:
        parts.append(describe_origin(handle._source_traceback))
    return parts


def describe_origin(stack: traceback.StackSummary) -> str:
    """`created at file:line`, of the innermost frame."""
    innermost = stack[-1]
    return f"created at {innermost.filename}:{innermost.lineno}"


def describe_stack(stack: traceback.StackSummary) -> str:
    """The lines of a stack, with those of its source where they can be had."""
    try:
        return "".join(traceback.format_list(stack)).rstrip()
    except ImportError:
        # An interpreter that ends reads no more source files.
        return "\n".join(
            f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in stack
        )


def capture_stack(frame: FrameType) -> traceback.StackSummary:
    """The stack from `frame` outwards, as debug mode keeps it. Source lines are read only when they are printed."""
    stack = traceback.StackSummary.extract(traceback.walk_stack(frame), limit=STACK_DEPTH, lookup_lines=False)
    stack.reverse()
    return stack


def _source_of(callback: Any) -> tuple[str, int] | None:
    callback = inspect.unwrap(callback)
    if inspect.isfunction(callback):
        return callback.__code__.co_filename, callback.__code__.co_firstlineno
    if isinstance(callback, (functools.partial, functools.partialmethod)):
        return _source_of(callback.func)
    return None


def _describe_call(
    callback: Callable[..., Any], args: Iterable[Any] | None, keywords: Mapping[str, Any] | None, debug: bool
) -> str:
    suffix = _describe_arguments(args, keywords) if debug else "()"
    if isinstance(callback, functools.partial):
        return _describe_call(callback.func, callback.args, callback.keywords, debug) + suffix
    name = getattr(callback, "__qualname__", None) or getattr(callback, "__name__", None) or repr(callback)
    return f"{name}{suffix}"


def _describe_arguments(args: Iterable[Any] | None, keywords: Mapping[str, Any] | None) -> str:
    parts = [reprlib.repr(argument) for argument in args or ()]
    parts.extend(f"{name}={reprlib.repr(value)}" for name, value in (keywords or {}).items())
    return f"({', '.join(parts)})"
