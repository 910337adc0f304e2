"""`asyncio.selector_events`: the loop that waits on descriptors."""

from __future__ import annotations

from ouroloop.service.newest_loop import SelectorEventLoop as BaseSelectorEventLoop

__all__ = ["BaseSelectorEventLoop"]
