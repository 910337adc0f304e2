"""Tasks: coroutines that the event loop runs on its own.

`asyncio.create_task` hands a coroutine to the loop. The task does not begin at that line: it begins when
the current coroutine next waits. Keep the task in a variable: through it come the result, the exception,
its name and whether it is done.

Expected output:

    main: made the task, done: False
    main: doing something else
    worker: begins
    worker: ends
    main: worker-1 is done: True, result: 42
    main: the other task raised ValueError('no luck')
"""

import asyncio


async def worker() -> int:
    print("worker: begins")
    await asyncio.sleep(0.01)
    print("worker: ends")
    return 42


async def unlucky() -> None:
    raise ValueError("no luck")


async def main() -> None:
    task = asyncio.create_task(worker(), name="worker-1")
    print("main: made the task, done:", task.done())
    print("main: doing something else")
    await task
    # Awaiting a task that is done gives its result again, as result() does.
    assert await task == task.result()
    print(f"main: {task.get_name()} is done: {task.done()}, result: {task.result()}")

    other = asyncio.create_task(unlucky())
    await asyncio.wait([other])  # waits until it is done, whichever way it ends
    print("main: the other task raised", repr(other.exception()))


asyncio.run(main())
