"""Timeouts: a limit on how long a piece of work may take.

`asyncio.timeout` limits whatever runs inside its block: when the time is up, the work is cancelled and
the block raises TimeoutError. `wait_for` does the same for one awaitable. A limit may be moved while it
runs, for instance each time there is progress.

Expected output:

    quick: done in time
    slow: cleaned up
    main: gave up on slow
    wait_for: gave up too
    three parts, limit moved each time: abc
    expired: False
"""

import asyncio


async def quick() -> str:
    await asyncio.sleep(0)
    return "done in time"


async def slow() -> None:
    try:
        await asyncio.sleep(3600)
    finally:
        print("slow: cleaned up")


async def main() -> None:
    async with asyncio.timeout(30):
        print("quick:", await quick())

    try:
        async with asyncio.timeout(0.02):
            await slow()
    except TimeoutError:
        print("main: gave up on slow")

    try:
        await asyncio.wait_for(asyncio.Event().wait(), timeout=0.02)
    except TimeoutError:
        print("wait_for: gave up too")

    loop = asyncio.get_running_loop()
    parts = ""
    async with asyncio.timeout(30) as limit:
        for part in "abc":
            await asyncio.sleep(0.005)
            parts += part
            limit.reschedule(loop.time() + 30)
    print("three parts, limit moved each time:", parts)
    print("expired:", limit.expired())


asyncio.run(main())
