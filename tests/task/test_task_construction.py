"""Task: what it is made of, its name and its parts."""

import asyncio
import collections.abc
import contextvars
import gc
import re
import types

import pytest


async def nothing():
    """A coroutine that ends at once."""


def test_task_runs_its_coroutine_in_the_next_iteration(loop, task_class, run_once):
    ran = []

    async def main():
        ran.append("ran")
        return "result"

    task = task_class(main(), loop=loop)
    assert not task.done()
    assert ran == []
    run_once(loop)
    assert ran == ["ran"]
    assert task.result() == "result"


@pytest.mark.parametrize("refused", [None, 1, "text", nothing, lambda: None])
def test_only_coroutines_are_taken(loop, task_class, refused):
    expected = re.escape(f"a coroutine was expected, got {refused!r}")
    with pytest.raises(TypeError, match=f"^{expected}$"):
        task_class(refused, loop=loop)


def test_future_is_not_taken(loop, task_class):
    with pytest.raises(TypeError, match=r"^a coroutine was expected, got <Future pending>$"):
        task_class(loop.create_future(), loop=loop)


def test_arguments_other_than_the_coroutine_are_named(loop, task_class):
    coroutine = nothing()
    with pytest.raises(TypeError):
        task_class(coroutine, loop)
    with pytest.raises(TypeError):
        task_class(coroutine, loop=loop, nonsense=1)
    with pytest.raises(TypeError):
        task_class(loop=loop)
    coroutine.close()


def test_task_takes_the_running_loop(loop, task_class):
    async def main():
        task = task_class(nothing())
        await task
        return task.get_loop()

    assert loop.run_until_complete(main()) is loop


def test_names_are_counted_up(loop):
    first, second = loop.create_task(nothing()), loop.create_task(nothing())
    numbers = [int(re.fullmatch(r"Task-(\d+)", task.get_name())[1]) for task in (first, second)]
    assert numbers[1] == numbers[0] + 1
    loop.run_until_complete(asyncio.wait([first, second]))


@pytest.mark.parametrize(
    ("given", "expected"), [("named", "named"), (123, "123"), ("", ""), (("a",), "('a',)")]
)
def test_name_may_be_given_and_changed(loop, given, expected):
    task = loop.create_task(nothing(), name=given)
    assert task.get_name() == expected
    assert task.set_name(None) is None
    assert task.get_name() == "None"
    task.set_name(given)
    assert task.get_name() == expected
    loop.run_until_complete(task)
    assert task.get_name() == expected


def test_name_none_means_counted(loop):
    task = loop.create_task(nothing(), name=None)
    assert re.fullmatch(r"Task-\d+", task.get_name())
    loop.run_until_complete(task)


def test_error_in_making_the_name_is_passed_on(loop, task_class, capture_errors):
    class Nameless:
        def __str__(self):
            raise ZeroDivisionError

    coroutine = nothing()
    with pytest.raises(ZeroDivisionError):
        task_class(coroutine, loop=loop, name=Nameless())
    coroutine.close()


@pytest.mark.only_ouroloop
def test_error_in_making_the_name_comes_first_and_leaves_the_task_as_new(loop, task_class):
    class Nameless:
        def __str__(self):
            raise ZeroDivisionError

    coroutine, task = nothing(), task_class.__new__(task_class)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            task.__init__(coroutine, loop=loop, context=object(), name=Nameless())
    task.__init__(coroutine, loop=loop, name="named")
    loop.run_until_complete(task)
    assert task.get_name() == "named"


@pytest.mark.only_ouroloop
def test_name_that_sets_the_task_up_meanwhile_is_refused(loop, task_class):
    class Hasty:
        def __str__(self):
            task.__init__(first, loop=loop, name="first")
            return "second"

    first, second = nothing(), nothing()
    task = task_class.__new__(task_class)
    with pytest.raises(RuntimeError, match=r"object is already initialized$"):
        task.__init__(second, loop=loop, name=Hasty())
    second.close()
    loop.run_until_complete(task)
    assert (task.get_name(), task.get_coro(), asyncio.all_tasks(loop)) == ("first", first, set())


def test_parts_can_be_asked_for(loop):
    coroutine = nothing()
    task = loop.create_task(coroutine)
    assert task.get_coro() is coroutine
    assert task._coro is coroutine
    assert task.get_loop() is loop
    loop.run_until_complete(task)
    assert task.get_coro() is coroutine


@pytest.mark.reference_since(3, 12)
def test_context_can_be_asked_for(loop):
    context = contextvars.Context()
    task = loop.create_task(nothing(), context=context)
    assert task.get_context() is context
    other = loop.create_task(nothing())
    assert isinstance(other.get_context(), contextvars.Context)
    assert other.get_context() is not context
    loop.run_until_complete(asyncio.wait([task, other]))
    assert task.get_context() is context


@pytest.mark.reference_since(3, 15)
@pytest.mark.parametrize("refused", [3, "text", {}])
def test_context_must_be_one(loop, task_class, refused):
    coroutine = nothing()
    expected = f"a contextvars.Context was expected, got {type(refused).__name__}"
    with pytest.raises(TypeError, match=re.escape(expected)):
        task_class(coroutine, loop=loop, context=refused)
    coroutine.close()


def test_result_and_exception_cannot_be_set_from_outside(loop):
    task = loop.create_task(nothing())
    with pytest.raises(RuntimeError, match=r"^Task does not support set_result operation$"):
        task.set_result(1)
    with pytest.raises(RuntimeError, match=r"^Task does not support set_exception operation$"):
        task.set_exception(ValueError())
    loop.run_until_complete(task)
    assert task.result() is None


