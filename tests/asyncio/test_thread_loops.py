"""Which loop a thread has, and who makes it: one record for our namespace and for the standard library's."""

from __future__ import annotations

import asyncio as standard
import subprocess
import sys
import textwrap
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest

import ouroloop
from ouroloop import asyncio as ours
from ouroloop.versions import GET_EVENT_LOOP_CREATES, GET_EVENT_LOOP_WARNS, HAS_POLICIES, POLICY_IS_DEPRECATED

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_policies = pytest.mark.skipif(not HAS_POLICIES, reason="this Python has no event loop policies")
needs_loops_made_in_passing = pytest.mark.skipif(
    not GET_EVENT_LOOP_CREATES, reason="this Python's get_event_loop() makes no loop"
)


@pytest.fixture(autouse=True)
def fresh_policy() -> Iterator[None]:
    """Each test starts and ends with the standard library's default policy, on which nobody has set a loop."""

    def reset() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            standard.set_event_loop_policy(None)

    reset()
    yield
    reset()


@pytest.fixture
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@pytest.mark.parametrize(("setter", "getter"), [(ours, standard), (standard, ours)], ids=["ours", "standard"])
def test_loop_set_through_one_namespace_is_found_through_the_other(setter: Any, getter: Any) -> None:
    loop = ours.new_event_loop()
    setter.set_event_loop(loop)
    assert getter.get_event_loop() is loop
    assert setter.get_event_loop() is loop
    setter.set_event_loop(None)
    for namespace in (ours, standard):
        with pytest.raises(RuntimeError, match=r"^There is no current event loop in thread 'MainThread'\.$"):
            namespace.get_event_loop()
    loop.close()


@pytest.mark.parametrize(
    "loop_class", [ours.SelectorEventLoop, standard.SelectorEventLoop], ids=["ours", "standard"]
)
def test_running_loop_is_found_through_both_namespaces(loop_class: Any) -> None:
    loop = loop_class()

    async def main() -> list[Any]:
        return [
            function()
            for namespace in (ours, standard)
            for function in (
                namespace.get_running_loop,
                namespace.get_event_loop,
                namespace._get_running_loop,
            )
        ]

    assert loop.run_until_complete(main()) == [loop] * 6
    loop.close()


def test_new_loops_are_ours() -> None:
    loops: list[Any] = [ours.new_event_loop(), ours.EventLoop(), ours.SelectorEventLoop()]
    for loop in loops:
        assert isinstance(loop, ouroloop.EventLoop)
        assert isinstance(loop, ours.SelectorEventLoop)
        assert isinstance(loop, ours.BaseEventLoop)
        assert isinstance(loop, standard.AbstractEventLoop)
        loop.close()


def test_the_standard_librarys_new_loops_stay_its_own() -> None:
    loop = standard.new_event_loop()
    assert not isinstance(loop, ouroloop.EventLoop)
    loop.close()


@pytest.mark.parametrize("main_finds_it_by", [ours, standard], ids=["ours", "standard"])
def test_run_gives_one_of_our_loops_to_both_namespaces(main_finds_it_by: Any) -> None:
    async def main() -> Any:
        return main_finds_it_by.get_running_loop()

    loop = ours.run(main())
    assert isinstance(loop, ouroloop.EventLoop)
    assert loop.is_closed()


@needs_loops_made_in_passing
def test_main_thread_gets_a_loop_of_ours_in_passing_and_keeps_it() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loop: Any = ours.get_event_loop()
    expected = [("There is no current event loop", __file__)] if GET_EVENT_LOOP_WARNS else []
    assert [(str(each.message), each.filename) for each in caught] == expected
    assert isinstance(loop, ours.SelectorEventLoop)
    assert ours.get_event_loop() is loop
    assert standard.get_event_loop() is loop
    loop.close()


@needs_loops_made_in_passing
@pytest.mark.usefixtures("quiet")
def test_loop_that_a_library_had_made_in_passing_is_found() -> None:
    loop = standard.get_event_loop()
    assert not isinstance(loop, ouroloop.EventLoop)
    assert ours.get_event_loop() is loop
    loop.close()


def test_other_threads_get_no_loop_in_passing() -> None:
    raised = []

    def target() -> None:
        try:
            ours.get_event_loop()
        except RuntimeError as error:
            raised.append(str(error))

    thread = threading.Thread(target=target, name="other")
    thread.start()
    thread.join()
    assert raised == ["There is no current event loop in thread 'other'."]


