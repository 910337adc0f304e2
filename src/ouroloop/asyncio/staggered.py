"""`asyncio.staggered`: attempts that start one after another, of which the first success counts."""

from __future__ import annotations

from ouroloop.sync.staggered import staggered_race

__all__ = ["staggered_race"]