def test_pending_task_has_no_result_yet(loop):
    task = loop.create_task(nothing())
    with pytest.raises(asyncio.InvalidStateError, match=r"^Result is not set\.$"):
        task.result()
    with pytest.raises(asyncio.InvalidStateError, match=r"^Exception is not set\.$"):
        task.exception()
    loop.run_until_complete(task)


def test_task_is_a_task_and_a_future_for_asyncio(loop, task_class, future_class):
    task = loop.create_task(nothing())
    assert asyncio.isfuture(task)
    assert isinstance(task, asyncio.Future)
    assert isinstance(task, asyncio.Task)
    assert isinstance(task, future_class)
    assert issubclass(task_class, future_class)
    assert asyncio.ensure_future(task) is task
    loop.run_until_complete(task)


def test_private_names_that_packages_read(loop):
    async def main():
        await future

    future = loop.create_future()
    task = loop.create_task(main())
    assert task._fut_waiter is None
    assert task._must_cancel is False
    assert task._log_destroy_pending is True
    loop.call_soon(lambda: seen.append((task._fut_waiter, task._state)))
    loop.call_soon(loop.call_soon, future.set_result, None)
    seen = []
    loop.run_until_complete(task)
    assert seen == [(future, "PENDING")]
    assert task._fut_waiter is None
    assert task._state == "FINISHED"
    for name in ("_fut_waiter", "_must_cancel", "_coro"):
        with pytest.raises(AttributeError):
            setattr(task, name, None)
    task._log_destroy_pending = False
    assert task._log_destroy_pending is False
    with pytest.raises(AttributeError):
        del task._log_destroy_pending


@pytest.mark.parametrize("is_coroutine_based", [True, False])
def test_generator_is_taken_where_the_running_python_calls_it_a_coroutine(
    loop, task_class, is_coroutine_based
):
    def generator():
        yield
        return "ran"

    made = (types.coroutine(generator) if is_coroutine_based else generator)()
    if asyncio.iscoroutine(made):  # until 3.11
        assert loop.run_until_complete(task_class(made, loop=loop)) == "ran"
    else:
        with pytest.raises(TypeError, match=r"^a coroutine was expected, got <generator object "):
            task_class(made, loop=loop)


def test_any_coroutine_in_the_sense_of_the_abstract_class_is_taken(loop, task_class):
    class OwnCoroutine(collections.abc.Coroutine):
        def __init__(self):
            self.steps = 0

        def send(self, value):
            self.steps += 1
            if self.steps == 3:
                raise StopIteration(("steps", self.steps))

        def throw(self, *error):
            raise error[0]

        def close(self):
            pass

        def __await__(self):
            yield

    coroutine = OwnCoroutine()
    task = task_class(coroutine, loop=loop)
    assert loop.run_until_complete(task) == ("steps", 3)
    assert task.get_coro() is coroutine
    failing = task_class(OwnCoroutine(), loop=loop)
    failing.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(failing)


def test_subclass_may_override_what_it_likes(loop, task_class):
    class Own(task_class):
        def __init__(self, *arguments, label, **keywords):
            super().__init__(*arguments, **keywords)
            self.label = label

        def get_name(self):
            return f"own {self.label}"

        def cancel(self, msg=None):
            return super().cancel("always this")

    async def main():
        await asyncio.sleep(10)

    task = Own(main(), loop=loop, label="one")
    assert "name='own one'" in repr(task)
    assert repr(task).startswith("<Own pending ")
    task.cancel("ignored")
    with pytest.raises(asyncio.CancelledError, match="always this"):
        loop.run_until_complete(task)


@pytest.mark.parametrize("by_loop", [False, True], ids=["class", "loop"])
def test_task_that_the_loop_refuses_to_run_is_let_go_and_reported(loop, task_class, capture_errors, by_loop):
    def call_soon(*_arguments, **_keywords):
        raise ValueError("refused")

    async def main():
        pass

    coroutine = main()
    loop.call_soon = call_soon
    with pytest.raises(ValueError, match="refused"):
        loop.create_task(coroutine) if by_loop else task_class(coroutine, loop=loop)
    del loop.call_soon
    coroutine.close()
    gc.collect()
    assert asyncio.all_tasks(loop) == set()
    assert [each["message"] for each in capture_errors] == ["Task was destroyed but it is pending!"]


@pytest.mark.reference_since(3, 15)
def test_constructing_again_is_refused_whatever_is_given(loop):
    task = loop.create_task(nothing())
    with pytest.raises(RuntimeError, match=r"Task object is already initialized$"):
        task.__init__(5, loop=loop)
    loop.run_until_complete(task)


@pytest.mark.reference_since(3, 15)
def test_constructing_again_is_refused(run_script):
    # In a process of its own: a task in two places at once can send the loop round in circles.
    process = run_script(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))

        async def nothing():
            pass

        loop = new_event_loop()
        task = loop.create_task(nothing())
        coroutine = nothing()
        try:
            task.__init__(coroutine, loop=loop)
        except RuntimeError as error:
            print(error)
        coroutine.close()
        loop.run_until_complete(task)
        print(asyncio.all_tasks(loop))
        loop.close()
        """,
        timeout_seconds=10,
    )
    refusal, tasks = process.stdout.splitlines()
    assert refusal.endswith("object is already initialized")
    assert tasks == "set()"
