"""Programs made at random run on our loop exactly as on the standard library's, iteration by iteration.

A program is a list of tasks; each follows a script of small steps: wait for a future or a task, complete or cancel
one, start a child eagerly, wait for a timer, catch what comes, and so on. What happens is written down with the number
of the loop's iteration, which is also the time, and the two records must be equal. A task waits only for tasks after
it, so none can wait for itself.
"""

import asyncio
import random
import sys

import pytest
from tests.ticking import ticking

from ouroloop.task.task import Task

TASKS = 8
FUTURES = 5
STEPS = 7
CHILD_STEPS = 3
ITERATIONS_MAX = 2000

# Before 3.13 `uncancel` did not take a cancellation back that had not struck yet; ours always does.
UNCANCEL_TAKES_BACK = sys.version_info >= (3, 13)
# The standard library's tasks start eagerly from 3.12 on.
STARTS_EAGERLY = sys.version_info >= (3, 12)


class PlannedError(Exception):
    """Raised by a script."""


def make_script(generator, own_index, steps=STEPS):
    """What a task does. A child, which stands behind all tasks, waits for none of them and has no children."""
    is_child = own_index >= TASKS
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
        "time out": 2,
        "sleep": 3,
        "call later": 2,
        "start child": 3 if STARTS_EAGERLY and not is_child else 0,
    }
    script = []
    for kind in generator.choices(list(kinds), list(kinds.values()), k=steps):
        later_tasks = range(own_index + 1, TASKS)
        script.append(
            {
                "kind": kind,
                "future": generator.randrange(FUTURES),
                "any task": generator.randrange(TASKS),
                "later task": generator.choice(later_tasks) if later_tasks else None,
                "catches": generator.random() < 0.4,
                "value": generator.randrange(1000),
                "ticks": generator.randrange(-1, 4),
                "child": make_script(generator, TASKS, CHILD_STEPS) if kind == "start child" else None,
            }
        )
    return script


class Run:
    """One run of a program, and the record of what happened."""

    def __init__(self, loop, scripts, task_class):
        self.loop = loop
        self.task_class = task_class
        self.children = []
        self.delays = 0
        self.scripts = scripts
        self.iteration = 0
        self.record = []
        self.futures = [loop.create_future() for _ in range(FUTURES)]
        self.tasks = [loop.create_task(self.follow(index, script)) for index, script in enumerate(scripts)]

    def note(self, *what):
        self.record.append((self.iteration, *what))

    def delay(self, ticks):
        """A delay that no other one ends with: the standard library's timers have no order among equals."""
        self.delays += 1
        return ticks + self.delays * 1e-5 if ticks > 0 else ticks

    def note_outcome(self, label, future):
        if future.cancelled():
            self.note(label, "cancelled")
        elif future.exception() is not None:
            self.note(label, type(future.exception()).__name__, future.exception().args)
        else:
            self.note(label, "result", future.result())

    async def follow(self, index, script):
        try:
            for number, step in enumerate(script):
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
                async with asyncio.timeout(self.delay(step["ticks"])):
                    return await future
            except TimeoutError:
                return "timed out"
        if kind == "sleep":
            return await asyncio.sleep(self.delay(step["ticks"]), "slept")
        if kind == "start child":
            name = f"child {len(self.children)}"
            self.children.append(None)
            place = len(self.children) - 1
            child = self.task_class(self.follow(name, step["child"]), loop=self.loop, eager_start=True)
            self.children[place] = child
            self.note(name, "started", child.done())
            return await child
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
        if kind == "call later":
            self.loop.call_later(self.delay(max(1, step["ticks"])), self.note, "called later", value)
        if kind == "raise":
            raise PlannedError(value)
        return None

    def tick(self):
        """Count iterations, and end what would wait for ever by completing one future after another."""
        self.iteration += 1
        self.loop.ticks = self.iteration
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
        for index, task in enumerate(self.tasks + self.children):
            self.note_outcome(("task", index), task)
            self.note(("task", index), task.cancelling())
        for index, future in enumerate(self.futures):
            if future.done():
                self.note_outcome(("future", index), future)
        return self.record


def run_program(make_loop, task_class, seed):
    generator = random.Random(seed)
    scripts = [make_script(generator, index) for index in range(TASKS)]
    loop = make_loop()
    loop.set_exception_handler(lambda _loop, _context: None)
    try:
        return Run(loop, scripts, task_class).to_the_end()
    finally:
        loop.close()


def run_program_on_the_standard_library(seed):
    return run_program(ticking(asyncio.SelectorEventLoop), asyncio.Task, seed)


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("block", range(10))
def test_random_programs_run_as_on_the_standard_library(implementation, block):
    def make_loop():
        return ticking(implementation.loop_class)(**implementation.loop_arguments)

    fresh = random.SystemRandom().randrange(2**32)
    for seed in (*range(block * 40, block * 40 + 40), fresh):
        expected = run_program_on_the_standard_library(seed)
        assert run_program(make_loop, Task, seed) == expected, f"seed {seed}"


def test_random_programs_reach_every_kind_of_step_and_outcome():
    seen = set()
    for seed in range(100):
        record = run_program_on_the_standard_library(seed)
        assert record[-1][0] <= ITERATIONS_MAX
        seen |= {entry[3] for entry in record if len(entry) == 4 and isinstance(entry[3], str)}
        seen |= {entry[3] for entry in record if len(entry) == 6}
        seen |= {entry[2] for entry in record if entry[1:2] and isinstance(entry[1], tuple)}
    assert {
        "yield",
        "wait task",
        "gather",
        "swallow",
        "CancelledError",
        "PlannedError",
        "result",
        "sleep",
    } <= seen
    assert not STARTS_EAGERLY or "start child" in seen
    assert "cancelled" in seen
