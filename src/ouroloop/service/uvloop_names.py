"""What a program under `ouroloop run` gets when it imports uvloop: uvloop's public names, for our loop.

Many programs take uvloop where they can import it, and know no other loop by name.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from ouroloop.service.policy import set_policy, standard_policy_class
from ouroloop.service.program_loop import SelectorEventLoop as Loop
from ouroloop.versions import HAS_POLICIES

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import ModuleType

Result = TypeVar("Result")

# Programs compare it with the uvloop that first had what they need: this one has these names, and no others.
__version__ = "0.23.0"
__all__ = ["Loop", "install", "new_event_loop", "run"]


def new_event_loop() -> Loop:
    """Returns a new event loop of ours."""
    return Loop()


def run(
    main: Coroutine[Any, Any, Result],
    *,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = new_event_loop,
    debug: bool | None = None,
) -> Result:
    """Runs a coroutine to its end on a new event loop of ours."""
    with asyncio.Runner(debug=debug, loop_factory=loop_factory or new_event_loop) as runner:
        return runner.run(main)


def install() -> None:
    """Sets the policy that the program's loops come from anyway, in case it had set another."""
    if HAS_POLICIES:
        set_policy(EventLoopPolicy())


if HAS_POLICIES:
    __all__ += ["EventLoopPolicy"]

    class EventLoopPolicy(standard_policy_class()):  # type: ignore[misc]
        """The default policy, which makes our loops, as a class for the program's isinstance checks."""


def fill(module: ModuleType) -> None:
    """Gives the names to the module that answers for uvloop."""
    names = {name: globals()[name] for name in (*__all__, "__version__")}
    vars(module).update(names, __all__=tuple(__all__), __doc__=__doc__)
