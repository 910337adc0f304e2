"""The contexts of what waits: made when somebody asks for one, and nobody can tell."""

import asyncio
import contextvars
import gc
import socket
import sys
import threading
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.reference_since(3, 12)  # get_context()

variable = contextvars.ContextVar("variable", default="unset")
other = contextvars.ContextVar("other", default="unset")


class Value:
    """Something that a weak reference can follow."""


def contexts_of(value):
    return [
        each for each in gc.get_objects() if type(each) is contextvars.Context and each.get(variable) is value
    ]


@pytest.mark.only_ouroloop
def test_what_waits_makes_no_context(loop):
    async def wait():
        await future

    async def main():
        value = Value()
        variable.set(value)
        held = [loop.call_soon(id, 1) for _ in range(100)]
        held += [loop.call_later(0.001, id, 1) for _ in range(100)]
        held += [loop.create_task(wait()) for _ in range(100)]
        known = len(contexts_of(value))
        await asyncio.sleep(0.01)
        for _ in range(100):
            future.add_done_callback(id)
        known = max(known, len(contexts_of(value)))
        future.set_result(None)
        await held[-1]
        return max(known, len(contexts_of(value)))

    future = loop.create_future()
    # That of the task that runs main(), and of what runs it.
    assert loop.run_until_complete(main()) <= 2


@pytest.mark.parametrize("make", ["call_soon", "call_later", "call_soon_threadsafe"])
def test_callback_runs_in_the_context_that_its_handle_tells(loop, run_once, make):
    def change():
        assert variable.get() == "of the registration"
        variable.set("changed")
        # It is in use, so nobody can enter it.
        with pytest.raises(RuntimeError, match="already entered"):
            handle.get_context().run(print)

    def register():
        variable.set("of the registration")
        return getattr(loop, make)(*((0, change) if make == "call_later" else (change,)))

    handle = contextvars.Context().run(register)
    context = handle.get_context()
    assert context is handle.get_context()
    assert context[variable] == "of the registration"
    run_once(loop)
    assert handle.get_context() is context
    assert context[variable] == "changed"


def test_handle_tells_what_its_callback_has_changed(loop, run_once):
    handle = loop.call_soon(variable.set, "changed")
    cancelled = loop.call_soon(variable.set, "never")
    cancelled.cancel()
    run_once(loop)
    assert handle.get_context()[variable] == "changed"
    assert cancelled.get_context().get(variable) != "never"
    assert variable.get() == "unset"


def test_reader_keeps_what_it_changes(loop):
    left, right = socket.socketpair()
    seen = []

    def read():
        left.recv(1)
        seen.append(variable.get())
        variable.set(len(seen))
        if len(seen) == 3:
            loop.stop()
        else:
            right.send(b".")

    with left, right:
        loop.add_reader(left, read)
        right.send(b".")
        loop.run_forever()
        loop.remove_reader(left)
    assert seen == ["unset", 1, 2]


def test_exception_handler_runs_in_the_context_of_the_callback(loop, run_once):
    def fail():
        variable.set("of the callback")
        raise ValueError

    seen = []
    loop.set_exception_handler(lambda _, report: seen.append((variable.get(), report["handle"])))
    loop.call_soon(fail)
    run_once(loop)
    ((value, handle),) = seen
    assert value == "of the callback"
    assert handle.get_context()[variable] == "of the callback"


def test_token_is_of_the_callback_that_it_was_made_in(loop, run_once):
    tokens = []
    refused = []

    def reset():
        try:
            variable.reset(tokens[-1])
        except ValueError as error:
            refused.append(str(error))

    for _ in range(3):
        loop.call_soon(lambda: tokens.append(variable.set("set")))
        loop.call_soon(reset)
    run_once(loop)
    assert len(refused) == 3
    assert all("different Context" in text for text in refused)
    assert variable.get() == "unset"


def test_token_of_a_task_is_good_in_its_later_steps(loop):
    async def main():
        await asyncio.sleep(0)
        tokens = []
        for number in range(10):
            tokens.append(variable.set(number))
            await asyncio.sleep(0)
            # What runs in between has a context of its own.
            await asyncio.gather(*(change() for _ in range(3)))
        for number in reversed(range(10)):
            assert variable.get() == number
            variable.reset(tokens.pop())
            await asyncio.sleep(0)
        return variable.get()

    async def change():
        token = variable.set("changed")
        await asyncio.sleep(0)
        assert variable.get() == "changed"
        variable.reset(token)
        assert variable.get() in range(10)

    assert loop.run_until_complete(main()) == "unset"


