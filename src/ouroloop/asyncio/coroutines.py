"""`asyncio.coroutines`: telling coroutines from other objects."""
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

# Frameworks mark what passes for a coroutine function with it.
from asyncio.coroutines import _is_coroutine as _is_coroutine
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # They narrow types.
    from asyncio.coroutines import iscoroutine, iscoroutinefunction
else:
    from ouroloop.task.kinds import iscoroutine, iscoroutinefunction

__all__ = ["iscoroutine", "iscoroutinefunction"]
