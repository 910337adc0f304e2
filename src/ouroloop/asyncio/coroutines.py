"""`asyncio.coroutines`: telling coroutines from other objects."""

from __future__ import annotations

from asyncio.coroutines import iscoroutine, iscoroutinefunction

__all__ = ["iscoroutine", "iscoroutinefunction"]
