"""Processes with streams: ours and the standard library's, each on every loop."""

import asyncio
import inspect
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ouroloop.stream import process as our_processes

Loop = asyncio.AbstractEventLoop
T = TypeVar("T")
PIPE, STDOUT, DEVNULL = our_processes.PIPE, our_processes.STDOUT, our_processes.DEVNULL
SECONDS_MAX = 20


@pytest.fixture(params=["asyncio.subprocess", "ouroloop"])
def processes(request: pytest.FixtureRequest) -> Any:
    return our_processes if request.param == "ouroloop" else asyncio.subprocess


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def run(loop: Loop, main: Coroutine[Any, Any, T]) -> T:
    async def bounded() -> T:
        result = await asyncio.wait_for(main, SECONDS_MAX)
        # The last callbacks of the transports.
        for _ in range(5):
            await asyncio.sleep(0)
        return result

    return loop.run_until_complete(bounded())


def python(source: str) -> list[str]:
    return [sys.executable, "-S", "-E", "-c", source]


def test_process_answers_as_asyncio_says(loop: Loop, processes: Any) -> None:
    async def main() -> None:
        process = await processes.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        assert isinstance(process, asyncio.subprocess.Process)
        assert isinstance(process.stdin, asyncio.StreamWriter)
        assert isinstance(process.stdout, asyncio.StreamReader)
        assert process.stderr is None
        assert process.returncode is None
        assert repr(process) == f"<Process {process.pid}>"
        text = repr(process._protocol)
        assert text.startswith("<SubprocessStreamProtocol stdin=<StreamWriter transport=<")
        process.stdin.close()
        await process.stdin.wait_closed()
        assert await process.wait() == 0
        assert process.returncode == 0
        assert await process.stdout.read() == b""

    run(loop, main())


def test_signatures_are_those_of_the_standard_library(processes: Any) -> None:
    for name in ("create_subprocess_exec", "create_subprocess_shell"):
        ours, theirs = (
            [(each.name, each.kind, each.default) for each in inspect.signature(function).parameters.values()]
            for function in (getattr(processes, name), getattr(asyncio.subprocess, name))
        )
        assert ours == theirs


