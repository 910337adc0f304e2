"""Reads of a reader whose class overrides a method that they are made of.

The standard library's `readline` calls `readuntil`, iterating calls `readline`, and reading up to the end calls `read`:
code that overrides one of these counts on it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ouroloop.stream.reader import StreamReader


async def read_all_of(reader: StreamReader) -> bytes:
    """Reads up to the end, by as many calls of `read` as it takes."""
    blocks = []
    while block := await reader.read(reader._limit):
        blocks.append(block)
    return b"".join(blocks)


async def read_line_of(reader: StreamReader) -> bytes:
    """`StreamReader.readline`, by `readuntil`."""
    try:
        return await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as error:
        return error.partial
    except asyncio.LimitOverrunError as error:
        raise reader._line_too_long(error)  # noqa: B904 - the context says which


async def next_line_of(reader: StreamReader) -> bytes:
    """`StreamReader.__anext__`, by `readline`."""
    line = await reader.readline()
    if not line:
        raise StopAsyncIteration
    return line
