"""The standard library's test case for coroutines, on our loop."""

from __future__ import annotations

import asyncio
import unittest
from typing import TYPE_CHECKING

from ouroloop.service.event_loop import EventLoop
from ouroloop.versions import TEST_CASE_HAS_LOOP_FACTORY

if TYPE_CHECKING:
    from collections.abc import Callable

    _Base = unittest.IsolatedAsyncioTestCase
elif TEST_CASE_HAS_LOOP_FACTORY:
    _Base = unittest.IsolatedAsyncioTestCase
else:

    class _Base(unittest.IsolatedAsyncioTestCase):
        """Brings `loop_factory` to the Pythons before 3.13, whose test cases always ask the policy for a loop.

        It may go with Python 3.12.
        """

        def _setupAsyncioRunner(self) -> None:  # noqa: N802
            self._asyncioRunner = asyncio.Runner(debug=True, loop_factory=self.loop_factory)


class IsolatedAsyncioTestCase(_Base):
    """Each test on an event loop of its own, which is ours, in debug mode.

    A class that sets `loop_factory`, as `unittest.IsolatedAsyncioTestCase` has it from Python 3.13 on, picks
    another: a class of loops, or a function inside `staticmethod`. Everything else is the base class's.
    """

    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = EventLoop
