"""A first coroutine: calling it does nothing, awaiting it runs it.

`async def` makes a coroutine function. Calling one does not run its body: the call gives back a coroutine
object, a piece of work that has not begun. Something has to drive it: inside another coroutine `await`
does, and at the top of a program `asyncio.run` does, which also makes the event loop and closes it at the
end.

Expected output:

    calling greet() gave a coroutine
    hello, Ada
    greet() returned 10 characters
"""

import asyncio


async def greet(name: str) -> int:
    message = f"hello, {name}"
    # `await` marks the points at which a coroutine may be set aside while others run.
    await asyncio.sleep(0)
    print(message)
    return len(message)


async def main() -> None:
    work = greet("Ada")
    print(f"calling greet() gave a {type(work).__name__}")
    count = await work
    print(f"greet() returned {count} characters")


asyncio.run(main())
