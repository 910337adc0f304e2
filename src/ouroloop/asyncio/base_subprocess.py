"""`asyncio.base_subprocess`: the transport of a process."""

from __future__ import annotations

from asyncio.base_subprocess import BaseSubprocessTransport

__all__ = ["BaseSubprocessTransport"]
