"""TaskGroup: tasks that cannot outlive the block that made them.

The `async with` block ends only when every task in it has ended. When one fails, the others are cancelled
and awaited first, and then the failure comes out of the block, inside an ExceptionGroup. So no task is
ever forgotten, which `create_task` and `gather` leave to the programmer.

Expected output:

    resize: done
    upload: done
    all done: resize, upload
    upload: stopped half-way
    the group ended with ValueError: not an image
"""

import asyncio


async def step(name: str) -> str:
    await asyncio.sleep(0.01)
    print(f"{name}: done")
    return name


async def never_ending(name: str) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        print(f"{name}: stopped half-way")
        raise


async def failing() -> None:
    await asyncio.sleep(0.01)
    raise ValueError("not an image")


async def main() -> None:
    async with asyncio.TaskGroup() as group:
        resize = group.create_task(step("resize"))
        upload = group.create_task(step("upload"))
    print(f"all done: {resize.result()}, {upload.result()}")

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(never_ending("upload"))
            group.create_task(failing())
    except* ValueError as errors:
        for error in errors.exceptions:
            print(f"the group ended with {type(error).__name__}: {error}")


asyncio.run(main())
