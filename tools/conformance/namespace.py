"""Makes `import asyncio` mean another implementation's whole namespace.

The module `asyncio` and every `asyncio.<submodule>` become views of the implementation: a public name comes
from it or is missing. Private names that tests ask for under the standard library's spelling are looked up
under the implementation's public one, and a few inert parts, with which tests compute what they expect, stay
the standard library's.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import pkgutil
import sys
import types
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SUBMODULES = {
    "base_events", "base_futures", "base_subprocess", "base_tasks", "constants", "coroutines", "events",
    "exceptions", "format_helpers", "futures", "graph", "locks", "log", "mixins", "proactor_events",
    "protocols", "queues", "runners", "selector_events", "sslproto", "staggered", "streams", "subprocess",
    "taskgroups", "tasks", "threads", "timeouts", "tools", "transports", "trsock", "unix_events",
}  # fmt: skip

# A submodule's names that tests only compute with; None stands for all of them.
_INERT: dict[str, tuple[str, ...] | None] = {
    "format_helpers": None,
    "constants": None,
    "tools": None,
    "proactor_events": ("BaseProactorEventLoop",),
    "unix_events": ("can_use_pidfd", "waitstatus_to_exitcode"),
}

_PUBLIC_SPELLINGS = {
    "_CTask": "Task",
    "_CFuture": "Future",
    "_c_current_task": "current_task",
    "_c_all_tasks": "all_tasks",
    "_c_register_task": "_register_task",
    "_c_unregister_task": "_unregister_task",
    "_c_enter_task": "_enter_task",
    "_c_leave_task": "_leave_task",
    "_c_swap_current_task": "_swap_current_task",
    "_c__get_running_loop": "_get_running_loop",
    "_c__set_running_loop": "_set_running_loop",
    "_c_get_running_loop": "get_running_loop",
    "_c_get_event_loop": "get_event_loop",
    "_c_future_add_to_awaited_by": "future_add_to_awaited_by",
    "_c_future_discard_from_awaited_by": "future_discard_from_awaited_by",
    "_set_event_loop_policy": "set_event_loop_policy",
    "_get_event_loop_policy": "get_event_loop_policy",
    "_AbstractEventLoopPolicy": "AbstractEventLoopPolicy",
    "_DefaultEventLoopPolicy": "DefaultEventLoopPolicy",
    "_UnixDefaultEventLoopPolicy": "DefaultEventLoopPolicy",
}


def install(implementation: str) -> None:
    """From here on `asyncio` is the named module's namespace, also where it was imported before."""
    module = importlib.import_module(implementation)
    _import_all(module)
    inert = _inert_parts()
    standard = {name: sys.modules[name] for name in list(sys.modules) if _is_asyncio(name)}
    for name in standard:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(module, inert))
    top = importlib.import_module("asyncio")
    for name in sorted(SUBMODULES):
        view = importlib.import_module(f"asyncio.{name}")
        if isinstance(getattr(module, name, None), types.ModuleType) or not hasattr(module, name):
            top.__dict__[name] = view
    _replace_references(standard, implementation.partition(".")[0])


def _import_all(module: types.ModuleType) -> None:
    """Imports what the namespace would import at first use: until now, `asyncio` is what its parts expect."""
    for found in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{module.__name__}."):
        importlib.import_module(found.name)
    for name in getattr(module, "__all__", ()):
        getattr(module, name)


def _is_asyncio(name: str) -> bool:
    return name == "asyncio" or name.startswith("asyncio.")


def _inert_parts() -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for submodule, names in _INERT.items():
        try:
            module = importlib.import_module(f"asyncio.{submodule}")
        except ImportError:  # a submodule that this Python does not have
            continue
        if names is None:
            parts[submodule] = module
        else:
            kept = {name: getattr(module, name) for name in names if hasattr(module, name)}
            parts[submodule] = types.SimpleNamespace(**kept)
    return parts


def _replace_references(standard: dict[str, types.ModuleType], package: str) -> None:
    """Modules that imported the standard library's asyncio get the views instead."""
    names = {id(module): name for name, module in standard.items()}
    for name, module in list(sys.modules.items()):
        if _is_asyncio(name) or name.partition(".")[0] in {package, "_asyncio"} or id(module) in names:
            continue
        for attribute, value in list(getattr(module, "__dict__", {}).items()):
            if id(value) in names:
                module.__dict__[attribute] = sys.modules[names[id(value)]]


def _look_up(sources: Sequence[Any], name: str) -> Any:
    for source in sources:
        if hasattr(source, name):
            return getattr(source, name)
    spelling = _PUBLIC_SPELLINGS.get(name, "")
    for source in sources:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if spelling and hasattr(source, spelling):
                found = getattr(source, spelling)
                return _without_warnings(found) if spelling.endswith("_policy") else found
    raise AttributeError(name)


def _without_warnings(function: Callable[..., Any]) -> Callable[..., Any]:
    """The private spelling of a deprecated function does not warn."""

    def call(*args: Any, **options: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args, **options)

    return call


class _View(types.ModuleType):
    """`asyncio` or one of its submodules, as the implementation has it."""

    def __init__(self, name: str, title: str, sources: Sequence[Any]) -> None:
        super().__init__(name)
        self.__dict__["_view_title"] = title
        self.__dict__["_view_sources"] = sources

    def __getattr__(self, name: str) -> Any:
        is_special = name.startswith("__") and name.endswith("__")
        if is_special and name != "__all__":
            raise AttributeError(name)
        try:
            return _look_up(self.__dict__["_view_sources"], name)
        except AttributeError:
            if self.__name__ == "asyncio" and name in SUBMODULES:
                return importlib.import_module(f"asyncio.{name}")
            title = self.__dict__["_view_title"]
            raise AttributeError(f"module {title!r} has no attribute {name!r}") from None

    def __dir__(self) -> list[str]:
        return sorted(
            {*self.__dict__, *(name for source in self.__dict__["_view_sources"] for name in dir(source))}
        )


class _Finder:
    """Finds and makes the views; a meta path finder and a loader."""

    def __init__(self, implementation: types.ModuleType, inert: dict[str, Any]) -> None:
        self._implementation = implementation
        self._inert = inert

    def find_spec(
        self, name: str, _path: Any = None, _target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        submodule = name.partition(".")[2]
        if not _is_asyncio(name) or (submodule and submodule not in SUBMODULES):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=not submodule)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        submodule = spec.name.partition(".")[2]
        title = self._implementation.__name__ + spec.name.removeprefix("asyncio")
        return _View(spec.name, title, self._sources(submodule))

    def exec_module(self, module: types.ModuleType) -> None:
        """A view has no code of its own."""

    def _sources(self, submodule: str) -> list[Any]:
        if not submodule:
            return [self._implementation]
        sources: list[Any] = [self._implementation]
        # What the implementation has no file for is looked for at its top.
        with contextlib.suppress(ImportError):
            sources.insert(0, importlib.import_module(f"{self._implementation.__name__}.{submodule}"))
        if submodule in self._inert:
            sources.append(self._inert[submodule])
        return sources
