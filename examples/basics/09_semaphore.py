"""Semaphore: at most so many at once.

A server may allow two connections, a disk may be quick with four readers. Start as many tasks as there is
work; the semaphore lets a few in and keeps the rest waiting in line. `BoundedSemaphore` also notices a
`release` too many, which is always a mistake in the program.

Expected output:

    6 downloads done, at most 2 at once
    6 downloads done, at most 6 at once
    released too often: BoundedSemaphore released too many times
"""

import asyncio


class Downloads:
    """Counts how many downloads run at the same time."""

    def __init__(self, limit: int) -> None:
        self.slots = asyncio.Semaphore(limit)
        self.running = 0
        self.running_max = 0
        self.done = 0

    async def download(self) -> None:
        async with self.slots:
            self.running += 1
            self.running_max = max(self.running_max, self.running)
            await asyncio.sleep(0.005)
            self.running -= 1
            self.done += 1


async def main() -> None:
    for limit in (2, 100):
        downloads = Downloads(limit)
        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(downloads.download())
        print(f"{downloads.done} downloads done, at most {downloads.running_max} at once")

    bounded = asyncio.BoundedSemaphore(1)
    async with bounded:
        pass
    try:
        bounded.release()
    except ValueError as error:
        print("released too often:", error)


asyncio.run(main())