def test_communicate_writes_reads_and_waits(loop: Loop, processes: Any) -> None:
    async def main() -> None:
        source = "import sys; data = sys.stdin.read(); print(data.upper(), end=''); sys.exit('error')"
        process = await processes.create_subprocess_exec(
            *python(source), stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        assert await process.communicate(b"some data") == (b"SOME DATA", b"error\n")
        assert process.returncode == 1

    run(loop, main())


def test_communicate_carries_much_both_ways(loop: Loop, processes: Any) -> None:
    data = os.urandom(1 << 20) * 10

    async def main() -> None:
        process = await processes.create_subprocess_exec(
            "sh", "-c", "tee /dev/stderr", stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        assert await process.communicate(data) == (data, data)
        assert process.returncode == 0

    run(loop, main())


@pytest.mark.parametrize(
    ("pipes", "answer"),
    [
        ({}, (None, None)),
        ({"stdout": PIPE}, (b"out\n", None)),
        ({"stderr": PIPE}, (None, b"error\n")),
        ({"stdout": PIPE, "stderr": STDOUT}, (b"out\nerror\n", None)),
        ({"stdout": DEVNULL, "stderr": PIPE}, (None, b"error\n")),
        ({"stdin": PIPE, "stdout": PIPE, "stderr": PIPE}, (b"out\n", b"error\n")),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_communicate_returns_none_where_there_is_no_pipe(
    loop: Loop, processes: Any, pipes: dict[str, int], answer: Any, capfd: Any
) -> None:
    async def main() -> None:
        process = await processes.create_subprocess_shell("echo out; echo error >&2", **pipes)
        assert await process.communicate() == answer

    run(loop, main())


def test_communicate_closes_the_input_also_when_there_is_none(loop: Loop, processes: Any) -> None:
    if processes is asyncio.subprocess and sys.version_info < (3, 12):
        pytest.skip("the standard library does so from Python 3.12")

    async def main() -> None:
        for given in (None, b"", bytearray(b"x"), memoryview(b"x")):
            process = await processes.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
            assert await process.communicate(given) == (bytes(given or b""), None)

    run(loop, main())


def test_process_that_does_not_read_its_input_is_no_error_to_communicate(loop: Loop, processes: Any) -> None:
    async def main() -> None:
        process = await processes.create_subprocess_exec("true", stdin=PIPE, stdout=PIPE)
        assert await process.communicate(bytes(1 << 20)) == (b"", None)
        assert process.returncode == 0

    run(loop, main())


def test_drain_after_the_process_has_closed_its_input_raises(loop: Loop, processes: Any) -> None:
    async def main() -> None:
        process = await processes.create_subprocess_exec("true", stdin=PIPE)
        await process.wait()

        async def fill() -> None:
            for _ in range(100):
                process.stdin.write(bytes(1 << 16))
                await process.stdin.drain()

        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            await fill()
        assert process.stdin.is_closing()

    run(loop, main())


def test_drain_waits_until_the_process_reads(loop: Loop, processes: Any) -> None:
    async def main() -> None:
        process = await processes.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        process.send_signal(signal.SIGSTOP)
        process.stdin.write(bytes(1 << 20))
        drain = loop.create_task(process.stdin.drain())
        await asyncio.sleep(0.01)
        assert not drain.done()
        process.send_signal(signal.SIGCONT)
        output = await process.stdout.readexactly(1 << 20)
        await drain
        assert not output.strip(b"\0")
        process.stdin.close()
        assert await process.wait() == 0

    run(loop, main())


def test_lines_are_read_while_the_process_runs(loop: Loop, processes: Any) -> None:
    async def main() -> None:
        process = await processes.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        for number in range(5):
            process.stdin.write(b"%d\n" % number)
            assert await process.stdout.readline() == b"%d\n" % number
        process.stdin.write(b"a\nb\n")
        process.stdin.write_eof()
        assert [line async for line in process.stdout] == [b"a\n", b"b\n"]
        assert await process.wait() == 0

    run(loop, main())


def test_output_can_be_read_after_the_exit(loop: Loop, processes: Any) -> None:
    async def main() -> None:
        process = await processes.create_subprocess_shell("printf %50000d 7", stdout=PIPE, stdin=DEVNULL)
        assert await process.wait() == 0
        output = await process.stdout.read()
        assert (len(output), int(output)) == (50000, 7)

    run(loop, main())


def test_limit_is_the_readers(loop: Loop, processes: Any) -> None:
    async def main() -> None:
        process = await processes.create_subprocess_exec("echo", "x" * 100, stdout=PIPE, limit=10)
        with pytest.raises(ValueError, match=r"limit|Separator"):
            await process.stdout.readline()
        await process.communicate()

    run(loop, main())


@pytest.mark.parametrize(
    ("method", "arguments", "code"),
    [("terminate", (), -15), ("kill", (), -9), ("send_signal", (signal.SIGINT,), -2)],
)
def test_process_is_ended_by_signals(
    loop: Loop, processes: Any, method: str, arguments: Any, code: int
) -> None:
    async def main() -> None:
        process = await processes.create_subprocess_exec("sleep", "100")
        getattr(process, method)(*arguments)
        assert await process.wait() == code
        assert process.returncode == code
        await asyncio.sleep(0.01)
        with pytest.raises(ProcessLookupError):
            getattr(process, method)(*arguments)

    run(loop, main())


def test_who_has_waited_is_told_that_no_process_hears_a_signal(loop: Loop, processes: Any) -> None:
    async def main() -> None:
        line, end = os.pipe()
        process = await processes.create_subprocess_exec("cat", stdin=line)
        os.close(line)
        waiting = asyncio.ensure_future(process.wait())
        await asyncio.sleep(0)
        os.close(end)
        await waiting
        with pytest.raises(ProcessLookupError):
            process.kill()

    run(loop, main())


@pytest.mark.parametrize("number", ["TERM", None, 15.0], ids=repr)
def test_signal_that_is_no_number_is_refused(loop: Loop, processes: Any, number: Any) -> None:
    async def main() -> None:
        process = await processes.create_subprocess_exec("sleep", "100")
        with pytest.raises(TypeError, match=r"object cannot be interpreted as an integer$"):
            process.send_signal(number)
        process.kill()
        assert await process.wait() == -9

    run(loop, main())


def test_wait_is_for_any_number_and_can_be_cancelled(loop: Loop, processes: Any) -> None:
    async def main() -> None:
        process = await processes.create_subprocess_exec("cat", stdin=PIPE)
        waiters = [loop.create_task(process.wait()) for _ in range(5)]
        await asyncio.sleep(0)
        waiters[0].cancel()
        process.stdin.close()
        codes = await asyncio.gather(*waiters, return_exceptions=True)
        assert codes[1:] == [0] * 4
        assert isinstance(codes[0], asyncio.CancelledError)
        assert await process.wait() == 0

    run(loop, main())


def test_cancelled_communicate_leaves_the_process_to_its_owner(loop: Loop, processes: Any) -> None:
    async def main() -> None:
        for options in ({"stdout": PIPE}, {"stdin": PIPE, "stdout": PIPE, "stderr": PIPE}):
            process = await processes.create_subprocess_exec("sleep", "100", **options)
            task = loop.create_task(process.communicate())
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert process.returncode is None
            process.kill()
            output, _ = await process.communicate()
            assert (output, process.returncode) == (b"", -9)

    run(loop, main())


def test_cancelled_start_leaves_no_process(loop: Loop, processes: Any) -> None:
    async def main() -> None:
        for turns in range(3):
            task = loop.create_task(processes.create_subprocess_exec("sleep", "100", stdin=PIPE, stdout=PIPE))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(loop, main())


@pytest.mark.only_ouroloop
def test_wait_is_over_while_a_grandchild_holds_the_output(loop: Loop, processes: Any) -> None:
    """As in CPython from 3.15; before, waiting lasted until the grandchild had ended too."""

    async def main() -> None:
        process = await processes.create_subprocess_shell("sleep 100 & echo $!; exit 3", stdout=PIPE)
        assert await process.wait() == 3
        grandchild = int(await process.stdout.readline())
        os.kill(grandchild, signal.SIGKILL)
        assert await process.stdout.read() == b""

    run(loop, main())


def test_many_at_once(loop: Loop, processes: Any) -> None:
    async def one(number: int) -> None:
        process = await processes.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        output, _ = await process.communicate(b"%d" % number)
        assert int(output) == number

    async def main() -> None:
        await asyncio.gather(*(one(number) for number in range(40)))

    run(loop, main())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"text": True}, "text must be False"),
        ({"universal_newlines": True}, "universal_newlines must be False"),
        ({"encoding": "utf-8"}, "encoding must be None"),
        ({"errors": "strict"}, "errors must be None"),
        ({"bufsize": 1}, "bufsize must be 0"),
    ],
)
def test_text_is_refused(loop: Loop, processes: Any, options: dict[str, Any], text: str) -> None:
    for create in (processes.create_subprocess_exec, processes.create_subprocess_shell):
        with pytest.raises(ValueError, match=f"^{text}$"):
            run(loop, create("true", **options))


def test_program_that_is_not_there_is_refused(loop: Loop, processes: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run(loop, processes.create_subprocess_exec(tmp_path / "nothing", stdin=PIPE, stdout=PIPE))


def test_loop_that_does_not_run_is_refused(processes: Any) -> None:
    coroutine = processes.create_subprocess_exec("true")
    with pytest.raises(RuntimeError, match="no running event loop"):
        coroutine.send(None)


def test_debug_mode_tells_what_communicate_does(
    loop: Loop, processes: Any, asyncio_log: list[logging.LogRecord]
) -> None:
    loop.set_debug(True)

    async def main() -> None:
        process = await processes.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE, stderr=PIPE)
        await process.communicate(b"1234")

    run(loop, main())
    told = [record.getMessage() for record in asyncio_log]
    for text in (
        "communicate: feed stdin (4 bytes)",
        "communicate: close stdin",
        "communicate: read stdout",
        "communicate: close stdout",
        "communicate: read stderr",
        "communicate: close stderr",
    ):
        assert any(text in line for line in told), (text, told)
