"""Event: many tasks wait until one of them says go.

An event is a flag with a queue behind it. `wait` returns at once while the flag is up, and waits while it
is down; `set` lets everybody through who waits. It carries no value: a future does.

Expected output:

    runner 1: ready
    runner 2: ready
    starter: go!
    runner 1: runs
    runner 2: runs
    latecomer: did not have to wait
    flag down again: False
"""

import asyncio


async def runner(number: int, go: asyncio.Event) -> None:
    print(f"runner {number}: ready")
    await go.wait()
    print(f"runner {number}: runs")


async def starter(go: asyncio.Event) -> None:
    await asyncio.sleep(0.01)
    print("starter: go!")
    go.set()


async def main() -> None:
    go = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(runner(1, go))
        group.create_task(runner(2, go))
        group.create_task(starter(go))

    await go.wait()
    print("latecomer: did not have to wait")
    go.clear()
    print("flag down again:", go.is_set())


asyncio.run(main())
