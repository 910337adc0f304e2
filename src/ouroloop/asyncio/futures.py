"""`asyncio.futures`: the future, and futures of other makes."""

from __future__ import annotations

from asyncio.futures import isfuture, wrap_future

from ouroloop.task.future import Future

__all__ = ["Future", "isfuture", "wrap_future"]
