"""Awaiting in order: each step uses the result of the step before it.

`await` waits for a coroutine and gives its return value, so code that waits reads from top to bottom like
any other. An exception arrives at the `await` too, and `try` and `except` work as they do in a plain
function.

Expected output:

    looking up the user
    looking up the orders of user 7
    adding up 3 orders
    total: 60
    looking up the user
    no such user: bob
"""

import asyncio


async def find_user(name: str) -> int:
    print("looking up the user")
    await asyncio.sleep(0.01)
    if name != "ada":
        raise LookupError(f"no such user: {name}")
    return 7


async def find_orders(user: int) -> list[int]:
    print(f"looking up the orders of user {user}")
    await asyncio.sleep(0.01)
    return [10, 20, 30]


async def total_of(name: str) -> int:
    user = await find_user(name)
    orders = await find_orders(user)
    print(f"adding up {len(orders)} orders")
    return sum(orders)


async def main() -> None:
    print("total:", await total_of("ada"))
    try:
        await total_of("bob")
    except LookupError as error:
        print(error)


asyncio.run(main())
