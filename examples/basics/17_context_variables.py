"""Context variables: values that belong to one task and all that it calls.

A global would be shared by every task; a parameter would have to be passed through every call. A
ContextVar has one value a task: a task starts with a copy of the context that made it, so it sees what
its maker had set, and what it sets itself nobody else sees. Callbacks and `to_thread` carry the context
along.

Expected output:

    [no request] main begins
    [request 1] reading
    [request 2] reading
    [request 1] writing in a thread
    [request 2] writing in a thread
    [no request] main ends
    [request 3] callback
"""

import asyncio
from contextvars import ContextVar

request: ContextVar[str] = ContextVar("request", default="no request")


def log(message: str) -> None:
    print(f"[{request.get()}] {message}")


async def handle(number: int, turn: asyncio.Lock) -> None:
    request.set(f"request {number}")
    log("reading")
    await asyncio.sleep(0)  # the other task runs, and sets its own value
    async with turn:
        await asyncio.to_thread(log, "writing in a thread")


async def main() -> None:
    log("main begins")
    turn = asyncio.Lock()
    async with asyncio.TaskGroup() as group:
        group.create_task(handle(1, turn))
        group.create_task(handle(2, turn))
    log("main ends")

    token = request.set("request 3")
    called = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.call_soon(log, "callback")
    loop.call_soon(called.set)
    request.reset(token)  # the callback keeps the context that it was registered in
    await called.wait()


asyncio.run(main())
