"""Exception groups: several tasks may fail at once, and none of it is lost.

A TaskGroup raises an ExceptionGroup with every failure in it. `except*` picks out the kinds that it
knows, and each of its clauses may run; what no clause took goes on upwards, still as a group. `split`
does the same by hand.

Expected output:

    cannot reach: mirror-1, mirror-3
    bad answer from: mirror-2
    still unhandled: PermissionError
    by hand: 2 network errors, 2 others
"""

import asyncio
from collections.abc import Sequence


async def ask(error: Exception) -> None:
    # All of them fail in the same turn of the loop, before the group can cancel anyone.
    raise error


async def ask_all(errors: Sequence[Exception]) -> None:
    async with asyncio.TaskGroup() as group:
        for error in errors:
            group.create_task(ask(error))


def names(group: BaseExceptionGroup[BaseException]) -> str:
    return ", ".join(str(error) for error in group.exceptions)


async def main() -> None:
    errors = [
        ConnectionError("mirror-1"),
        ValueError("mirror-2"),
        ConnectionError("mirror-3"),
        PermissionError("mirror-4"),
    ]
    try:
        try:
            await ask_all(errors)
        except* ConnectionError as group:
            print("cannot reach:", names(group))
        except* ValueError as group:
            print("bad answer from:", names(group))
    except ExceptionGroup as rest:
        print("still unhandled:", *(type(error).__name__ for error in rest.exceptions))

    try:
        await ask_all(errors)
    except ExceptionGroup as everything:
        network, others = everything.split(ConnectionError)
        assert network is not None
        assert others is not None
        print(f"by hand: {len(network.exceptions)} network errors, {len(others.exceptions)} others")


asyncio.run(main())