@needs_policies
@pytest.mark.usefixtures("quiet")
def test_default_policy_is_ours_and_shares_the_state_of_the_standard_librarys() -> None:
    policy = ours.get_event_loop_policy()
    assert isinstance(policy, ours.DefaultEventLoopPolicy)
    assert isinstance(policy, ours.AbstractEventLoopPolicy)
    assert policy is ours.get_event_loop_policy()
    assert not isinstance(standard.get_event_loop_policy(), ours.DefaultEventLoopPolicy)
    loop = policy.new_event_loop()
    assert isinstance(loop, ours.SelectorEventLoop)
    policy.set_event_loop(loop)
    assert standard.get_event_loop() is loop
    loop.close()


@needs_policies
@pytest.mark.usefixtures("quiet")
def test_policy_that_the_program_sets_makes_the_loops() -> None:
    class Policy(standard.DefaultEventLoopPolicy):
        pass

    policy = Policy()
    ours.set_event_loop_policy(policy)
    assert ours.get_event_loop_policy() is policy
    assert standard.get_event_loop_policy() is policy
    loop = ours.new_event_loop()
    assert type(loop) is standard.SelectorEventLoop
    loop.close()


@needs_policies
@pytest.mark.usefixtures("quiet")
def test_setting_our_policy_makes_every_loop_of_the_process_ours() -> None:
    ours.set_event_loop_policy(ours.DefaultEventLoopPolicy())
    loop = standard.new_event_loop()
    assert isinstance(loop, ours.SelectorEventLoop)
    loop.close()


@needs_policies
@pytest.mark.usefixtures("quiet")
def test_putting_the_default_policy_back_leaves_the_standard_librarys_as_it_was() -> None:
    before = standard.get_event_loop_policy()
    saved = ours.get_event_loop_policy()
    ours.set_event_loop_policy(ours.DefaultEventLoopPolicy())
    ours.set_event_loop_policy(saved)
    assert standard.get_event_loop_policy() is before
    ours.set_event_loop_policy(None)
    assert isinstance(ours.get_event_loop_policy(), ours.DefaultEventLoopPolicy)


@needs_policies
@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("namespace", [ours, standard], ids=["ours", "standard"])
def test_what_is_no_policy_is_refused(namespace: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^policy must be an instance of AbstractEventLoopPolicy or None, not 'int'$"
    ):
        namespace.set_event_loop_policy(1)


@needs_policies
def test_policy_functions_warn_only_where_the_running_python_does() -> None:
    recorded = []
    for namespace in (standard, ours):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            namespace.get_event_loop_policy()
            namespace.set_event_loop_policy(None)
        recorded.append([(each.category, str(each.message), each.filename) for each in caught])
    assert recorded[0] == recorded[1]
    assert len(recorded[0]) == (2 if POLICY_IS_DEPRECATED else 0)


@pytest.mark.skipif(not hasattr(ours, "get_child_watcher"), reason="this Python has no child watchers")
@pytest.mark.usefixtures("quiet")
def test_child_watcher_is_the_same_in_both_namespaces() -> None:
    watcher: Any = ours.SafeChildWatcher()  # type: ignore[attr-defined, unused-ignore]
    ours.set_child_watcher(watcher)  # type: ignore[attr-defined, unused-ignore]
    assert standard.get_child_watcher() is watcher
    assert ours.get_event_loop_policy().get_child_watcher() is watcher
    ours.set_child_watcher(None)  # type: ignore[attr-defined, unused-ignore]


def run_program(source: str) -> None:
    subprocess.run([sys.executable, "-c", textwrap.dedent(source)], check=True, timeout=30)


def test_child_after_fork_can_set_a_loop_of_its_own() -> None:
    run_program(
        """
        import asyncio as standard, os
        from ouroloop import asyncio

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        child = os.fork()
        if child:
            assert os.waitpid(child, 0)[1] == 0
            assert asyncio.get_event_loop() is loop
            loop.close()
        else:
            status = 1
            try:
                own = asyncio.new_event_loop()
                asyncio.set_event_loop(own)
                assert standard.get_event_loop() is own
                own.close()
                status = 0
            finally:
                os._exit(status)
        """
    )


def test_library_that_imports_asyncio_works_in_a_program_of_our_namespace() -> None:
    run_program(
        """
        import asyncio as standard
        from ouroloop import asyncio

        class Library:
            def __init__(self):
                self.loop = standard.get_event_loop()
                self.lock = standard.Lock()

            async def use(self):
                async with self.lock:
                    await standard.sleep(0)
                    return standard.get_running_loop()

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        library = Library()
        assert library.loop is loop
        assert loop.run_until_complete(library.use()) is loop
        loop.close()
        """
    )
