"""`asyncio.format_helpers`: has nothing public."""

from __future__ import annotations

__all__: list[str] = []
