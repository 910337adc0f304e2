"""Lets a test that mocks the logger of a private module see what any implementation logs.

The tests say `mock.patch("asyncio.base_events.logger")`. Another implementation writes to the same logger,
`logging.getLogger("asyncio")`, from modules of its own. The rewritten tests patch the name `logger` of the
module made here; what is put there has its methods lent to the real logger for as long.
"""

from __future__ import annotations

import logging
import sys
import types
from typing import Any

MODULE = "conformance_logger_hook"
_METHODS = ("debug", "info", "warning", "error", "exception", "critical", "log")
_LOGGER = logging.getLogger("asyncio")


class _Hook(types.ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        if name == "logger":
            for method in _METHODS:
                _LOGGER.__dict__.pop(method, None)
                if value is not _LOGGER:
                    _LOGGER.__dict__[method] = getattr(value, method)
        super().__setattr__(name, value)


def install() -> None:
    """Makes the module that rewritten tests patch."""
    hook = _Hook(MODULE)
    hook.logger = _LOGGER
    sys.modules[MODULE] = hook
