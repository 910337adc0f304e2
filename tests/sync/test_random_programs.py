"""Programs made at random: task groups, timeouts, gathers, waits, shields and races, cancelled at random points.

A program is a tree of steps; a plan cancels tasks and completes futures at given iterations, and time limits end in
given ones, because the clock counts iterations. Tasks may start eagerly. On the same loop it runs once with the
standard library's functions and once with ours, and what happens, in which iteration, must be equal. Nothing may be
left: no pending task, no request to cancel that nobody made.
"""

import asyncio
import os
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sync.conftest import OURS, standard
from tests.ticking import ticking

FUTURES = 3
TICKS_MAX = 60
NEVER = 3600.0


examples = settings(
    max_examples=int(os.environ.get("OUROLOOP_SCHEDULES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class PlannedError(Exception):
    """Raised by a step."""


class OrderedSet(dict):
    """As much of a set as the standard library's task group needs."""

    def add(self, item):
        self[item] = None

    def discard(self, item):
        self.pop(item, None)


def programs(*, cancels_groups=True):
    leaf = st.one_of(
        st.tuples(st.just("sleep"), st.sampled_from([0, 0, 0, 1, 2])),
        *[st.tuples(st.just("cancel_group"), st.integers(0, 9))] * cancels_groups,
        st.just(("await", 0)),
        st.tuples(st.just("await"), st.integers(0, FUTURES - 1)),
        st.tuples(st.just("raise"), st.integers(0, 9)),
        st.tuples(st.just("cancel"), st.integers(0, 9)),
        st.tuples(st.just("finish"), st.integers(0, FUTURES - 1)),
    )

    def nested(steps):
        body = st.lists(steps, min_size=1, max_size=3)
        children = st.lists(body, min_size=1, max_size=3)
        limit = st.sampled_from([None, 0, -1, 1, 2, 3, NEVER])
        return st.one_of(
            st.tuples(st.just("group"), children, body),
            st.tuples(st.just("timeout"), limit, body),
            st.tuples(st.just("wait_for"), limit, body),
            st.tuples(st.just("gather"), children, st.booleans()),
            st.tuples(
                st.just("wait"),
                children,
                st.sampled_from([asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION, asyncio.ALL_COMPLETED]),
                limit,
            ),
            st.tuples(st.just("as_completed"), children, st.booleans(), limit),
            st.tuples(st.just("shield"), body),
            st.tuples(st.just("catch"), body),
            st.tuples(st.just("swallow"), body),
        )

    return st.lists(
        st.recursive(leaf, nested, max_leaves=12).filter(lambda step: len(step) > 2 or step[0] == "shield"),
        min_size=1,
        max_size=3,
    )


def plans():
    event = st.tuples(
        st.integers(1, 8),
        st.sampled_from(["cancel", "cancel", "cancel", "finish", "fail", "cancel future"]),
        st.integers(0, 5),
    )
    return st.lists(event, min_size=1, max_size=8)


class Run:
    """One run of a program, and the record of what happened."""

    def __init__(self, loop, library, program, plan, is_eager):
        self.loop = loop
        self.library = library
        self.record = []
        self.tick = 0
        self.plan = plan
        self.futures = [loop.create_future() for _ in range(FUTURES)]
        self.tasks = []
        self.groups = []
        self.delays = 0
        if is_eager:
            loop.set_task_factory(library("eager_task_factory"))
        loop.set_exception_handler(self.reported)
        self.main = self.start(self.follow("main", program))

    def start(self, coroutine):
        task = self.loop.create_task(coroutine)
        if task not in self.tasks:
            self.tasks.append(task)
        return task

    def delay(self, ticks):
        """A delay that no other one ends with: the standard library's timers have no order among equals."""
        self.delays += 1
        return ticks + self.delays * 1e-5 if ticks and ticks > 0 else ticks

    def note(self, *what):
        self.record.append((self.tick, *what))

    def reported(self, _loop, context):
        self.note("reported", type(context.get("exception")).__name__, context["message"].partition("<")[0])

    async def follow(self, path, program):
        own = asyncio.current_task()
        if own not in self.tasks:
            self.tasks.append(own)
        value = None
        try:
            for number, step in enumerate(program):
                value = await self.take(f"{path}.{number}", step)
            return f"{path}={value!r}"
        finally:
            self.note(path, "leaves", describe(sys.exc_info()[1]))

    async def take(self, path, step):
        kind = step[0]
        self.note(path, kind)
        result = await getattr(self, f"do_{kind}")(path, *step[1:])
        self.note(path, "gave", repr(result) if isinstance(result, BaseException) else str(result))
        return result

    def children(self, path, programs):
        # One after another, because a group that was cancelled refuses the next, and closes it.
        return (self.follow(f"{path}/{number}", program) for number, program in enumerate(programs))

    async def do_sleep(self, _path, ticks):
        return await self.library("sleep")(self.delay(ticks), "slept")

    async def do_await(self, _path, index):
        return await self.futures[index]

    async def do_raise(self, _path, value):
        raise PlannedError(value)

    async def do_cancel(self, _path, index):
        return self.tasks[index % len(self.tasks)].cancel(f"by {index}")

    async def do_cancel_group(self, _path, index):
        if self.groups:
            self.groups[index % len(self.groups)].cancel()

    async def do_finish(self, _path, index):
        if not self.futures[index].done():
            self.futures[index].set_result(index)

    async def do_group(self, path, programs, body):
        async with self.library("TaskGroup")() as group:
            if self.library is standard:
                # It cancels its tasks in the order of a set, which differs from run to run.
                group._tasks = OrderedSet()
            self.groups.append(group)
            tasks = [group.create_task(child) for child in self.children(path, programs)]
            await self.follow(f"{path}:body", body)
        return [describe_future(task) for task in tasks]

    async def do_timeout(self, path, limit, body):
        async with self.library("timeout")(self.delay(limit)) as scope:
            return await self.follow(path, body)
        return scope.expired()

    async def do_wait_for(self, path, limit, body):
        coroutine = self.follow(path, body)
        return await self.library("wait_for")(coroutine, self.delay(limit))

    async def do_gather(self, path, programs, return_exceptions):
        children = self.children(path, programs)
        results = await self.library("gather")(*children, return_exceptions=return_exceptions)
        return [describe(each) if isinstance(each, BaseException) else each for each in results]

    async def do_wait(self, path, programs, return_when, limit):
        tasks = [self.start(child) for child in self.children(path, programs)]
        done, pending = await self.library("wait")(tasks, return_when=return_when, timeout=self.delay(limit))
        for task in tasks:
            # Not in the order of the set, which differs from run to run.
            if task in pending:
                task.cancel("no longer needed")
        return sorted(tasks.index(task) for task in done)

    async def do_as_completed(self, path, programs, plain, limit):
        # Tasks in a known order: a set of coroutines has none, and one of tasks that are done already neither.
        factory = self.loop.get_task_factory()
        self.loop.set_task_factory(None)
        tasks = [self.start(child) for child in self.children(path, programs)]
        self.loop.set_task_factory(factory)
        results = []
        for following in self.library("as_completed")(tasks, timeout=self.delay(limit)):
            try:
                results.append(await following)
            except PlannedError as error:
                if plain:
                    raise
                results.append(describe(error))
        return results

    async def do_shield(self, path, body):
        return await self.library("shield")(self.start(self.follow(path, body)))

    async def do_catch(self, path, body):
        try:
            return await self.follow(path, body)
        except Exception as error:
            return describe(error)

    async def do_swallow(self, path, body):
        try:
            return await self.follow(path, body)
        except asyncio.CancelledError as error:
            return f"{describe(error)} {asyncio.current_task().cancelling()}"

    def run(self):
        self.loop.call_soon(self.next_tick)
        self.loop.run_forever()
        # What nobody waited for ends now, so that no run leaves anything behind. A task may swallow a cancellation, but
        # not more of them than it has steps.
        for _ in range(100):
            pending = [task for task in self.tasks if not task.done()]
            if not pending:
                break
            for task in pending:
                task.cancel("the end")
            self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.run_until_complete(asyncio.sleep(0))
        for task in self.tasks:
            self.note("task", describe_future(task), task.cancelling())
        for future in self.futures:
            future.cancel()
        return self.record

    def next_tick(self):
        self.tick += 1
        self.loop.ticks = self.tick
        for when, kind, index in self.plan:
            if when == self.tick:
                self.act(kind, index)
        if self.tick < TICKS_MAX and not (self.main.done() and all(task.done() for task in self.tasks)):
            self.loop.call_soon(self.next_tick)
        else:
            self.loop.stop()

    def act(self, kind, index):
        future = self.futures[index % FUTURES]
        if kind == "cancel":
            self.tasks[index % len(self.tasks)].cancel(f"plan {index}")
        elif kind == "finish" and not future.done():
            future.set_result(f"future {index}")
        elif kind == "fail" and not future.done():
            future.set_exception(PlannedError(f"future {index}"))
        elif kind == "cancel future":
            future.cancel(f"future {index}")


def describe(error):
    if error is None:
        return "ended"
    if isinstance(error, BaseExceptionGroup):
        return f"{type(error).__name__}{sorted(describe(each) for each in error.exceptions)}"
    return f"{type(error).__name__}{error.args} from {type(error.__cause__).__name__}"


def describe_future(future):
    if not future.done():
        return "pending"
    if future.cancelled():
        return "cancelled"
    error = future.exception()
    return describe(error) if error is not None else str(future.result())


@pytest.fixture
def run_program(implementation):
    loop_class = ticking(implementation.loop_class)

    def run_program(library, program, plan, is_eager):
        loop = loop_class(**implementation.loop_arguments)
        try:
            return Run(loop, library, program, plan, is_eager).run()
        finally:
            assert not asyncio.all_tasks(loop)
            loop.close()

    return run_program


def comparable(record):
    """Without the reports of failures behind a shield that was given up, which came with Python 3.14."""
    return [entry for entry in record if entry[1] != "reported" or "shielded" not in entry[3]]


@pytest.mark.skipif(
    sys.version_info < (3, 13), reason="the standard library's functions are those of 3.15 from 3.13 on"
)
@examples
@given(
    program=programs(cancels_groups=hasattr(asyncio.TaskGroup, "cancel")),
    plan=plans(),
    # Before 3.14 a group hears of a failure within create_task, when the task ends there.
    is_eager=st.booleans() if sys.version_info >= (3, 14) else st.just(False),
)
def test_a_program_does_the_same_with_the_standard_library_s_functions_and_with_ours(
    run_program, program, plan, is_eager
):
    ours = run_program(OURS.get, program, plan, is_eager)
    reference = run_program(standard, program, plan, is_eager)
    assert comparable(ours) == comparable(reference)


@examples
@given(program=programs(), plan=plans(), is_eager=st.booleans())
def test_a_program_ends_with_nothing_left(run_program, program, plan, is_eager):
    record = run_program(OURS.get, program, plan, is_eager)
    assert not [entry for entry in record if entry[1] == "task" and entry[2] == "pending"]
