"""Files to send, and connections small enough that a file does not fit."""

import asyncio
import contextlib
import hashlib
import io
from collections.abc import AsyncIterator
from typing import Any

from .peers import Peer, RecordingProtocol, connection

DATA = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(1 << 16))  # 2 MiB


class Odd:
    """A file that has nothing but `readinto`."""

    def __init__(self, data: bytes) -> None:
        self.source = io.BytesIO(data)

    def readinto(self, buffer: Any) -> int:
        return self.source.readinto(buffer)


@contextlib.asynccontextmanager
async def narrow_connection(
    factory: Any = RecordingProtocol,
) -> AsyncIterator[tuple[asyncio.Transport, RecordingProtocol, Peer]]:
    async with connection(factory, small_buffers=True) as made:
        yield made
