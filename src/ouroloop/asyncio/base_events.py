"""`asyncio.base_events`: the loop and the server."""
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

# anyio knows the root task by this callback.
from asyncio.base_events import _run_until_complete_cb as _run_until_complete_cb
from typing import TYPE_CHECKING

from ouroloop.service.event_loop import EventLoop as BaseEventLoop
from ouroloop.service.event_loop import logger as logger

if TYPE_CHECKING:
    # As the future.
    from asyncio.base_events import Server
else:
    from ouroloop.service.server import Server

__all__ = ["BaseEventLoop", "Server"]
