"""Lets a native function that gives an awaitable pass for what it replaces: a coroutine function."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")


def coroutine_function(function: Function) -> Function:
    """`function`, of which `asyncio.iscoroutinefunction` (and `inspect`'s, from Python 3.12 on) is true from now on."""
    mark = getattr(inspect, "markcoroutinefunction", None)
    if mark is not None:
        mark(function)
    legacy_mark = getattr(asyncio.coroutines, "_is_coroutine", None)
    if legacy_mark is not None:
        function._is_coroutine = legacy_mark  # type: ignore[attr-defined]
    return function
