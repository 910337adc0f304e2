import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")

def create_task(coro: Coroutine[Any, Any, _Result], **kwargs: Any) -> asyncio.Task[_Result]: ...
def create_eager_task_factory(custom_task_constructor: Callable[..., Any]) -> Callable[..., Any]: ...
def eager_task_factory(
    loop: asyncio.AbstractEventLoop,
    coro: Coroutine[Any, Any, _Result],
    *,
    eager_start: bool = True,
    **kwargs: Any,
) -> asyncio.Task[_Result]: ...