def test_task_tells_the_context_that_its_steps_run_in(loop):
    async def wait():
        variable.set("first")
        await asyncio.sleep(0)
        within = asyncio.current_task().get_context()
        with pytest.raises(RuntimeError, match="already entered"):
            within.run(print)
        assert within is asyncio.current_task().get_context()
        await asyncio.sleep(0)
        assert within is asyncio.current_task().get_context()
        seen = variable.get()
        variable.set("last")
        return seen

    async def main():
        task = loop.create_task(wait())
        await asyncio.sleep(0)
        between = task.get_context()
        assert between[variable] == "first"
        between.run(variable.set, "from outside")
        assert await task == "from outside"
        assert task.get_context() is between
        assert between[variable] == "last"

    loop.run_until_complete(main())


def test_finished_task_tells_its_context(loop):
    async def change():
        variable.set("changed")

    async def main():
        task = loop.create_task(change())
        await task
        return task.get_context()

    context = loop.run_until_complete(main())
    assert context[variable] == "changed"


def test_eager_tasks_nest(loop, task_class):
    async def nest(depth):
        variable.set(depth)
        if depth:
            await task_class(nest(depth - 1), loop=loop, eager_start=depth % 2)
        assert variable.get() == depth
        await asyncio.sleep(0)
        assert variable.get() == depth

    loop.run_until_complete(nest(12))


def test_nothing_keeps_the_values_of_what_has_run(loop, run_once):
    def change():
        value = Value()
        followed.append(weakref.ref(value))
        variable.set(value)

    async def change_in_steps():
        change()
        await asyncio.sleep(0)

    followed = []
    loop.call_soon(change)
    run_once(loop)
    loop.run_until_complete(change_in_steps())
    run_once(loop)
    gc.collect()
    assert [each() for each in followed] == [None, None]


def test_handle_that_is_made_again_while_it_runs_leaves_its_context_well(loop, run_once):
    def again():
        variable.set("of the first run")
        handle.__init__(seen.append, ("again",), loop)
        gc.collect()
        seen.append(variable.get())

    seen = []
    for _ in range(50):
        for context in (None, contextvars.Context()):
            handle = contextvars.Context().run(loop.call_soon, again, context=context)
            del context
            run_once(loop)
            handle._run()
    assert seen == ["of the first run", "again"] * 100
    assert variable.get() == "unset"


def test_finalizer_may_ask_for_the_context_that_is_being_made(loop, run_once):
    class Cycle:
        def __init__(self):
            self.itself = self

        def __del__(self):
            told.extend(each.get_context() for each in handles)
            told.append(task.get_context())

    async def wait():
        for _ in range(5):
            assert variable.get() == "set"
            await asyncio.sleep(0)

    told = []
    seen = []
    variable.set("set")
    task = loop.create_task(wait())
    before = gc.get_threshold()
    # Contexts that are freed are used again, without asking for memory: here are none.
    held = [contextvars.Context() for _ in range(400)]
    try:
        for _ in range(20):
            handles = [loop.call_soon(lambda: seen.append(variable.get())) for _ in range(3)]
            Cycle()
            gc.set_threshold(1, 1000, 1000)
            run_once(loop)
            for each in handles:
                assert each.get_context()[variable] == "set"
    finally:
        gc.set_threshold(*before)
        variable.set("unset")
    loop.run_until_complete(task)
    assert seen == ["set"] * 60
    assert all(each[variable] == "set" for each in told)
    assert len(held) == 400


def test_whoever_runs_something_in_a_context_that_was_found_takes_nothing_away(loop, run_once):
    seen = []

    def run_in_all():
        for each in gc.get_objects():
            if type(each) is contextvars.Context and not len(each):
                each.run(variable.set, "found")

    for _ in range(20):
        loop.call_soon(id, 1)
        run_once(loop)
        run_in_all()
        contextvars.Context().run(loop.call_soon, lambda: seen.append(variable.get()))
        run_once(loop)
    assert seen == ["unset"] * 20


