"""`asyncio.futures`: the future, and futures of other makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ouroloop.task.adopt import chain as _chain_future  # noqa: F401
from ouroloop.task.adopt import copy_outcome as _copy_future_state  # noqa: F401
from ouroloop.task.adopt import loop_of as _get_loop  # noqa: F401
from ouroloop.task.awaited_by import future_add_to_awaited_by, future_discard_from_awaited_by

if TYPE_CHECKING:
    # Types that loops and other people's code name too are the standard library's to type checkers.
    from asyncio.futures import Future, isfuture, wrap_future
else:
    from ouroloop.task.adopt import wrap_future
    from ouroloop.task.future import Future
    from ouroloop.task.kinds import isfuture

__all__ = ["Future", "future_add_to_awaited_by", "future_discard_from_awaited_by", "isfuture", "wrap_future"]
