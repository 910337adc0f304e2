"""Lends our pending tasks to the standard library's `asyncio.all_tasks()`.

That function walks a `WeakSet` of its own. Adding each of our tasks there would cost as much as running a short one, so
the set's storage is replaced, once, by one that also yields what our loops hold now. The set object itself stays, with
all that the standard library's own tasks put into it. `WeakSet` keeps its weak references in `data`, and walks it in
`__iter__` (directly, or over a copy).
"""

from __future__ import annotations

import asyncio.tasks
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_cores: weakref.WeakSet[Any] = weakref.WeakSet()


class _Lent:
    """Looks like a weak reference: gives the task when called."""

    __slots__ = ("task",)

    def __init__(self, task: Any) -> None:
        self.task = task

    def __call__(self) -> Any:
        return self.task


class _Storage(set[Any]):
    """The standard library's weak references, followed by our tasks."""

    def __iter__(self) -> Iterator[Any]:
        yield from list(super().__iter__())
        for core in list(_cores):
            for task in core._pending_tasks():
                yield _Lent(task)

    def copy(self) -> Any:
        return list(self)

    def __len__(self) -> int:
        return super().__len__() + sum(len(core._pending_tasks()) for core in list(_cores))


class _Probe:
    """Stands for a task of another make."""


def _registry() -> Any:
    """The `WeakSet` that `asyncio.all_tasks()` walks.

    From Python 3.14 on no name leads there. What the set holds does: the weak reference that it keeps for a registered
    task calls back a function that knows the set.
    """
    probe: Any = _Probe()
    asyncio.tasks._register_task(probe)
    try:
        for reference in weakref.getweakrefs(probe):
            for default in getattr(reference.__callback__, "__defaults__", None) or ():
                registry = default() if isinstance(default, weakref.ref) else None
                if isinstance(registry, weakref.WeakSet):
                    return registry
    finally:
        asyncio.tasks._unregister_task(probe)
    raise ImportError("this Python keeps its tasks in a way that ouroloop does not know")


def lend_tasks_of(core: Any) -> None:
    """From now on `asyncio.all_tasks()` sees the pending tasks of `core`, for as long as it lives."""
    if not _cores:
        registry = _registry()
        if not isinstance(registry.data, _Storage):
            registry.data = _Storage(registry.data)
    _cores.add(core)
