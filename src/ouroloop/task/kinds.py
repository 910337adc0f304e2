"""What passes for a coroutine, a coroutine function or a future."""

from __future__ import annotations

import asyncio
import collections.abc
import inspect
import types
import warnings
from typing import Any

from ouroloop.versions import ISCOROUTINEFUNCTION_IS_DEPRECATED

_LEGACY_MARK = getattr(asyncio.coroutines, "_is_coroutine", None)


def iscoroutine(obj: object) -> bool:
    """True for a coroutine of any make; `asyncio.iscoroutine`. A generator is none, from Python 3.12 on and here."""
    return type(obj) is types.CoroutineType or isinstance(obj, collections.abc.Coroutine)


def iscoroutinefunction(func: Any) -> bool:
    """True for what gives a coroutine when it is called; `asyncio.iscoroutinefunction`.

    Warns that it is deprecated where the standard library does (Python 3.14 on).
    """
    if ISCOROUTINEFUNCTION_IS_DEPRECATED:
        warnings.warn(
            "'asyncio.iscoroutinefunction' is deprecated and slated for removal in Python 3.16; "
            "use inspect.iscoroutinefunction() instead",
            DeprecationWarning,
            stacklevel=2,
        )
    if inspect.iscoroutinefunction(func):
        return True
    return _LEGACY_MARK is not None and getattr(func, "_is_coroutine", None) is _LEGACY_MARK


def isfuture(obj: Any) -> bool:
    """True for a future of any make: what has the documented flag of the await protocol; `asyncio.isfuture`."""
    return hasattr(obj.__class__, "_asyncio_future_blocking") and obj._asyncio_future_blocking is not None
