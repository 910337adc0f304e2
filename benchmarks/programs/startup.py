"""Imports a loop's module and runs an empty coroutine, as a user's smallest program does, and prints how
long each took.

It is started as a file, not as a module, so that nothing is imported which the user's program would not
import.
"""

import json
import sys
import time


def main() -> None:
    start = time.perf_counter_ns()
    __import__(sys.argv[1])
    module = sys.modules[sys.argv[1]]
    # A module may import what a name stands for when it is first used: that is part of its import.
    module.new_event_loop  # noqa: B018
    imported = time.perf_counter_ns()

    async def nothing() -> None:
        pass

    if hasattr(module, "run"):
        module.run(nothing())
    else:
        import asyncio

        with asyncio.Runner(loop_factory=module.new_event_loop) as runner:
            runner.run(nothing())
    ran = time.perf_counter_ns()
    print(json.dumps({"import_ns": imported - start, "run_ns": ran - imported}))


if __name__ == "__main__":
    main()
