"""`asyncio.log`: the logger that everybody knows by the name `asyncio`."""

from __future__ import annotations

from asyncio.log import logger

__all__ = ["logger"]
