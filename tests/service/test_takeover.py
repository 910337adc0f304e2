"""Every loop that a program makes under `ouroloop run` is ours, however it makes it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Protocol

import pytest

from ouroloop.versions import GET_EVENT_LOOP_CREATES, HAS_EVENT_LOOP_NAME, HAS_POLICIES

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_SECONDS = 30.0

# What every program below has in front: it prints one word for each loop that it reports.
PREAMBLE = """\
def report(loop):
    import ouroloop
    print("ours" if isinstance(loop, ouroloop.EventLoop) else type(loop), flush=True)
    if not loop.is_running():
        loop.close()

async def main():
    import asyncio
    await asyncio.sleep(0)
    report(asyncio.get_running_loop())
"""

WAYS = {
    "asyncio.run": "import asyncio; asyncio.run(main())",
    "Runner": """
        import asyncio
        with asyncio.Runner() as runner:
            runner.run(main())
        """,
    "Runner with the class as factory": """
        import asyncio
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(main())
        """,
    "new_event_loop": "import asyncio; report(asyncio.new_event_loop())",
    "SelectorEventLoop": "import asyncio; report(asyncio.SelectorEventLoop())",
    "SelectorEventLoop with a selector": """
        import asyncio, selectors
        selector = selectors.SelectSelector()
        report(asyncio.SelectorEventLoop(selector))
        assert selector.get_map() is None, "closed with its loop"
        selector = selectors.SelectSelector()
        report(asyncio.SelectorEventLoop(selector=selector))
        """,
    "asyncio.unix_events": """
        import asyncio.unix_events
        report(asyncio.unix_events.SelectorEventLoop())
        report(asyncio.unix_events._UnixSelectorEventLoop())
        """,
    "import by name": "from asyncio import SelectorEventLoop; report(SelectorEventLoop())",
    "import of everything": "from asyncio import *; report(SelectorEventLoop())",
    "a subclass": """
        import asyncio
        class Loop(asyncio.SelectorEventLoop):
            def __init__(self, word):
                super().__init__()
                self.word = word
        loop = Loop("said")
        assert loop.word == "said"
        report(loop)
        """,
    "in a thread": """
        import asyncio, threading
        thread = threading.Thread(target=lambda: asyncio.run(main()))
        thread.start()
        thread.join()
        """,
    "in a forked child": """
        import asyncio, os
        child = os.fork()
        if not child:
            asyncio.run(main())
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """,
    "after ouroloop": "import ouroloop; ouroloop.EventLoop; import asyncio; asyncio.run(main())",
    "after a reload": """
        import asyncio, importlib
        asyncio.run(main())
        importlib.reload(asyncio)
        asyncio.run(main())
        report(asyncio.SelectorEventLoop())
        """,
    "IsolatedAsyncioTestCase": """
        import asyncio, unittest
        class Case(unittest.IsolatedAsyncioTestCase):
            async def test(self):
                # It runs in debug mode, maybe on a busy machine.
                asyncio.get_running_loop().slow_callback_duration = 60
                await main()
        result = unittest.TestResult()
        Case("test").run(result)
        assert result.wasSuccessful(), result
        """,
}
if HAS_EVENT_LOOP_NAME:
    WAYS["EventLoop"] = """
        import asyncio, asyncio.unix_events
        report(asyncio.EventLoop())
        report(asyncio.unix_events.EventLoop())
        """
if GET_EVENT_LOOP_CREATES:
    WAYS["get_event_loop"] = "import asyncio; report(asyncio.get_event_loop())"
if HAS_POLICIES:
    WAYS["a policy derived from the default one"] = """
        import asyncio
        class Policy(asyncio.DefaultEventLoopPolicy):
            pass
        asyncio.set_event_loop_policy(Policy())
        asyncio.run(main())
        """
    WAYS["the default policy, set again"] = """
        import asyncio
        asyncio.set_event_loop_policy(None)
        asyncio.run(main())
        """

USES_PROCESSES = """
import concurrent.futures, multiprocessing, sys

