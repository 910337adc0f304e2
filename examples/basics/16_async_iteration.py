"""Async iteration: loops, blocks and comprehensions that may wait at each step.

`async for` awaits the next item, `async with` awaits on entering and leaving. An async generator (`async
def` with `yield`) is the short way to write something for `async for`; leaving the loop early calls for
`aclosing`, so that the generator's clean-up runs there and then, not some time later.

Expected output:

    connected
    row 1
    row 2
    disconnected
    connected
    disconnected
    even rows: [2, 4]
    countdown: 3 2 1
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing


async def rows(count: int) -> AsyncGenerator[int, None]:
    print("connected")
    try:
        for number in range(1, count + 1):
            await asyncio.sleep(0.001)
            yield number
    finally:
        print("disconnected")


class Countdown:
    """The same by hand: `__aiter__` and `__anext__`, which `async for` calls."""

    def __init__(self, start: int) -> None:
        self.left = start

    def __aiter__(self) -> "Countdown":
        return self

    async def __anext__(self) -> int:
        if self.left == 0:
            raise StopAsyncIteration
        await asyncio.sleep(0)
        self.left -= 1
        return self.left + 1


async def main() -> None:
    async with aclosing(rows(1000)) as table:
        async for number in table:
            print("row", number)
            if number == 2:
                break

    print("even rows:", [number async for number in rows(5) if number % 2 == 0])
    print("countdown:", *[number async for number in Countdown(3)])


asyncio.run(main())
