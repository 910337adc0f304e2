"""Futures: a place where a result will be, filled in by somebody else.

A task is a future that a coroutine fills in. A plain future is filled in by any code that calls
`set_result` or `set_exception`: it is how code built on callbacks is made awaitable. It is filled in
once; any number of coroutines may wait for it.

Expected output:

    kitchen: waiting for the delivery
    bar: waiting for the delivery
    courier: rings the bell
    kitchen: got the flour
    bar: got the flour
    callback: the future holds 'the flour'
    a second delivery: InvalidStateError
"""

import asyncio


async def wait_for_delivery(who: str, delivery: asyncio.Future[str]) -> None:
    print(f"{who}: waiting for the delivery")
    print(f"{who}: got {await delivery}")


def ring(delivery: asyncio.Future[str]) -> None:
    print("courier: rings the bell")
    delivery.set_result("the flour")


async def main() -> None:
    loop = asyncio.get_running_loop()
    delivery: asyncio.Future[str] = loop.create_future()
    # An ordinary callback, as code that knows nothing of coroutines would use it.
    loop.call_later(0.01, ring, delivery)

    async with asyncio.TaskGroup() as group:
        group.create_task(wait_for_delivery("kitchen", delivery))
        group.create_task(wait_for_delivery("bar", delivery))

    delivery.add_done_callback(lambda future: print(f"callback: the future holds {future.result()!r}"))
    await asyncio.sleep(0)  # callbacks run when the loop comes round, never inside add_done_callback

    try:
        delivery.set_result("more flour")
    except asyncio.InvalidStateError as error:
        print("a second delivery:", type(error).__name__)


asyncio.run(main())
