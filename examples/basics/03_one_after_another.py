"""One after another, or side by side: what `await` alone does not do.

Awaiting two coroutines in a row runs the first to its end before the second begins: the waits add up.
Wrapped in tasks, both begin, and while one waits the other goes on: the waits overlap. Nothing else
changed, and all of it still happens in one thread.

Expected output:

    one after another
      tea: water on
      tea: ready
      toast: bread in
      toast: ready
    side by side
      tea: water on
      toast: bread in
      tea: ready
      toast: ready
"""

import asyncio


async def prepare(what: str, first_step: str) -> None:
    print(f"  {what}: {first_step}")
    await asyncio.sleep(0.02)
    print(f"  {what}: ready")


async def main() -> None:
    print("one after another")
    await prepare("tea", "water on")
    await prepare("toast", "bread in")

    print("side by side")
    tea = asyncio.create_task(prepare("tea", "water on"))
    toast = asyncio.create_task(prepare("toast", "bread in"))
    # Both tasks run from here on; the order of these two lines decides nothing.
    await tea
    await toast


asyncio.run(main())
