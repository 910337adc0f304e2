"""Blocking code: run it in a thread, so that the loop goes on.

A call that blocks (a database driver without asyncio, `time.sleep`, a long read from disk) stops every
task, for all of them share one thread. `asyncio.to_thread` runs such a call in another thread and gives
an awaitable; `loop.run_in_executor` does so with a pool of your own. For long computations take a
ProcessPoolExecutor: threads share one interpreter lock.

Expected output:

    the loop goes on: turn 1
    the loop goes on: turn 2
    the loop goes on: turn 3
    blocking read returned: 42
    in another thread: True
    own pool: [0, 1, 4, 9]
    an exception comes back as well: no such file
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor


def blocking_read(arrived: threading.Event, threads: list[int]) -> int:
    threads.append(threading.get_ident())
    arrived.wait()  # blocks this thread, as a read from a slow disk would
    return 42


def square(number: int) -> int:
    return number * number


def failing_read() -> None:
    raise FileNotFoundError("no such file")


async def main() -> None:
    arrived = threading.Event()
    threads: list[int] = []
    reading = asyncio.create_task(asyncio.to_thread(blocking_read, arrived, threads))
    for turn in range(1, 4):
        await asyncio.sleep(0.001)
        print("the loop goes on: turn", turn)
    arrived.set()
    print("blocking read returned:", await reading)
    print("in another thread:", threads != [threading.get_ident()])

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=2) as pool:
        squares = await asyncio.gather(*(loop.run_in_executor(pool, square, n) for n in range(4)))
    print("own pool:", squares)

    try:
        await asyncio.to_thread(failing_read)
    except FileNotFoundError as error:
        print("an exception comes back as well:", error)


asyncio.run(main())
