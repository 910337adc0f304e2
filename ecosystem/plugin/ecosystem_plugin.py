"""A pytest plugin: makes uvloop the loop when asked to, counts loops by kind, and reports each test's outcome.

It runs inside each library's environment, so it imports nothing of the project. The events go to the file that
ECOSYSTEM_EVENTS names, one JSON object a line, so that what ran is known when the process dies.
"""

import asyncio
import functools
import gc
import json
import logging
import os
import warnings
from importlib import import_module

import pytest

LOOP = os.environ["ECOSYSTEM_LOOP"]
MESSAGE_CHARACTERS_MAX = 3000
# Where the class stands whose constructor every loop of a kind goes through.
LOOP_CLASSES = {
    "asyncio": ("asyncio.base_events", "BaseEventLoop"),
    "uvloop": ("uvloop", "Loop"),
    "ouroloop": ("ouroloop.service.event_loop", "EventLoop"),
}


def count_loops(kind: str, made: dict[str, int]) -> None:
    module, name = LOOP_CLASSES[kind]
    try:
        loop_class = getattr(import_module(module), name)
    except ImportError:
        return
    init = loop_class.__init__

    @functools.wraps(init)
    def counting(self, *args, **options):
        made[kind] = made.get(kind, 0) + 1
        return init(self, *args, **options)

    loop_class.__init__ = counting


class Reporter:
    """Writes what happened to each test; a test that runs several times ends as its worst run did."""

    def __init__(self, path: str) -> None:
        self.events = open(path, "a", encoding="utf-8")  # noqa: SIM115 - it is closed with the session
        self.pid = os.getpid()
        self.made: dict[str, int] = {}
        self.outcome = "passed"
        self.message = ""

    def write(self, **event) -> None:
        # A child that a test forked has the file too.
        if os.getpid() == self.pid and not self.events.closed:
            self.events.write(json.dumps(event) + "\n")
            self.events.flush()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        # Suites collect garbage after each test, which takes longer than most tests where thousands of them are known.
        gc.collect()
        gc.freeze()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid) -> None:
        self.outcome, self.message = "passed", ""
        self.write(start=nodeid)

    def pytest_runtest_logreport(self, report) -> None:
        if report.outcome == "failed":
            self.outcome = "failed"
            self.message = self.message or f"{report.when}: {report.longreprtext}"
        elif report.outcome == "skipped" and self.outcome == "passed":
            self.outcome = "skipped"

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logfinish(self, nodeid) -> None:
        self.write(test=nodeid, outcome=self.outcome, message=self.message[-MESSAGE_CHARACTERS_MAX:])

    def pytest_collectreport(self, report) -> None:
        if report.failed:
            message = str(report.longrepr)[-MESSAGE_CHARACTERS_MAX:]
            self.write(test=f"{report.nodeid} (collection)", outcome="failed", message=message)

    def pytest_sessionfinish(self, exitstatus) -> None:
        self.write(loops=self.made, exit=int(exitstatus))

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        self.events.close()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config) -> None:
    reporter = Reporter(os.environ["ECOSYSTEM_EVENTS"])
    config.pluginmanager.register(reporter, "ecosystem-reporter")
    for kind in LOOP_CLASSES:
        count_loops(kind, reporter.made)
    # Loggers that a library's own way to run its tests switches off.
    for name in os.environ.get("ECOSYSTEM_SILENCED", "").split():
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if LOOP == "uvloop":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            asyncio.set_event_loop_policy(import_module("uvloop").EventLoopPolicy())
