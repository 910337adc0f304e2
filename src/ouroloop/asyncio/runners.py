"""`asyncio.runners`: a loop for one program."""

from __future__ import annotations

from ouroloop.service.runner import Runner, run

__all__ = ["Runner", "run"]
