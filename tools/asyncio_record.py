"""Records an asyncio: the public names of its submodules, and the signature of everything that can be called.

Run with the newest Python it writes what the tests compare our namespace with:

    python3.15 tools/asyncio_record.py > tests/asyncio/newest.json
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import pkgutil
import platform
import sys
import warnings
from typing import Any

# They belong to other systems, or are programs.
LEFT_OUT = {"__main__", "proactor_events", "tools", "windows_events", "windows_utils"}


def signature_of(value: Any, *, is_method: bool) -> str | None:
    """The signature without types, and without `self`; None where Python cannot tell."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return None
    parameters = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
    if is_method:
        parameters = parameters[1:]
    return str(inspect.Signature(parameters))


def signatures(namespace: Any) -> dict[str, str | None]:
    """Signatures of the functions and classes in `__all__`, and of the classes' public methods."""
    found = {}
    for name in namespace.__all__:
        value = getattr(namespace, name)
        if isinstance(value, type) and issubclass(value, BaseException):
            continue
        if callable(value):
            found[name] = signature_of(value, is_method=False)
        if isinstance(value, type):
            for method in (each for each in dir(value) if not each.startswith("_")):
                if callable(getattr(value, method)):
                    is_static = isinstance(inspect.getattr_static(value, method), staticmethod | classmethod)
                    signature = signature_of(getattr(value, method), is_method=not is_static)
                    found[f"{name}.{method}"] = signature
    return found


def public_names(namespace: Any) -> dict[str, list[str] | None]:
    """What each submodule has in `__all__`; None for one that has none."""
    modules = {
        each.name: importlib.import_module(f"{namespace.__name__}.{each.name}")
        for each in pkgutil.iter_modules(namespace.__path__)
        if each.name not in LEFT_OUT
    }
    return {
        name: list(module.__all__) if hasattr(module, "__all__") else None for name, module in modules.items()
    }


def main() -> None:
    warnings.simplefilter("ignore")
    record = {
        "python": platform.python_version(),
        "package": list(asyncio.__all__),
        "submodules": public_names(asyncio),
        "signatures": signatures(asyncio),
    }
    json.dump(record, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
