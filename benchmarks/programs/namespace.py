"""The asyncio namespace that the measured program uses: the standard library's or, with ``--own``, ours; or with
``--floor FILE`` the C extension that has some of it.

One program thus measures all, with one line between them: `from benchmarks.programs.namespace import asyncio`.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from benchmarks.programs.floor import load_floor

if TYPE_CHECKING:
    from types import ModuleType

OWN_NAMESPACE = "--own"
FLOOR_NAMESPACE = "--floor"


def _choose(words: list[str]) -> ModuleType:
    if FLOOR_NAMESPACE in words:
        return load_floor(words[words.index(FLOOR_NAMESPACE) + 1])
    return importlib.import_module("ouroloop.asyncio" if OWN_NAMESPACE in words else "asyncio")


if TYPE_CHECKING:
    import asyncio
else:
    asyncio = _choose(sys.argv)

__all__ = ["FLOOR_NAMESPACE", "OWN_NAMESPACE", "asyncio"]
