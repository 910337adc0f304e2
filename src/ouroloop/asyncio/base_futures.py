"""`asyncio.base_futures`: what futures of every make have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio.base_futures import isfuture as isfuture
else:
    from ouroloop.task.kinds import isfuture as isfuture

__all__: list[str] = []
