"""`asyncio.constants`: the standard library's own."""

from __future__ import annotations

from asyncio import constants as _constants
from asyncio.constants import *  # noqa: F403

__all__ = [name for name in vars(_constants) if name.isupper() and not name.startswith("_")]
