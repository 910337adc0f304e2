"""`asyncio.trsock`: a transport's socket, to look at."""

from __future__ import annotations

from asyncio.trsock import TransportSocket

__all__ = ["TransportSocket"]
