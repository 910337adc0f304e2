"""Makes every loop that a program makes ours, under `ouroloop run`.

Called when the standard library's asyncio has been imported. From then on the default policy, and every
policy derived from it, makes our loops, which is where `asyncio.run`, `Runner`, `new_event_loop`,
`get_event_loop` and `IsolatedAsyncioTestCase` get theirs; and the names of the standard library's loop class
are names for ours.

Our loop is imported when the program first makes a loop or uses one of those names. Not sooner: asyncio may
have been imported by the very modules that our loop is made of.
"""

from __future__ import annotations

import asyncio
import asyncio.unix_events
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from ouroloop.service.policy import standard_policy_class
from ouroloop.versions import HAS_EVENT_LOOP_NAME

if TYPE_CHECKING:
    from ouroloop.service.program_loop import SelectorEventLoop

PUBLIC_NAMES = ("SelectorEventLoop", "EventLoop") if HAS_EVENT_LOOP_NAME else ("SelectorEventLoop",)
NAMES_BY_MODULE: dict[ModuleType, tuple[str, ...]] = {
    asyncio: PUBLIC_NAMES,
    asyncio.unix_events: (*PUBLIC_NAMES, "_UnixSelectorEventLoop"),
}


def take_over() -> None:
    """Makes every loop that the program makes from now on ours."""
    standard_policy_class()._loop_factory = staticmethod(new_program_loop)
    for module, names in NAMES_BY_MODULE.items():
        attributes = {name: LoopName(name) for name in names}
        module.__class__ = cast("type[ModuleType]", type("module", (ModuleWithLoopNames,), attributes))


def new_program_loop() -> SelectorEventLoop:
    return bind_loop_class()()


def bind_loop_class() -> type[SelectorEventLoop]:
    """Puts our class in all its places, now that somebody needs it."""
    from ouroloop.service.program_loop import SelectorEventLoop

    standard_policy_class()._loop_factory = SelectorEventLoop
    for module, names in NAMES_BY_MODULE.items():
        if issubclass(type(module), ModuleWithLoopNames):
            vars(module).update(dict.fromkeys(names, SelectorEventLoop))
            module.__class__ = ModuleType
    return SelectorEventLoop


class ModuleWithLoopNames(ModuleType):
    """What asyncio's modules are until the program first needs a loop."""


class LoopName:
    """An attribute of a module that is bound at its first use.

    A module's `__getattr__` would do too, but would stand in the traceback of every misspelt name.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, module: ModuleType | None, _owner: type) -> Any:
        if module is None:
            return self
        return bind_loop_class()

    def __set__(self, module: ModuleType, value: object) -> None:
        bind_loop_class()
        setattr(module, self.name, value)

    def __delete__(self, module: ModuleType) -> None:
        bind_loop_class()
        delattr(module, self.name)
