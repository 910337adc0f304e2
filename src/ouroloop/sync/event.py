"""The event that users hold; `event_core` has what it does."""

from __future__ import annotations

import asyncio

from ouroloop.sync.event_core import EventCore


class Event(EventCore, asyncio.Event):
    """A flag that tasks wait for, lowered at first. As `asyncio.Event`."""
