"""Tasks that a loop's task factory makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ouroloop.versions import FACTORY_TAKES_NAME

if TYPE_CHECKING:
    from contextvars import Context

    from ouroloop.task.task import TaskCore


def made_by_factory(
    loop: TaskCore,
    coro: Any,
    name: Any,
    context: Context | None,
    eager_start: bool | None,
    others: dict[str, Any],
) -> Any:
    """The task for `coro`, from the loop's factory. Only what its caller asked for is handed on to the factory: one
    that does not know it says so. A name is set on the task where factories take none.
    """
    factory: Any = loop.get_task_factory()
    keywords = dict(others)
    if context is not None:
        keywords["context"] = context
    if eager_start is not None:
        keywords["eager_start"] = eager_start
    takes_name = name is not None and (FACTORY_TAKES_NAME or hasattr(factory, "_takes_name"))
    if takes_name:
        keywords["name"] = name
    task = factory(loop, coro, **keywords)
    if name is not None and not takes_name and hasattr(task, "set_name"):
        task.set_name(name)
    return task
