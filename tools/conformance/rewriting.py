r"""Changes CPython's test modules while they are imported, so that they meet the loop under test.

- Classes that are left out go away before they are executed.
- `base_events.BaseEventLoop` becomes the loop under test where tests make a loop of it.
- A mock of a private module's logger becomes a mock of the logger that everyone writes to.
- Mocks that keep a bare BaseEventLoop from blocking go to attributes that no loop has.
- `frame.f_generator`, which came with 3.14, becomes a function that says what the tests look at there.
- The end of a text is spelled \Z in patterns, as every Python knows it, not \z, which came with 3.14.

Nothing else of a test changes: what it asserts is what CPython's developers wrote.
"""

from __future__ import annotations

import ast
import importlib.machinery
import inspect
import re
import sys
import types
from typing import TYPE_CHECKING, Any

from . import logger_hook
from .recording import GET, SET, Instrumenter
from .selection import classes_left_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .recording import Recorder

TEST_PACKAGE = "test.test_asyncio."
LOOP_CLASS = "CONFORMANCE_LOOP_CLASS"
GENERATOR_OF = "CONFORMANCE_GENERATOR_OF"
_BARE_LOOPS = {"base_events.BaseEventLoop", "asyncio.BaseEventLoop", "asyncio.base_events.BaseEventLoop"}
_MAKE_BARE_LOOPS = {"test_base_events", "test_pep492", "test_runners", "test_futures"}
# A bare BaseEventLoop has no selector, so these tests put mocks there. A real loop must keep its own.
_STAND_INS = {"_selector", "_process_events", "_write_to_self"}
_PUT_STAND_INS = {"test_base_events", "test_pep492", "test_runners"}
_PRIVATE_LOGGER = re.compile(
    r"asyncio\.(?:base_events|selector_events|unix_events|proactor_events|log)(\.logger(?:\.\w+)?)"
)


class Rewriter(ast.NodeTransformer):
    """Rewrites the syntax tree of one test module, given its short name."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._left_out = classes_left_out(module)

    def visit_Module(self, node: ast.Module) -> ast.Module:
        node.body = self._without_classes(node.body)
        self.generic_visit(node)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str) and (match := _PRIVATE_LOGGER.fullmatch(node.value)):
            return ast.copy_location(ast.Constant(logger_hook.MODULE + match[1]), node)
        if isinstance(node.value, str) and r"\z" in node.value:
            return ast.copy_location(ast.Constant(node.value.replace(r"\z", r"\Z")), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if self._module in _MAKE_BARE_LOOPS and ast.unparse(node) in _BARE_LOOPS:
            return ast.copy_location(ast.Name(LOOP_CLASS, ast.Load()), node)
        self.generic_visit(node)
        if node.attr == "f_generator" and not hasattr(types.FrameType, "f_generator"):
            call = ast.Call(ast.Name(GENERATOR_OF, ast.Load()), [node.value], [])
            return ast.copy_location(call, node)
        if self._module in _PUT_STAND_INS and node.attr in _STAND_INS:
            node.attr = "conformance" + node.attr
        return node

    def _without_classes(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        kept = []
        for statement in body:
            if isinstance(statement, ast.ClassDef) and statement.name in self._left_out:
                continue
            if isinstance(statement, ast.If | ast.Try):
                for part in ("body", "orelse", "finalbody"):
                    if inner := getattr(statement, part, None):
                        setattr(statement, part, self._without_classes(inner) or [ast.Pass()])
            kept.append(statement)
        return kept


def generator_of(frame: types.FrameType) -> Any:
    """What stands for `frame.f_generator`: None, or something with the code under the name that its kind gives it."""
    kinds = {"cr": inspect.CO_COROUTINE, "ag": inspect.CO_ASYNC_GENERATOR, "gi": inspect.CO_GENERATOR}
    for kind, flag in kinds.items():
        if frame.f_code.co_flags & flag:
            return types.SimpleNamespace(**{f"{kind}_code": frame.f_code})
    return None


def rewrite(source: str, module: str, path: str = "<test>") -> ast.Module:
    """The syntax tree of a test module's source, ready to be compiled."""
    tree: ast.Module = Rewriter(module).visit(ast.parse(source, path))
    return ast.fix_missing_locations(tree)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, loop_class: Any, recorder: Recorder | None) -> None:
        super().__init__(name, path)
        self._loop_class = loop_class
        self._recorder = recorder

    def get_code(self, fullname: str) -> types.CodeType:
        path = self.get_filename(fullname)
        source = self.get_data(path).decode()
        tree = rewrite(source, fullname.rpartition(".")[2], path)
        if self._recorder is not None:
            tree = ast.fix_missing_locations(Instrumenter().visit(tree))
        return compile(tree, path, "exec")

    def exec_module(self, module: types.ModuleType) -> None:
        module.__dict__.update({LOOP_CLASS: self._loop_class, GENERATOR_OF: generator_of})
        if self._recorder is not None:
            module.__dict__.update({GET: self._recorder.get, SET: self._recorder.set})
        super().exec_module(module)


class _Finder:
    """A meta path finder for CPython's asyncio tests and nothing else."""

    def __init__(self, loop_class: Any, recorder: Recorder | None) -> None:
        self._loop_class = loop_class
        self._recorder = recorder

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not name.startswith(TEST_PACKAGE):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path, self._loop_class, self._recorder)
        return spec


def install(loop_class: Any, recorder: Recorder | None = None) -> None:
    """From here on, CPython's asyncio tests are rewritten as they are imported.

    A recorder is told of the private names that they touch.
    """
    sys.meta_path.insert(0, _Finder(loop_class, recorder))
