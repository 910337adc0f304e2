"""Which loop a future or task belongs to when nobody says."""

from __future__ import annotations

import asyncio
import threading

from ouroloop.versions import GET_EVENT_LOOP_CREATES


def current_loop() -> asyncio.AbstractEventLoop:
    """The running loop, or else the one that was set for this thread.

    Raises RuntimeError where there is neither, as `asyncio.get_event_loop` of Python 3.14: no loop is made in passing.
    """
    running = asyncio._get_running_loop()
    if running is not None:
        return running
    if GET_EVENT_LOOP_CREATES:
        policy = asyncio.get_event_loop_policy()
        local = getattr(policy, "_local", None)
        if local is not None and getattr(local, "_loop", None) is None:
            raise RuntimeError(
                f"There is no current event loop in thread {threading.current_thread().name!r}."
            )
    return asyncio.get_event_loop()
