"""The asyncio namespace that the measured program uses: the standard library's or, with ``--own``, ours.

One program thus measures both, with one line between them: `from benchmarks.programs.namespace import asyncio`.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

OWN_NAMESPACE = "--own"

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = importlib.import_module("ouroloop.asyncio" if OWN_NAMESPACE in sys.argv else "asyncio")

__all__ = ["OWN_NAMESPACE", "asyncio"]
