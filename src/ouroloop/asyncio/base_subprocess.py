"""`asyncio.base_subprocess`: the transport of a process."""

from __future__ import annotations

from ouroloop.service.process_transport import SubprocessTransport as BaseSubprocessTransport

__all__ = ["BaseSubprocessTransport"]
