"""Records which private names of the standard library each of its tests touches.

The tests of the standard library's own run are rewritten so that every private attribute that they read or set is
looked at on the way, and every mock that they put somewhere too. What belongs to asyncio is noted for the test that
runs. A recorder that was not put into the tests notes nothing.
"""

from __future__ import annotations

import ast
import logging
import types
from typing import Any
from unittest import mock

from . import logger_hook

GET = "CONFORMANCE_GET"
SET = "CONFORMANCE_SET"
_PACKAGES = {"asyncio", "_asyncio"}
_TESTS = {"test", "unittest"}
# Modules of asyncio that are private as a whole, by the names that tests import them under.
_PRIVATE_MODULES = {
    "base_events", "base_futures", "base_subprocess", "base_tasks", "constants", "format_helpers", "proactor_events",
    "selector_events", "sslproto", "trsock", "unix_events", "windows_events",
}  # fmt: skip


class Recorder:
    """What the running test has touched."""

    def __init__(self) -> None:
        self._is_running = False
        self._touched: set[str] = set()

    def begin(self) -> None:
        self._is_running = True
        self._touched = set()

    def end(self) -> list[str]:
        self._is_running = False
        return sorted(self._touched)

    def get(self, owner: Any, name: str) -> Any:
        self._note(owner, name, "")
        return getattr(owner, name)

    def set(self, owner: Any, name: str) -> None:
        self._note(owner, name, "set:")

    def watch_mocks(self) -> None:
        """From here on `mock.patch` notes what it replaces."""
        recorder, original = self, mock._patch.__enter__

        def enter(patch: Any) -> Any:
            recorder._note_mock(patch.getter(), patch.attribute)
            return original(patch)

        mock._patch.__enter__ = enter  # type: ignore[method-assign]

    def _note(self, owner: Any, name: str, manner: str) -> None:
        title = _title(owner)
        if not self._is_running or title is None:
            return
        if not isinstance(owner, types.ModuleType):
            own = getattr(owner, "__dict__", {})
            if not manner and not isinstance(owner, type) and _is_stand_in(own.get(name)):
                return
            if _is_defined_by_tests(owner, name):
                return
        self._touched.add(f"{manner}{title}.{name}")

    def _note_mock(self, target: Any, name: str) -> None:
        if not self._is_running or isinstance(target, logging.Logger):
            return
        title = _title(target)
        if isinstance(target, types.ModuleType):
            if target.__name__ == logger_hook.MODULE or target.__name__.partition(".")[0] in _TESTS:
                return
            title = target.__name__
        if title is not None:
            self._touched.add(f"mock:{title}.{name}")


def _title(owner: Any) -> str | None:
    """The name of asyncio's module or class that this is, or is of; None for what is not asyncio's."""
    if isinstance(owner, types.ModuleType):
        return owner.__name__ if owner.__name__.partition(".")[0] in _PACKAGES else None
    if isinstance(owner, mock.NonCallableMock):
        return None
    for kind in _classes(owner):
        if str(getattr(kind, "__module__", "")).partition(".")[0] in _PACKAGES:
            return kind.__name__
    return None


def _classes(owner: Any) -> tuple[type, ...]:
    kind = owner if isinstance(owner, type) else type(owner)
    return kind.__mro__


def _is_stand_in(value: object) -> bool:
    """Whether a test put this where it stands."""
    return isinstance(value, mock.NonCallableMock | types.FunctionType)


def _is_defined_by_tests(owner: Any, name: str) -> bool:
    return any(
        str(getattr(kind, "__module__", "")).startswith("test.") and name in kind.__dict__
        for kind in _classes(owner)
    )


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


class Instrumenter(ast.NodeTransformer):
    """Sends what a test module does with private names through a recorder."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load) or not (
            is_private(node.attr) or _is_private_module(node.value)
        ):
            return node
        if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "super":
            return node
        return _call(GET, node.value, node.attr, node)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        self.generic_visit(node)
        noted = [
            ast.copy_location(ast.Expr(_call(SET, target.value, target.attr, node)), node)
            for target in node.targets
            if isinstance(target, ast.Attribute) and is_private(target.attr)
        ]
        return [*noted, node]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt | list[ast.stmt]:
        """What a test imports inside itself, `from asyncio.futures import _private`, counts too."""
        names = [alias.name for alias in node.names if is_private(alias.name)]
        package = (node.module or "").partition(".")[0]
        if not names or node.level or package not in _PACKAGES:
            return node
        module = f"__import__('sys').modules[{node.module!r}]"
        noted = ast.parse("\n".join(f"{GET}({module}, {name!r})" for name in names)).body
        return [node, *(ast.copy_location(each, node) for each in noted)]


def _is_private_module(node: ast.expr) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name in _PRIVATE_MODULES


def _call(function: str, owner: ast.expr, name: str, place: ast.AST) -> ast.Call:
    call = ast.Call(ast.Name(function, ast.Load()), [owner, ast.Constant(name)], [])
    return ast.copy_location(call, place)
