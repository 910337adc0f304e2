"""The loop as an object: its class, its repr, and the private names that packages look at."""

import asyncio
import concurrent.futures
import contextvars
import copy
import pickle
import re
import threading
import weakref

import pytest


def test_loop_is_a_loop_of_the_standard_kind(loop):
    assert isinstance(loop, asyncio.AbstractEventLoop)


def test_repr_tells_the_state(loop, run_once):
    name = type(loop).__name__
    seen = []
    assert repr(loop) == f"<{name} running=False closed=False debug=False>"
    loop.set_debug(True)
    loop.call_soon(lambda: seen.append(repr(loop)))
    run_once(loop)
    assert seen == [f"<{name} running=True closed=False debug=True>"]
    loop.close()
    assert repr(loop) == f"<{name} running=False closed=True debug=True>"


def test_loop_can_be_hashed_and_weakly_referenced(loop):
    assert {loop: "value"}[loop] == "value"
    assert weakref.ref(loop)() is loop


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_loop_cannot_be_copied(loop, duplicate):
    with pytest.raises(TypeError):
        duplicate(loop)


def test_attributes_of_the_callers_own_can_be_set(loop):
    loop.label = "own"
    assert loop.label == "own"


def test_time_never_goes_back(loop):
    times = [loop.time() for _ in range(10_000)]
    assert times == sorted(times)


def test_create_future_makes_a_pending_future_of_this_loop(loop, future_class):
    future = loop.create_future()
    assert type(future) is future_class
    assert future.get_loop() is loop
    assert not future.done()


def test_create_task_makes_a_task_of_this_loop(loop, task_class):
    async def main():
        return "result"

    task = loop.create_task(main(), name="named")
    assert type(task) is task_class
    assert task.get_loop() is loop
    assert task.get_name() == "named"
    assert loop.run_until_complete(task) == "result"


def test_create_task_takes_a_context(loop):
    async def main():
        return variable.get()

    variable = contextvars.ContextVar("variable", default="unset")
    context = contextvars.Context()
    context.run(variable.set, "of the context")
    assert loop.run_until_complete(loop.create_task(main(), context=context)) == "of the context"


def test_create_task_refuses_what_is_no_coroutine(loop):
    for refused in (None, 1, lambda: None, loop.create_future()):
        with pytest.raises(TypeError, match=re.escape(f"a coroutine was expected, got {refused!r}")):
            loop.create_task(refused)


def test_create_task_refuses_unknown_arguments(loop):
    async def main():
        pass

    coroutine = main()
    with pytest.raises(TypeError):
        loop.create_task(coroutine, nonsense=True)
    coroutine.close()


def test_thread_id_is_known_while_the_loop_runs(loop, run_once):
    seen = []
    assert loop._thread_id is None
    loop.call_soon(lambda: seen.append(loop._thread_id))
    run_once(loop)
    assert seen == [threading.get_ident()]
    assert loop._thread_id is None


def test_stopping_is_true_from_stop_to_the_end_of_the_iteration(loop):
    seen = []

    def stop():
        seen.append(bool(loop._stopping))
        loop.stop()
        seen.append(bool(loop._stopping))

    loop.call_soon(stop)
    loop.run_forever()
    assert seen == [False, True]
    assert not loop._stopping


def test_closed_is_told_by_the_name_that_other_loops_have_too(loop):
    assert not loop._closed
    loop.close()
    assert loop._closed


def test_a_stop_can_be_taken_back(loop):
    loop.stop()
    loop._stopping = False
    assert not loop._stopping
    assert loop.run_until_complete(asyncio.sleep(0.001, "ran")) == "ran"
    loop._stopping = True
    never = loop.create_future()
    with pytest.raises(RuntimeError, match="Event loop stopped before Future completed"):
        loop.run_until_complete(never)


def test_default_executor_is_made_at_its_first_use(loop):
    assert loop._default_executor is None
    loop.run_until_complete(loop.run_in_executor(None, int))
    executor = loop._default_executor
    assert isinstance(executor, concurrent.futures.ThreadPoolExecutor)
    loop.close()
    assert loop._default_executor is None
