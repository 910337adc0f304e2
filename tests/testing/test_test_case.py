"""Our test case: the standard library's, on our loop, whatever the Python."""

import asyncio
import contextvars
import unittest

import pytest

import ouroloop
from ouroloop.testing import IsolatedAsyncioTestCase

VARIABLE = contextvars.ContextVar("variable", default="unset")


def run(case, name="test"):
    """The result of one test of a test case."""
    result = unittest.TestResult()
    case(name).run(result)
    return result


def loops_of(**attributes):
    """The loop on which each part of a test runs, for a test case with these attributes."""
    loops = {}

    class Case(IsolatedAsyncioTestCase):
        async def asyncSetUp(self):
            loops["before"] = asyncio.get_running_loop()
            VARIABLE.set("from the set-up")

        async def test(self):
            assert VARIABLE.get() == "from the set-up"
            loops["test"] = asyncio.get_running_loop()
            self.addAsyncCleanup(self.clean_up)

        async def clean_up(self):
            loops["clean-up"] = asyncio.get_running_loop()

    for attribute, value in attributes.items():
        setattr(Case, attribute, value)
    assert run(Case).wasSuccessful()
    return loops


def test_every_part_of_a_test_runs_on_one_loop_of_ours_in_debug_mode():
    loops = loops_of()
    assert list(loops) == ["before", "test", "clean-up"]
    (loop,) = set(loops.values())
    assert isinstance(loop, ouroloop.EventLoop)
    assert loop.get_debug()
    assert loop.is_closed()


@pytest.mark.parametrize(
    ("factory", "expected"),
    [
        (asyncio.SelectorEventLoop, asyncio.SelectorEventLoop),
        (staticmethod(ouroloop.new_event_loop), ouroloop.EventLoop),
        (staticmethod(lambda: ouroloop.EventLoop(poller="poll")), ouroloop.EventLoop),
    ],
)
def test_a_class_may_pick_its_loop(factory, expected):
    (loop,) = set(loops_of(loop_factory=factory).values())
    assert isinstance(loop, expected)
    assert loop.is_closed()


def test_without_a_factory_the_loop_is_asyncios_own():
    (loop,) = set(loops_of(loop_factory=None).values())
    assert not isinstance(loop, ouroloop.EventLoop)


def test_failures_and_errors_are_told_apart():
    class Case(IsolatedAsyncioTestCase):
        async def test_fails(self):
            self.fail("said so")

        async def test_raises(self):
            raise ValueError("odd")

        @unittest.expectedFailure
        async def test_expected(self):
            self.fail("as expected")

        async def test_skips(self):
            self.skipTest("not now")

    def outcome(name):
        result = run(Case, name)
        return [len(getattr(result, kind)) for kind in ("failures", "errors", "expectedFailures", "skipped")]

    assert outcome("test_fails") == [1, 0, 0, 0]
    assert outcome("test_raises") == [0, 1, 0, 0]
    assert outcome("test_expected") == [0, 0, 1, 0]
    assert outcome("test_skips") == [0, 0, 0, 1]


def test_tasks_that_a_test_leaves_are_cancelled():
    ended = []

    class Case(IsolatedAsyncioTestCase):
        async def test(self):
            async def wait():
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    ended.append("cancelled")
                    raise

            self.left = asyncio.create_task(wait())
            await asyncio.sleep(0)

    assert run(Case).wasSuccessful()
    assert ended == ["cancelled"]


def test_an_error_can_be_raised_to_a_debugger():
    class Case(IsolatedAsyncioTestCase):
        async def test(self):
            raise ValueError("odd")

    case = Case("test")
    with pytest.raises(ValueError, match="odd"):
        case.debug()
    # unittest leaves the loop of a test that raised in debug() to the deletion of its test case.
    case._tearDownAsyncioRunner()
    del case
