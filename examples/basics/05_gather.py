"""gather: run several coroutines at once and collect what they return.

The results stand in the order of the arguments, whichever coroutine ended first. An exception in one of
them reaches the caller at once while the others go on running; with `return_exceptions=True` it takes the
place of the result instead, so that nothing is lost.

Expected output:

    got page 1
    got page 2
    got page 3
    sizes: [100, 200, 300]
    got page 1
    got page 3
    page 1: 100
    page 2: failed, ConnectionError('page 2 is gone')
    page 3: 300
"""

import asyncio


async def fetch(page: int, *, gone: bool = False) -> int:
    await asyncio.sleep(0.01)
    if gone:
        raise ConnectionError(f"page {page} is gone")
    print(f"got page {page}")
    return page * 100


async def main() -> None:
    sizes = await asyncio.gather(fetch(1), fetch(2), fetch(3))
    print("sizes:", sizes)

    outcomes = await asyncio.gather(fetch(1), fetch(2, gone=True), fetch(3), return_exceptions=True)
    for page, outcome in enumerate(outcomes, start=1):
        if isinstance(outcome, BaseException):
            print(f"page {page}: failed, {outcome!r}")
        else:
            print(f"page {page}: {outcome}")


asyncio.run(main())