def test_callbacks_of_a_future_tell_the_contexts_that_they_run_in(loop, run_once):
    future = loop.create_future()
    seen = []
    for _ in range(2):
        future.add_done_callback(lambda _: seen.append(variable.get()))
    contexts = [context for _, context in future._callbacks]
    assert [context for _, context in future._callbacks] == contexts
    for context in contexts:
        context.run(variable.set, "from outside")
    future.set_result(None)
    run_once(loop)
    assert seen == ["from outside"] * 2


def test_whoever_lists_all_objects_holds_contexts_that_nobody_changes(loop, run_once):
    loop.call_soon(variable.set, "before")
    run_once(loop)
    held = [each for each in gc.get_objects() if type(each) is contextvars.Context]
    contents = [dict(each) for each in held]
    for number in range(5):
        loop.call_soon(variable.set, number)
    run_once(loop)

    async def change():
        variable.set("by a task")
        await asyncio.sleep(0)

    loop.run_until_complete(asyncio.wait([loop.create_task(change()) for _ in range(5)]))
    assert [dict(each) for each in held] == contents


def test_weak_reference_follows_a_context_that_was_asked_for(loop):
    async def main():
        task = asyncio.current_task()
        followed = weakref.ref(task.get_context())
        for _ in range(3):
            variable.set("changed")
            await asyncio.sleep(0)
        if followed() is not None:
            assert followed() is task.get_context()
            assert followed()[variable] == "changed"

    loop.run_until_complete(main())


def test_cycle_through_variables_is_collected(loop, run_once):
    def register():
        value = Value()
        variable.set(value)
        value.handle = loop.call_soon(id, 1)
        value.task = loop.create_task(asyncio.sleep(0))
        value.future = loop.create_future()
        value.future.add_done_callback(id)
        return weakref.ref(value)

    followed = contextvars.Context().run(register)
    run_once(loop)
    run_once(loop)
    gc.collect()
    assert followed() is None


def test_loops_in_threads_do_not_see_each_other_s_variables(loop_factory):
    seen = []

    def run(name):
        async def step():
            for number in range(200):
                variable.set((name, number))
                loop.call_soon(variable.set, "of a callback")
                await asyncio.sleep(0)
                if variable.get() != (name, number):
                    seen.append(variable.get())

        async def main():
            await asyncio.gather(*(step() for _ in range(5)))

        loop = loop_factory()
        try:
            loop.run_until_complete(main())
        finally:
            loop.close()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=run, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert seen == []


# What a task may do with its context: set a variable, give up its turn, start a child, take or return what it holds.
actions = st.sampled_from(
    ["set", "sleep", "child", "eager child", "callback", "context", "forget", "token", "reset"]
)


@settings(max_examples=150, deadline=None)
@given(script=st.lists(st.lists(actions, min_size=1, max_size=8), min_size=1, max_size=5))
def test_every_task_sees_its_own_variables(script):
    import ouroloop

    async def perform(number, depth):
        expected = variable.get(), other.get()
        held, tokens = None, []
        for place, action in enumerate(script[number]):
            if action == "set":
                expected = (number, depth, place), expected[1]
                variable.set(expected[0])
            elif action == "sleep":
                await asyncio.sleep(0)
            elif action in ("child", "eager child") and depth < 2:
                child = perform((number + 1) % len(script), depth + 1)
                children.append(ouroloop.Task(child, eager_start=action == "eager child"))
            elif action == "callback":
                loop.call_soon(variable.set, "of a callback")
            elif action == "context":
                held = asyncio.current_task().get_context()
            elif action == "forget":
                held = None
            elif action == "token":
                tokens.append((other.set((number, place)), expected[1]))
                expected = expected[0], (number, place)
            elif action == "reset" and tokens:
                token, before = tokens.pop()
                other.reset(token)
                expected = expected[0], before
            assert (variable.get(), other.get()) == expected
            if held is not None:
                assert held is asyncio.current_task().get_context()
                assert held.get(variable, "unset") == expected[0]

    async def main():
        nonlocal loop
        loop = asyncio.get_running_loop()
        children.extend(ouroloop.Task(perform(number, 0)) for number in range(len(script)))
        while children:
            await children.pop()
        assert variable.get() == "unset"

    loop = None
    children = []
    ouroloop.run(main())