def work(word):
    import asyncio, uvloop
    asyncio.run(main())
    report(uvloop.new_event_loop())
    return word.upper()

def nested(word):
    start(word)

def start(word):
    context = multiprocessing.get_context(sys.argv[1])
    process = context.Process(target=work, args=(word,))
    process.start()
    process.join()
    assert process.exitcode == 0, process.exitcode

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    start("once")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        assert pool.submit(work, "word").result() == "WORD"
        assert pool.submit(nested, "word").result() is None
"""


class RunProgram(Protocol):
    def __call__(
        self,
        source: str,
        *arguments: str,
        by_python: bool = False,
        python_options: tuple[str, ...] = (),
        run_options: tuple[str, ...] = (),
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def run_program(tmp_path: Path) -> RunProgram:
    def run_program(
        source: str,
        *arguments: str,
        by_python: bool = False,
        python_options: tuple[str, ...] = (),
        run_options: tuple[str, ...] = (),
    ) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "program.py"
        path.write_text(PREAMBLE + textwrap.dedent(source))
        start = [] if by_python else ["-m", "ouroloop", "run", *run_options]
        unwanted = ("PYTHONASYNCIODEBUG", "PYTHONDEVMODE", "PYTHONWARNINGS")
        return subprocess.run(
            [sys.executable, *python_options, *start, str(path), *arguments],
            env={name: value for name, value in os.environ.items() if name not in unwanted},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )

    return run_program


def check(done: subprocess.CompletedProcess[str], word: str = "ours") -> None:
    assert (done.stderr, done.returncode) == ("", 0)
    assert set(done.stdout.split()) == {word}


@pytest.mark.parametrize("way", WAYS)
def test_a_loop_is_ours_and_nobody_is_warned(way: str, run_program: RunProgram) -> None:
    done = run_program(WAYS[way], python_options=("-W", "always"))
    assert set(done.stdout.split()) == {"ours"}
    assert done.returncode == 0
    reference = run_program(WAYS[way], python_options=("-W", "always"), by_python=True)
    assert done.stderr == reference.stderr
    assert "ours" not in reference.stdout.split()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_loops_in_processes_of_multiprocessing_are_ours(method: str, run_program: RunProgram) -> None:
    done = run_program(USES_PROCESSES, method)
    check(done)
    assert len(done.stdout.split()) == 6


def test_checks_for_the_standard_library_s_class_hold(run_program: RunProgram) -> None:
    source = """
        import asyncio
        async def check():
            loop = asyncio.get_running_loop()
            assert isinstance(loop, asyncio.SelectorEventLoop)
            assert isinstance(loop, asyncio.unix_events.SelectorEventLoop)
            assert isinstance(loop, asyncio.AbstractEventLoop)
            assert type(loop) is asyncio.SelectorEventLoop
            report(loop)
        asyncio.run(check())
        """
    check(run_program(source))


@pytest.mark.parametrize("first", ["", "asyncio.run(main())"], ids=["before use", "after use"])
def test_a_program_may_rebind_and_delete_the_name(first: str, run_program: RunProgram) -> None:
    source = f"""
        import asyncio, unittest.mock
        {first}
        with unittest.mock.patch("asyncio.SelectorEventLoop") as stand_in:
            assert asyncio.SelectorEventLoop is stand_in
            asyncio.run(main())
        report(asyncio.SelectorEventLoop())
        asyncio.SelectorEventLoop = 1
        assert asyncio.SelectorEventLoop == 1
        del asyncio.SelectorEventLoop
        assert not hasattr(asyncio, "SelectorEventLoop")
        asyncio.run(main())
        """
    check(run_program(source))
    # Without a first use it can be deleted too.
    check(run_program("import asyncio; del asyncio.SelectorEventLoop; asyncio.run(main())"))


def test_a_module_of_the_program_s_own_called_asyncio_is_left_alone(
    run_program: RunProgram, tmp_path: Path
) -> None:
    (tmp_path / "asyncio.py").write_text("mine = 'its own'")
    done = run_program("import asyncio, sys; print(asyncio.mine, 'ouroloop' in sys.modules)")
    assert (done.stdout, done.stderr) == ("its own False\n", "")


def test_asyncio_s_prompt_runs_on_our_loop(tmp_path: Path) -> None:
    commands = "import asyncio\nprint(type(asyncio.get_running_loop()).__mro__)\n"
    done = subprocess.run(
        [sys.executable, "-m", "ouroloop", "run", "-m", "asyncio"],
        input=commands,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert "ouroloop.service.event_loop" in done.stdout


# A program that asks for uvloop by name

UVLOOP_WAYS = {
    "new_event_loop": "import uvloop; report(uvloop.new_event_loop())",
    "Loop": "import uvloop; report(uvloop.Loop())",
    "uvloop.loop": "from uvloop.loop import Loop; report(Loop())",
    "run": "import uvloop; uvloop.run(main())",
    "run with arguments": """
        import asyncio, uvloop
        async def check():
            assert asyncio.get_running_loop().get_debug()
            await main()
        uvloop.run(check(), debug=True, loop_factory=uvloop.new_event_loop)
        """,
    "loop_factory": """
        import asyncio, uvloop
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())
        """,
    "install": "import asyncio, uvloop; uvloop.install(); asyncio.run(main())",
    "from its names": "from uvloop import *; report(new_event_loop())",
    "where it can be found": """
        import importlib.util
        assert importlib.util.find_spec("uvloop") is not None
        import uvloop
        assert tuple(map(int, uvloop.__version__.split("."))) >= (0, 20)
        async def check():
            import asyncio
            assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
            await main()
        uvloop.run(check())
        """,
}
if HAS_POLICIES:
    UVLOOP_WAYS["EventLoopPolicy"] = """
        import asyncio, uvloop, warnings
        uvloop.install()
        warnings.simplefilter("ignore", DeprecationWarning)
        assert isinstance(asyncio.get_event_loop_policy(), uvloop.EventLoopPolicy)
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        asyncio.run(main())
        """


@pytest.mark.parametrize("way", UVLOOP_WAYS)
def test_a_program_that_asks_for_uvloop_gets_our_loop(way: str, run_program: RunProgram) -> None:
    check(run_program(UVLOOP_WAYS[way], python_options=("-W", "error")))


def test_uvloop_answers_even_where_another_is_installed(run_program: RunProgram, tmp_path: Path) -> None:
    (tmp_path / "uvloop.py").write_text("raise ImportError('the real one was imported')")
    check(run_program(UVLOOP_WAYS["new_event_loop"]))


@pytest.mark.parametrize("method", ["none", "spawn"])
def test_keep_uvloop_leaves_the_real_one_alone(method: str, run_program: RunProgram, tmp_path: Path) -> None:
    (tmp_path / "uvloop.py").write_text("def new_event_loop():\n    return 'the real one'\n")
    source = """
        import multiprocessing, sys
        def work():
            import asyncio, uvloop
            print(uvloop.new_event_loop())
            asyncio.run(main())
        if __name__ == "__main__":
            if sys.argv[1] == "none":
                work()
            else:
                process = multiprocessing.get_context(sys.argv[1]).Process(target=work)
                process.start()
                process.join()
        """
    done = run_program(source, method, run_options=("--keep-uvloop",))
    assert (done.stdout, done.stderr) == ("the real one\nours\n", "")


def test_without_our_command_uvloop_is_not_answered(run_program: RunProgram, tmp_path: Path) -> None:
    (tmp_path / "uvloop.py").write_text("def new_event_loop():\n    return 'the real one'\n")
    done = run_program("import ouroloop, uvloop; print(uvloop.new_event_loop())", by_python=True)
    assert (done.stdout, done.stderr) == ("the real one\n", "")
