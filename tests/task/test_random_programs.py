"""Programs made at random run on our loop exactly as on the standard library's, iteration by iteration.

A program is a list of tasks; each follows a script of small steps: wait for a future or a task, complete or cancel
one, catch what comes, and so on. What happens is written down with the number of the loop's iteration, and the two
records must be equal. A task waits only for tasks after it, so none can wait for itself.
"""

import asyncio
import random
import sys

import pytest

TASKS = 8
FUTURES = 5
STEPS = 7
ITERATIONS_MAX = 2000

# Before 3.13 `uncancel` did not take a cancellation back that had not struck yet; ours always does.
UNCANCEL_TAKES_BACK = sys.version_info >= (3, 13)


class PlannedError(Exception):
    """Raised by a script."""


def make_script(generator, own_index):
    kinds = {
        "yield": 6,
        "wait future": 6,
        "wait task": 4 if own_index + 1 < TASKS else 0,
        "shield task": 2 if own_index + 1 < TASKS else 0,
        "gather": 2 if own_index + 2 < TASKS else 0,
        "set result": 4,
        "set exception": 2,
        "cancel future": 2,
        "cancel task": 4,
        "cancel self": 1,
        "uncancel": 1 if UNCANCEL_TAKES_BACK else 0,
        "add callback": 2,
        "call soon": 2,
        "raise": 1,
        "swallow": 2,
        "time out": 1,
    }
    script = []
    for kind in generator.choices(list(kinds), list(kinds.values()), k=STEPS):
        later_tasks = range(own_index + 1, TASKS)
        script.append(
            {
                "kind": kind,
                "future": generator.randrange(FUTURES),
                "any task": generator.randrange(TASKS),
                "later task": generator.choice(later_tasks) if later_tasks else None,
                "catches": generator.random() < 0.4,
                "value": generator.randrange(1000),
            }
        )
    return script


class Run:
    """One run of a program, and the record of what happened."""

    def __init__(self, loop, scripts):
        self.loop = loop
        self.scripts = scripts
        self.iteration = 0
        self.record = []
        self.futures = [loop.create_future() for _ in range(FUTURES)]
        self.tasks = [loop.create_task(self.follow(index)) for index in range(len(scripts))]

    def note(self, *what):
        self.record.append((self.iteration, *what))

    def note_outcome(self, label, future):
        if future.cancelled():
            self.note(label, "cancelled")
        elif future.exception() is not None:
            self.note(label, type(future.exception()).__name__, future.exception().args)
        else:
            self.note(label, "result", future.result())

    async def follow(self, index):
        try:
            for number, step in enumerate(self.scripts[index]):
                self.note(index, number, step["kind"])
                try:
                    self.note(index, number, "gave", await self.take(step))
                except (PlannedError, asyncio.CancelledError) as error:
                    own = asyncio.current_task()
                    self.note(index, number, type(error).__name__, error.args, own.cancelling())
                    if not step["catches"]:
                        raise
        finally:
            self.note(index, "leaves")
        return index

    async def take(self, step):
        kind, future, own = step["kind"], self.futures[step["future"]], asyncio.current_task()
        if kind == "yield":
            return await asyncio.sleep(0, "slept")
        if kind == "wait future":
            return await future
        if kind == "wait task":
            return await self.tasks[step["later task"]]
        if kind == "shield task":
            return await asyncio.shield(self.tasks[step["later task"]])
        if kind == "gather":
            awaited = self.tasks[step["later task"] :]
            results = await asyncio.gather(*awaited, return_exceptions=True)
            return [repr(result) for result in results]
        if kind == "swallow":
            try:
                await future
            except asyncio.CancelledError as error:
                return error.args
            return "not cancelled"
        if kind == "time out":
            try:
                async with asyncio.timeout(-1):
                    return await future
            except TimeoutError:
                return "timed out"
        return self.act(kind, step, future, own)

    def act(self, kind, step, future, own):
        value = step["value"]
        if kind == "set result" and not future.done():
            return future.set_result(value)
        if kind == "set exception" and not future.done():
            return future.set_exception(PlannedError(value))
        if kind == "cancel future":
            return future.cancel(value)
        if kind == "cancel task":
            return self.tasks[step["any task"]].cancel(value)
        if kind == "cancel self":
            return own.cancel(value)
        if kind == "uncancel":
            return own.uncancel()
        if kind == "add callback":
            return future.add_done_callback(lambda done: self.note_outcome("callback", done))
        if kind == "call soon":
            self.loop.call_soon(self.note, "called", value)
        if kind == "raise":
            raise PlannedError(value)
        return None

    def tick(self):
        """Count iterations, and end what would wait for ever by completing one future after another."""
        self.iteration += 1
        if all(task.done() for task in self.tasks) or self.iteration > ITERATIONS_MAX:
            self.loop.stop()
            return
        if self.iteration % 20 == 0:
            pending = [future for future in self.futures if not future.done()]
            if pending:
                pending[0].set_result("completed at last")
        self.loop.call_soon(self.tick)

    def to_the_end(self):
        self.loop.call_soon(self.tick)
        self.loop.run_forever()
        for index, task in enumerate(self.tasks):
            self.note_outcome(("task", index), task)
            self.note(("task", index), task.cancelling())
        for index, future in enumerate(self.futures):
            if future.done():
                self.note_outcome(("future", index), future)
        return self.record


def run_program(loop, seed):
    generator = random.Random(seed)
    scripts = [make_script(generator, index) for index in range(TASKS)]
    return Run(loop, scripts).to_the_end()


def run_program_on_the_standard_library(seed):
    loop = asyncio.SelectorEventLoop()
    loop.set_exception_handler(lambda _loop, _context: None)
    try:
        return run_program(loop, seed)
    finally:
        loop.close()


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("block", range(10))
def test_random_programs_run_as_on_the_standard_library(loop, capture_errors, block):
    fresh = random.SystemRandom().randrange(2**32)
    for seed in (*range(block * 40, block * 40 + 40), fresh):
        expected = run_program_on_the_standard_library(seed)
        assert run_program(loop, seed) == expected, f"seed {seed}"


@pytest.mark.only_stdlib
def test_random_programs_reach_every_kind_of_step_and_outcome(loop, capture_errors):
    seen = set()
    for seed in range(100):
        record = run_program(loop, seed)
        assert record[-1][0] <= ITERATIONS_MAX
        seen |= {entry[3] for entry in record if len(entry) == 4 and isinstance(entry[3], str)}
        seen |= {entry[3] for entry in record if len(entry) == 6}
        seen |= {entry[2] for entry in record if entry[1:2] and isinstance(entry[1], tuple)}
    assert {"yield", "wait task", "gather", "swallow", "CancelledError", "PlannedError", "result"} <= seen
    assert "cancelled" in seen
