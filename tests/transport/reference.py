"""Where the standard library's loop cannot serve as the reference.

Every behaviour is asked of all loops alike. A test that some versions of the standard library fail, or that
names something they had not yet, says so through `skip_standard_library`; the loop of this project is never
skipped.
"""

import asyncio
import sys

import pytest

Version = tuple[int, int]
FIRST: Version = (3, 0)
LAST: Version = (4, 0)


def is_standard(loop: asyncio.AbstractEventLoop) -> bool:
    return type(loop).__module__.startswith("asyncio.")


def skip_standard_library(
    loop: asyncio.AbstractEventLoop, reason: str, *, since: Version = FIRST, before: Version = LAST
) -> None:
    """Skip the running test if the loop is the standard library's and `since` <= version < `before`."""
    if is_standard(loop) and since <= sys.version_info[:2] < before:
        pytest.skip(f"standard library: {reason}")
