"""Puts another Python's asyncio tests where the running one has its own.

`test.test_asyncio` is the other Python's; `test.support`, which knows the interpreter, stays the running one's. What
the tests ask of it that it does not have yet is taken from the other Python's source, one definition at a time: as a
whole that source is in a newer language. Assertions that `unittest` got meanwhile are added to it.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import importlib.util
import os
import re
import sys
import unittest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Sequence
    from pathlib import Path

_PACKAGE = "test.test_asyncio"
# What the tests call in a newer way than the running Python's allows.
_CALLED_NEWLY = {"": ["check_sanitizer", "skip_if_sanitizer"], "warnings_helper": ["ignore_warnings"]}
_SUPPORT = ("", "socket_helper", "threading_helper", "warnings_helper")


class _Finder:
    """A meta path finder for the package of tests; its modules are then found in its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != _PACKAGE:
            return None
        return importlib.util.spec_from_file_location(
            name, self._folder / "__init__.py", submodule_search_locations=[str(self._folder)]
        )


def install(folder: Path) -> None:
    """From here on `test.test_asyncio` is the one in `folder`, which also has its `support` and certificates."""
    sys.meta_path.insert(0, _Finder(folder / "test_asyncio"))
    support: Any = importlib.import_module("test.support")
    # Where the tests look for certificates.
    support.TEST_HOME_DIR = str(folder)
    add_assertions(unittest.TestCase)
    for name in _SUPPORT:
        module = importlib.import_module(f"test.support.{name}" if name else "test.support")
        find = lend(module, folder / "support" / f"{name or '__init__'}.py")
        for function in _CALLED_NEWLY.get(name, ()):
            if hasattr(module, function):
                find(function)
    unix_events: Any = importlib.import_module("asyncio.unix_events")
    if not hasattr(unix_events, "can_use_pidfd"):
        unix_events.can_use_pidfd = lambda: hasattr(os, "pidfd_open")


def add_assertions(case: type[unittest.TestCase]) -> None:
    """Adds those of newer Pythons which the tests use (3.14)."""
    for assertion in (assertHasAttr, assertNotHasAttr, assertStartsWith, assertEndsWith, assertIsSubclass):
        if not hasattr(case, assertion.__name__):
            setattr(case, assertion.__name__, assertion)


def assertHasAttr(self: unittest.TestCase, obj: Any, name: str, msg: Any = None) -> None:  # noqa: N802
    if not hasattr(obj, name):
        raise self.failureException(msg or f"{obj!r} has no {name}")


def assertNotHasAttr(self: unittest.TestCase, obj: Any, name: str, msg: Any = None) -> None:  # noqa: N802
    if hasattr(obj, name):
        raise self.failureException(msg or f"{obj!r} has {name}")


def assertStartsWith(self: unittest.TestCase, s: Any, prefix: Any, msg: Any = None) -> None:  # noqa: N802
    if not s.startswith(prefix):
        raise self.failureException(msg or f"{s!r} does not start with {prefix!r}")


def assertEndsWith(self: unittest.TestCase, s: Any, suffix: Any, msg: Any = None) -> None:  # noqa: N802
    if not s.endswith(suffix):
        raise self.failureException(msg or f"{s!r} does not end with {suffix!r}")


def assertIsSubclass(self: unittest.TestCase, cls: type, superclass: Any, msg: Any = None) -> None:  # noqa: N802
    if not issubclass(cls, superclass):
        raise self.failureException(msg or f"{cls!r} is no subclass of {superclass!r}")


def lend(module: types.ModuleType, source: Path) -> Callable[[str], Any]:
    """Has `module` find what it lacks in a source file: top-level functions, each compiled when it is asked for.

    Returns what finds them, and puts them into the module.
    """
    text = source.read_text(encoding="utf-8")
    for name in re.findall(r"^import ([\w.]+)$", text, re.MULTILINE):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
            package = name.partition(".")[0]
            module.__dict__.setdefault(package, sys.modules[package])

    def find(name: str) -> Any:
        definition = definition_of(name, text.splitlines(keepends=True))
        if not definition:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        exec(compile(definition, str(source), "exec"), module.__dict__)
        return module.__dict__[name]

    module.__dict__["__getattr__"] = find
    return find


def definition_of(name: str, lines: Sequence[str]) -> str:
    """A top-level function with its decorators, or "" where there is none of this name."""
    start = next((number for number, line in enumerate(lines) if line.startswith(f"def {name}(")), None)
    if start is None:
        return ""
    end = start + 1
    while start and lines[start - 1].startswith("@"):
        start -= 1
    # To the next line at the top level; one that closes a long signature stands there too.
    while end < len(lines) and lines[end][:1] in " \t\n)#":
        end += 1
    return "".join(lines[start:end])
