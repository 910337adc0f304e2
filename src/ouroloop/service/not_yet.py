"""Methods of the event loop contract that have no implementation yet, with an error that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


def not_yet(kind: str) -> Callable[..., Any]:
    """A coroutine function that raises NotImplementedError, naming the kind of I/O that is missing."""

    async def missing(*args: Any, **keywords: Any) -> NoReturn:
        raise NotImplementedError(
            f"ouroloop does not support {kind} yet: run this program on the standard library's event loop"
        )

    return missing
