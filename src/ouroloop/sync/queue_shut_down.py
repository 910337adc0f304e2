"""What a queue raises once it is shut down: the standard library's exception, where it has one (Python 3.13)."""

from __future__ import annotations

import asyncio

if hasattr(asyncio, "QueueShutDown"):
    QueueShutDown = asyncio.QueueShutDown
else:

    class QueueShutDown(Exception):  # type: ignore[no-redef]  # noqa: N818 - the standard library's name
        """Raised by `put` and `get` of a queue that is shut down."""
