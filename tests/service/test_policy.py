"""The event loop policy and `install()`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import warnings
from typing import TYPE_CHECKING, Any

import pytest

import ouroloop
from ouroloop.service import policy as policy_module
from ouroloop.versions import (
    GET_EVENT_LOOP_CREATES,
    HAS_CHILD_WATCHERS,
    HAS_POLICIES,
    POLICY_IS_DEPRECATED,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_policies = pytest.mark.skipif(not HAS_POLICIES, reason="this Python has no event loop policies")
needs_watchers = pytest.mark.skipif(not HAS_CHILD_WATCHERS, reason="this Python has no child watchers")


def run(source: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(source)], capture_output=True, text=True, timeout=30
    )


@pytest.fixture
def policy() -> Iterator[Any]:
    policy = ouroloop.EventLoopPolicy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield policy
        try:
            loop = policy.get_event_loop()
        except RuntimeError:  # The test left the thread without one.
            return
        loop.close()


@needs_policies
def test_its_loops_are_ours(policy: Any) -> None:
    policy.set_event_loop(None)
    loop = policy.new_event_loop()
    assert type(loop) is ouroloop.EventLoop
    loop.close()


@needs_policies
def test_it_is_the_standard_policy_with_another_loop(policy: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert isinstance(policy, asyncio.DefaultEventLoopPolicy)
        assert isinstance(policy, asyncio.AbstractEventLoopPolicy)
    loop = policy.new_event_loop()
    policy.set_event_loop(loop)
    assert policy.get_event_loop() is loop


@needs_policies
def test_get_event_loop_makes_one_where_the_standard_library_s_does(policy: Any) -> None:
    if GET_EVENT_LOOP_CREATES:
        assert type(policy.get_event_loop()) is ouroloop.EventLoop
    else:
        with pytest.raises(RuntimeError, match="There is no current event loop"):
            policy.get_event_loop()


@needs_policies
def test_subclasses_may_choose_a_loop_of_their_own() -> None:
    class Loop(ouroloop.EventLoop):
        pass

    class Policy(ouroloop.EventLoopPolicy):
        _loop_factory = Loop

    loop = Policy().new_event_loop()
    assert type(loop) is Loop
    loop.close()


def test_importing_the_package_never_warns() -> None:
    done = run("import ouroloop, ouroloop.service.policy; ouroloop.install", "-W", "error")
    assert (done.stderr, done.returncode) == ("", 0)


INSTALL = """
    import asyncio, ouroloop
    ouroloop.install()
    async def main():
        print(type(asyncio.get_running_loop()) is ouroloop.EventLoop)
    asyncio.run(main())
    loop = asyncio.new_event_loop()
    print(type(loop) is ouroloop.EventLoop)
    loop.close()
    """


@needs_policies
def test_install_makes_asyncio_s_loops_ours() -> None:
    done = run(INSTALL, "-W", "ignore")
    assert (done.stdout, done.stderr, done.returncode) == ("True\nTrue\n", "", 0)


@needs_policies
def test_install_warns_once_at_the_caller_s_line_where_policies_go_away() -> None:
    lines = run(INSTALL, "-W", "always").stderr.splitlines()
    if POLICY_IS_DEPRECATED:
        assert len([line for line in lines if "Warning" in line]) == 1
        assert lines[0].startswith("<string>:3: DeprecationWarning: ouroloop.install()")
        assert "ouroloop.run()" in lines[0]
    else:
        assert lines == []


def test_install_says_what_to_use_where_there_are_no_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_module, "HAS_POLICIES", False)
    with pytest.raises(RuntimeError, match=r"no event loop policies: use ouroloop\.run\(\)"):
        ouroloop.install()


@needs_watchers
@pytest.mark.parametrize("watcher", ["default", "SafeChildWatcher", "ThreadedChildWatcher"])
def test_child_watchers_report_to_our_loop(watcher: str) -> None:
    source = """
        import asyncio, subprocess, sys
        import ouroloop
        ouroloop.install()
        if sys.argv[1] != "default":
            asyncio.set_child_watcher(getattr(asyncio, sys.argv[1])())
        watcher = asyncio.get_child_watcher()
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)

        async def main():
            assert type(asyncio.get_running_loop()) is ouroloop.EventLoop
            ended = loop.create_future()
            child = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])
            with watcher:
                watcher.add_child_handler(child.pid, lambda pid, code: ended.set_result((pid, code)))
                assert await asyncio.wait_for(ended, 10) == (child.pid, 7)
            child.returncode = 7

        loop.run_until_complete(main())
        watcher.close()
        loop.close()
        print("seen")
        """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(source), watcher],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("seen\n", "", 0)
