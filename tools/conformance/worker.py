"""Runs one test module on one implementation, in a process of its own that the driver started.

Its one argument is a JSON object with the fields of `Order`.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import sys
import unittest
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import logger_hook, namespace, other_tests, rewriting
from .recording import Recorder
from .reporting import EventFile, ReportingResult, is_test
from .selection import ELSEWHERE, TESTS_LEFT_OUT, is_variant
from .swap import LoopUnderTest

if TYPE_CHECKING:
    from collections.abc import Iterator

# What `python -m test -u` would allow: no network beyond this machine, no sound, no GUI.
_RESOURCES = ["cpu", "walltime", "subprocess", "largefile", "decimal"]
_GATHER_ROUNDS = 10


@dataclass
class Order:
    """What the driver asks of a worker."""

    implementation: str
    mode: str
    module: str
    events: str
    match: str = ""
    # The tests that ended in an earlier process.
    done: tuple[str, ...] = ()
    # When not empty, the only tests to run.
    only: tuple[str, ...] = ()
    tests_folder: str = ""
    tests_of: str = ""
    # Whether to record the private names that each test touches.
    records: bool = False

    def wants(self, name: str) -> bool:
        if name in self.done or name in TESTS_LEFT_OUT:
            return False
        return (not self.only or name in self.only) and re.search(self.match, name) is not None


def main(order: Order) -> None:
    if order.tests_folder:
        sys.path.insert(0, order.tests_folder)
    if order.tests_of:
        other_tests.install(Path(order.tests_of))
    # A shell without job control starts background programs deaf to Ctrl-C, which some tests send.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Tests of default thread counts expect no particular number, only less work on small machines.
    os.environ.setdefault("PYTHON_CPU_COUNT", "2")
    recorder = Recorder()
    loop = prepare(order, recorder)
    module = load(order.module, loop)
    events = EventFile(Path(order.events))
    suite = [test for test in flattened(load_suite(module)) if is_chosen(test, order)]
    events.write("list", tests=[test_name(test, order.module) for test in suite])
    warnings.simplefilter("ignore")
    unittest.TestSuite(suite).run(
        ReportingResult(events, lambda test: test_name(test, order.module), recorder)
    )
    events.write("end")
    sys.stdout.flush()
    # Threads that a failed test left waiting must not keep the process.
    os._exit(0)


def prepare(order: Order, recorder: Recorder) -> LoopUnderTest:
    """Swaps the implementation in and sees to it that tests are rewritten when imported."""
    if order.mode == "ns":
        namespace.install(order.implementation)
    loop = LoopUnderTest(order.implementation)
    if order.mode == "ns":
        loop.replace_names(sys.modules["asyncio"])
    else:
        loop.swap_in()
    logger_hook.install()
    rewriting.install(loop.loop_class, recorder if order.records else None)
    if order.records:
        recorder.watch_mocks()
    support: Any = importlib.import_module("test.support")
    support.use_resources = _RESOURCES
    support.verbose = 0
    if order.mode == "ns":
        # Looks at the standard library's policy, which is not the one in use.
        support.maybe_get_event_loop_policy = lambda: None
    return loop


def load(name: str, loop: LoopUnderTest) -> Any:
    """Imports a test module by its short name."""
    if name in ELSEWHERE:
        return import_first(ELSEWHERE[name])
    support: Any = importlib.import_module("test.test_asyncio.utils")
    loop.adapt_test_support(support)
    module: Any = importlib.import_module(rewriting.TEST_PACKAGE + name)
    if name == "test_tasks":
        # The original goes on while the loop's private ready queue is not empty.
        module.GatherTestsBase._run_loop = lambda _self, running: run_some_rounds(support, running)
    return module


def run_some_rounds(support: Any, loop: Any) -> None:
    for _ in range(_GATHER_ROUNDS):
        support.run_briefly(loop)


def import_first(names: tuple[str, ...]) -> Any:
    for name in names[:-1]:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    return importlib.import_module(names[-1])


def load_suite(module: Any) -> unittest.TestSuite:
    return unittest.defaultTestLoader.loadTestsFromModule(module)


def flattened(suite: unittest.TestSuite) -> Iterator[Any]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flattened(test)
        else:
            yield test


def is_chosen(test: Any, order: Order) -> bool:
    return not is_variant(order.module, type(test).__name__) and order.wants(test_name(test, order.module))


def test_name(test: Any, module: str) -> str:
    """`module.Class.test`, the same whatever package this Python keeps the module in."""
    if is_test(test):
        return f"{module}.{type(test).__qualname__}.{test._testMethodName}"
    return f"{module}.{test.id()}"


if __name__ == "__main__":
    main(Order(**json.loads(sys.argv[1])))
