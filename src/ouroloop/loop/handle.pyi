import asyncio
from collections.abc import Callable, Iterable
from contextvars import Context
from traceback import StackSummary
from typing import Any

class Runnable: ...

class LoopState:
    @property
    def _debug(self) -> bool: ...

# The base that type checkers see is what `isinstance` says; at run time the only base is `Runnable`.
class Handle(Runnable, asyncio.Handle):
    _source_traceback: StackSummary | None
    def __init__(
        self,
        callback: Callable[..., object],
        args: Iterable[Any],
        loop: asyncio.AbstractEventLoop,
        context: Context | None = None,
    ) -> None: ...
    @property
    def _loop(self) -> asyncio.AbstractEventLoop: ...
    @property
    def _callback(self) -> Callable[..., object] | None: ...
    @property
    def _args(self) -> tuple[Any, ...] | None: ...  # type: ignore[override]
    @property
    def _cancelled(self) -> bool: ...  # type: ignore[override]
    @property
    def _context(self) -> Context: ...
    def get_context(self) -> Context: ...
    def cancel(self) -> None: ...
    def cancelled(self) -> bool: ...
    def _run(self) -> None: ...
    def _repr_info(self) -> list[str]: ...
