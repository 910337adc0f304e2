"""`asyncio.base_futures`: what futures of every make have in common."""

from __future__ import annotations

from asyncio.base_futures import isfuture as isfuture

__all__: list[str] = []
