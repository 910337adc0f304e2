"""Cancellation and clean-up: how a task is asked to stop, and how it tidies up.

`task.cancel()` raises CancelledError inside the task, at the point where it waits. `finally` and `async
with` do their part on the way out, and may wait while they do. Code that catches CancelledError raises it
again, or the task is not cancelled at all. `shield` keeps one piece of work out of it.

Expected output:

    worker: opened the file
    worker: closing the file
    worker: closed the file
    main: cancelled: True, because: shutting down
    save: done
    main: the caller was cancelled, the saving was not: saved
"""

import asyncio


async def worker() -> None:
    print("worker: opened the file")
    try:
        await asyncio.Event().wait()  # works until it is told to stop
    finally:
        print("worker: closing the file")
        await asyncio.sleep(0.005)
        print("worker: closed the file")


async def save() -> str:
    await asyncio.sleep(0.02)
    print("save: done")
    return "saved"


async def caller(saving: asyncio.Task[str]) -> str:
    return await asyncio.shield(saving)


async def main() -> None:
    task = asyncio.create_task(worker())
    await asyncio.sleep(0.01)
    task.cancel("shutting down")
    try:
        await task
    except asyncio.CancelledError as reason:
        print(f"main: cancelled: {task.cancelled()}, because: {reason}")

    saving = asyncio.create_task(save())
    waiting = asyncio.create_task(caller(saving))
    await asyncio.sleep(0)
    waiting.cancel()
    result = await saving
    assert waiting.cancelled()
    print("main: the caller was cancelled, the saving was not:", result)


asyncio.run(main())
