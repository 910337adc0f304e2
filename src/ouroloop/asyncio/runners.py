"""`asyncio.runners`: a loop for one program."""

from __future__ import annotations

from asyncio.runners import Runner

from ouroloop.service.run import run

__all__ = ["Runner", "run"]
