"""Makes every loop that a program makes ours, under `ouroloop run`.

`take_over` is called when the standard library's asyncio has been imported. From then on the default policy,
and every policy derived from it, makes our loops, which is where `asyncio.run`, `Runner`, `new_event_loop`,
`get_event_loop` and `IsolatedAsyncioTestCase` get theirs; and the names of the standard library's loop class
are names for ours.

Our loop is imported when the program first makes a loop or uses one of those names. Not sooner, and nothing
here imports asyncio: it may just be in the middle of an import by the modules that our loop is made of.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from ouroloop.versions import HAS_EVENT_LOOP_NAME

if TYPE_CHECKING:
    from ouroloop.service.program_loop import SelectorEventLoop

PUBLIC_NAMES = ("SelectorEventLoop", "EventLoop") if HAS_EVENT_LOOP_NAME else ("SelectorEventLoop",)


def take_over(asyncio: Any) -> None:
    """Makes every loop that the program makes from now on, by this asyncio, ours."""
    LoopClassPlaces(asyncio).bind_at_first_use()


class LoopClassPlaces:
    """Where the standard library keeps its loop class: the default policy, and names in two modules."""

    def __init__(self, asyncio: Any) -> None:
        self.policy_class = asyncio.unix_events._UnixDefaultEventLoopPolicy
        self.names_by_module: dict[ModuleType, tuple[str, ...]] = {
            asyncio: PUBLIC_NAMES,
            asyncio.unix_events: (*PUBLIC_NAMES, "_UnixSelectorEventLoop"),
        }

    def bind_at_first_use(self) -> None:
        self.policy_class._loop_factory = staticmethod(self.new_loop)
        for module, names in self.names_by_module.items():
            attributes = {name: LoopName(self, name) for name in names}
            kind = type("module", (ModuleWithLoopNames,), attributes)
            module.__class__ = cast("type[ModuleType]", kind)
            # Whoever looks into the module's dictionary first must not find the standard library's class.
            for name in names:
                vars(module).pop(name, None)

    def new_loop(self) -> SelectorEventLoop:
        return self.bind()()

    def bind(self) -> type[SelectorEventLoop]:
        from ouroloop.service.program_loop import SelectorEventLoop

        self.policy_class._loop_factory = SelectorEventLoop
        for module, names in self.names_by_module.items():
            if issubclass(type(module), ModuleWithLoopNames):
                vars(module).update(dict.fromkeys(names, SelectorEventLoop))
                module.__class__ = ModuleType
        return SelectorEventLoop


class ModuleWithLoopNames(ModuleType):
    """What asyncio's modules are until the program first needs a loop."""

    def __dir__(self) -> list[str]:
        names = (name for name, value in vars(type(self)).items() if isinstance(value, LoopName))
        return [*super().__dir__(), *names]


class LoopName:
    """An attribute of a module that is bound at its first use.

    A module's `__getattr__` would do too, but would stand in the traceback of every misspelt name.
    """

    def __init__(self, places: LoopClassPlaces, name: str) -> None:
        self.places = places
        self.name = name

    def __get__(self, module: ModuleType | None, _owner: type) -> Any:
        return self if module is None else self.places.bind()

    def __set__(self, module: ModuleType, value: object) -> None:
        self.places.bind()
        setattr(module, self.name, value)

    def __delete__(self, module: ModuleType) -> None:
        self.places.bind()
        delattr(module, self.name)
