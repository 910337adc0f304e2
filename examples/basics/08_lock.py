"""Lock: one task at a time where an update has an `await` in the middle.

Between two awaits nothing else runs, so most code needs no lock. It does when it reads something, waits,
and then writes what it worked out: another task may have written meanwhile, and that update is lost. A
lock is fair: who asked first goes first.

Expected output:

    without a lock: 100 instead of 500
    with a lock: 500
    order of entry: ['Ada', 'Bob', 'Cleo']
"""

import asyncio


class Account:
    def __init__(self) -> None:
        self.balance = 0
        self.lock = asyncio.Lock()

    async def deposit(self, amount: int) -> None:
        before = self.balance
        await asyncio.sleep(0)  # the database is asked, say, and other tasks run
        self.balance = before + amount

    async def deposit_safely(self, amount: int) -> None:
        async with self.lock:
            await self.deposit(amount)


async def enter(name: str, lock: asyncio.Lock, order: list[str]) -> None:
    async with lock:
        await asyncio.sleep(0)
        order.append(name)


async def main() -> None:
    account = Account()
    await asyncio.gather(*(account.deposit(100) for _ in range(5)))
    print(f"without a lock: {account.balance} instead of 500")

    account = Account()
    await asyncio.gather(*(account.deposit_safely(100) for _ in range(5)))
    print(f"with a lock: {account.balance}")

    lock = asyncio.Lock()
    order: list[str] = []
    await asyncio.gather(*(enter(name, lock, order) for name in ("Ada", "Bob", "Cleo")))
    print("order of entry:", order)


asyncio.run(main())
