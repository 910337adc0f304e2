"""`asyncio.timeouts`: what may take only so long."""

from __future__ import annotations

from asyncio.timeouts import Timeout, timeout, timeout_at

__all__ = ["Timeout", "timeout", "timeout_at"]
