"""`asyncio.timeouts`: what may take only so long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # As the future.
    from asyncio.timeouts import Timeout, timeout, timeout_at
else:
    from ouroloop.sync.timeout import Timeout, timeout, timeout_at

__all__ = ["Timeout", "timeout", "timeout_at"]
