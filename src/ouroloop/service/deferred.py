"""Methods whose module is imported when somebody first asks for them.

A loop can do much of which most programs use little, and a program that never opens a socket should not wait for the
code of sockets. What a class gets from a `Deferred` becomes the plain function with the first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Deferred:
    """A module of this package, not imported yet: its attributes serve as methods in the body of a class."""

    def __init__(self, name: str) -> None:
        self.name = f"{__package__}.{name}"

    def __getattr__(self, name: str) -> DeferredMethod:
        return DeferredMethod(self.name, name)


class DeferredMethod:
    """Stands in a class for a function, until it is asked for."""

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.owner = owner
        self.attribute = attribute

    @property
    def __wrapped__(self) -> Any:
        """The function. Who looks at the class without asking it, as `inspect.unwrap` and mocks do, finds it here."""
        return getattr(import_module(self.module), self.name)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        function = self.__wrapped__
        setattr(self.owner, self.attribute, function)
        return function.__get__(instance, owner)
