"""The floor, a C extension that does only what no loop can leave out: loaded from the file that was built."""

from __future__ import annotations

import importlib.machinery
import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def load_floor(path: str) -> ModuleType:
    """The module, which has the names of `asyncio` for what it does, and the one loop in `get_running_loop()`."""
    loader = importlib.machinery.ExtensionFileLoader("floor", path)
    spec = importlib.util.spec_from_file_location("floor", path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
