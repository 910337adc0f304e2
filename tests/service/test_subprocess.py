"""`subprocess_exec` and `subprocess_shell`: processes with their pipes, signals and exit codes."""

import asyncio
import contextlib
import contextvars
import gc
import logging
import os
import signal
import subprocess
import threading
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .processes import ProcessProtocol, children, ended, eventually, exists, python, run, start

pytestmark = pytest.mark.usefixtures("no_child_is_left")

Loop = asyncio.AbstractEventLoop


# What the protocol hears


def test_output_error_and_exit_are_told_in_order(loop: Loop) -> None:
    async def main() -> None:
        source = "import sys; sys.stdout.write('out'); sys.stderr.write('error'); sys.exit(7)"
        transport, protocol = await start(*python(source))
        assert isinstance(transport, asyncio.SubprocessTransport)
        assert protocol.transport is transport
        assert protocol.calls[0] == "connection_made"
        await ended(transport, protocol)
        assert protocol.data == {1: b"out", 2: b"error"}
        assert transport.get_returncode() == 7
        calls = protocol.calls
        assert calls[-1] == "connection_lost"
        assert calls.index(("data", 1)) < calls.index(("lost", 1))
        assert calls.index(("data", 2)) < calls.index(("lost", 2))
        expected = ["connection_made", ("data", 1), ("data", 2), ("lost", 0), ("lost", 1), ("lost", 2)]
        assert sorted(map(str, calls)) == sorted(map(str, [*expected, "process_exited", "connection_lost"]))

    run(loop, main())


def test_input_reaches_the_process_and_its_end_too(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await start("cat", stderr=None)
        stdin = transport.get_pipe_transport(0)
        stdin.write(b"first ")
        await eventually(lambda: protocol.data[1] == b"first ")
        stdin.write(b"second")
        stdin.write_eof()
        await ended(transport, protocol)
        assert protocol.data[1] == b"first second"
        assert transport.get_returncode() == 0

    run(loop, main())


def test_much_output_before_the_exit_arrives_whole(loop: Loop) -> None:
    """The last bytes stand in the pipe when the exit is known."""

    async def main() -> None:
        for _ in range(5):
            transport, protocol = await start(
                *python("import os; os.write(1, b'x' * 65536); os.write(1, b'end')"), stdin=None, stderr=None
            )
            await ended(transport, protocol)
            assert protocol.data[1] == b"x" * 65536 + b"end"

    run(loop, main())


def test_output_that_is_paused_waits_also_after_the_exit(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await start("echo", "late", stdin=None, stderr=None)
        stdout = transport.get_pipe_transport(1)
        stdout.pause_reading()
        await protocol.exited
        assert transport.get_returncode() == 0
        await asyncio.sleep(0.01)
        assert not protocol.lost.done()
        stdout.resume_reading()
        await ended(transport, protocol)
        assert protocol.data[1] == b"late\n"

    run(loop, main())


def test_writer_is_paused_while_the_process_does_not_read(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await start(
            *python("import os; os.read(0, 1); input(); os.write(1, b'%d' % len(os.read(0, 1)))"),
            stderr=None,
        )
        stdin = transport.get_pipe_transport(0)
        stdin.write(bytes(1 << 20))
        assert protocol.calls[-1] == "pause_writing"
        stdin.write(b"\n")
        await eventually(lambda: "resume_writing" in protocol.calls)
        stdin.close()
        await ended(transport, protocol)

    run(loop, main())


@pytest.mark.reference_since(3, 12)
def test_callbacks_run_in_the_context_that_started_it(loop: Loop) -> None:
    variable = contextvars.ContextVar("variable", default="outside")
    seen = []

    class Looking(ProcessProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            seen.append(variable.get())
            super().connection_made(transport)
            variable.set("of the callback")

        def pipe_data_received(self, fd: int, data: bytes) -> None:
            seen.append(variable.get())

        def process_exited(self) -> None:
            seen.append(variable.get())
            super().process_exited()

    async def main() -> None:
        variable.set("inside")
        transport, protocol = await loop.subprocess_exec(Looking, "echo", "x", stdin=None, stderr=None)
        assert variable.get() == "inside"
        variable.set("changed")
        await ended(transport, protocol)

    run(loop, main())
    assert seen == ["inside"] * 3


@pytest.mark.parametrize("name", ["connection_made", "pipe_data_received", "process_exited"])
def test_failure_of_a_callback_is_reported_once_and_ends_nothing(
    loop: Loop, name: str, capture_errors: list[dict[str, Any]]
) -> None:
    class Failing(ProcessProtocol):
        pass

    def fail(self: ProcessProtocol, *args: Any) -> None:
        getattr(ProcessProtocol, name)(self, *args)
        raise ZeroDivisionError

    setattr(Failing, name, fail)

    async def main() -> None:
        transport, protocol = await loop.subprocess_exec(Failing, "echo", "text", stdin=None, stderr=None)
        await ended(transport, protocol)
        assert protocol.data[1] == b"text\n"
        assert transport.get_returncode() == 0

    run(loop, main())
    assert [type(context["exception"]) for context in capture_errors] == [ZeroDivisionError]


# What the transport answers


def test_transport_knows_the_process_and_its_pipes(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await start("cat", stderr=subprocess.DEVNULL)
        process = transport.get_extra_info("subprocess")
        assert isinstance(process, subprocess.Popen)
        assert transport.get_pid() == process.pid
        assert transport.get_returncode() is None
        assert isinstance(transport.get_pipe_transport(0), asyncio.WriteTransport)
        assert isinstance(transport.get_pipe_transport(1), asyncio.ReadTransport)
        assert transport.get_pipe_transport(2) is None
        assert transport.get_pipe_transport(7) is None
        assert transport.get_protocol() is protocol
        assert not transport.is_closing()
        assert f"{type(transport).__name__} pid={process.pid} running stdin=<" in repr(transport)
        transport.get_pipe_transport(0).close()
        await protocol.lost
        assert "returncode=0" in repr(transport)
        assert process.returncode == 0
        transport.close()
        assert transport.is_closing()
        assert f"closed pid={process.pid} returncode=0" in repr(transport)

    run(loop, main())


@pytest.mark.only_ouroloop
def test_pipes_are_pipes(loop: Loop) -> None:
    """The standard library gave a socket for the input before 3.12; /dev/stdin cannot be opened then."""

    async def main() -> None:
        transport, protocol = await start("sh", "-c", "readlink /proc/self/fd/[012] >&2; cat /dev/stdin")
        transport.get_pipe_transport(0).write(b"data")
        transport.get_pipe_transport(0).close()
        await ended(transport, protocol)
        assert protocol.data[1] == b"data"
        assert transport.get_returncode() == 0
        for line in protocol.data[2].split():
            assert line.startswith(b"pipe:")

    run(loop, main())


# Options


def test_shell_runs_a_command(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await loop.subprocess_shell(
            ProcessProtocol, "echo $((6 * 7)); exit 3", stdin=None, stderr=None
        )
        await ended(transport, protocol)
        assert protocol.data[1] == b"42\n"
        assert transport.get_returncode() == 3

    run(loop, main())


def test_options_are_those_of_popen(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        source = (
            "import os, sys; print(os.getcwd(), os.environ['NAME'], os.getsid(0) == os.getpid(), "
            f"os.umask(0), os.write({writer}, b'x'), flush=True); print('error', file=sys.stderr)"
        )
        transport, protocol = await start(
            *python(source), stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, cwd=tmp_path,
            env={**os.environ, "NAME": "value"}, start_new_session=True, umask=0o027, pass_fds=[writer],
        )  # fmt: skip
        os.close(writer)
        await ended(transport, protocol)
        assert protocol.data[1].decode() == f"{tmp_path} value True 23 1\nerror\n"
        assert os.read(reader, 10) == b"x"
        os.close(reader)

    run(loop, main())


def test_files_and_descriptors_can_be_the_standard_streams(loop: Loop, tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "in").write_bytes(b"from a file")
        with (tmp_path / "in").open("rb") as source, (tmp_path / "out").open("wb") as target:
            transport, protocol = await start("cat", stdin=source, stdout=target.fileno(), stderr=None)
            await ended(transport, protocol)
        assert (tmp_path / "out").read_bytes() == b"from a file"
        assert protocol.calls == ["connection_made", "process_exited", "connection_lost"]

    run(loop, main())


def test_function_can_run_before_the_program(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await start(
            "sh", "-c", "echo $VALUE", stdin=None, stderr=None, preexec_fn=lambda: os.write(1, b"first\n")
        )
        await ended(transport, protocol)
        assert protocol.data[1].startswith(b"first\n")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        run(loop, main())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"universal_newlines": True}, "universal_newlines must be False"),
        ({"bufsize": 4096}, "bufsize must be 0"),
        ({"text": True}, "text must be False"),
        ({"encoding": "utf-8"}, "encoding must be None"),
        ({"errors": "strict"}, "errors must be None"),
    ],
)
@pytest.mark.parametrize("method", ["subprocess_exec", "subprocess_shell"])
def test_options_for_text_are_refused(loop: Loop, method: str, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        run(loop, getattr(loop, method)(ProcessProtocol, "true", **options))


def test_what_is_no_command_is_refused(loop: Loop) -> None:
    with pytest.raises(ValueError, match=r"^cmd must be a string$"):
        run(loop, loop.subprocess_shell(ProcessProtocol, ["echo", "x"]))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^shell must be True$"):
        run(loop, loop.subprocess_shell(ProcessProtocol, "true", shell=False))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^shell must be False$"):
        run(loop, loop.subprocess_exec(ProcessProtocol, "true", shell=True))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        (["/nonexistent/program"], {}, FileNotFoundError),
        (["/"], {}, PermissionError),
        (["true"], {"cwd": "/nonexistent"}, FileNotFoundError),
        ([7], {}, TypeError),
        (["true", "null\0byte"], {}, ValueError),
        (["true"], {"no_such_option": 1}, TypeError),
        (["true"], {"stdin": "name"}, AttributeError),
    ],
)
@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_process_that_cannot_start_leaves_nothing(
    loop: Loop, arguments: list[Any], options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        run(loop, start(*arguments, **options))
    gc.collect()


@pytest.mark.only_ouroloop
def test_closed_loop_starts_nothing(loop: Loop, implementation: Any) -> None:
    closed = implementation.new_event_loop()
    closed.close()
    before = children()
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        run(loop, closed.subprocess_exec(asyncio.SubprocessProtocol, "sleep", "100"))
    assert children() == before


# Signals and ends


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda transport: transport.terminate(), -signal.SIGTERM),
        (lambda transport: transport.kill(), -signal.SIGKILL),
        (lambda transport: transport.send_signal(signal.SIGUSR1), -signal.SIGUSR1),
        (lambda transport: transport.close(), -signal.SIGKILL),
    ],
    ids=["terminate", "kill", "send_signal", "close"],
)
def test_process_that_is_ended_by_a_signal_says_which(
    loop: Loop, end: Callable[[Any], None], code: int
) -> None:
    async def main() -> None:
        transport, protocol = await start("sleep", "100")
        end(transport)
        await ended(transport, protocol)
        assert transport.get_returncode() == code

    run(loop, main())


def test_signals_after_the_end_raise(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await start("true")
        await protocol.lost
        await asyncio.sleep(0)
        for call in (transport.kill, transport.terminate, lambda: transport.send_signal(signal.SIGTERM)):
            with pytest.raises(ProcessLookupError):
                call()
        transport.close()

    run(loop, main())


@pytest.mark.only_ouroloop
def test_signal_between_the_end_and_its_report_changes_nothing(loop: Loop) -> None:
    """The standard library's loses the exit code there before 3.13, and may hit another process after that."""

    async def main() -> None:
        for _ in range(20):
            transport, protocol = await start("sh", "-c", "exit 5", stdin=None, stdout=None, stderr=None)
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, transport.get_pid(), os.WEXITED | os.WNOWAIT)
            transport.terminate()
            transport.kill()
            await ended(transport, protocol)
            assert transport.get_returncode() == 5

    run(loop, main())


@pytest.mark.only_ouroloop
def test_exit_is_told_while_a_grandchild_holds_the_pipe(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await start("sh", "-c", "sleep 100 & echo $!; exit 4", stderr=None)
        assert await transport._wait() == 4
        assert protocol.exited.done()
        await eventually(lambda: protocol.data[1].endswith(b"\n"))
        grandchild = int(protocol.data[1])
        assert not protocol.lost.done()
        transport.close()
        await protocol.lost
        os.kill(grandchild, signal.SIGKILL)

    run(loop, main())


def test_closing_kills_and_reaps(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await start("sleep", "100")
        pid = transport.get_pid()
        transport.close()
        transport.close()
        assert transport.is_closing()
        await protocol.lost
        assert protocol.calls.count("connection_lost") == 1
        assert not exists(pid)

    run(loop, main())


def test_every_waiter_is_told_of_the_end(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await start("sh", "-c", "read line; exit 9")
        waiters = [loop.create_task(transport._wait()) for _ in range(10)]
        await asyncio.sleep(0)
        waiters[3].cancel()
        transport.get_pipe_transport(0).close()
        found = await asyncio.gather(*waiters, return_exceptions=True)
        assert found.count(9) == 9
        await ended(transport, protocol)
        assert await transport._wait() == 9

    run(loop, main())


# Cancellation


def test_cancelled_start_leaves_no_process(loop: Loop) -> None:
    async def main() -> None:
        before = set(children())
        for turns in range(6):
            task = loop.create_task(start("sleep", "100"))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            if turns < 4:
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                with contextlib.suppress(asyncio.CancelledError):
                    transport, protocol = await task
                    transport.close()
                    await protocol.lost
            assert not set(children()) - before, turns
        await asyncio.sleep(0.01)

    run(loop, main())


class RefusesToSay(asyncio.SubprocessProtocol):
    @property
    def connection_made(self) -> Any:  # type: ignore[override]
        raise AttributeError("no attribute 'connection_made'")


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("factory", [object, lambda: 5, RefusesToSay])
def test_what_is_no_protocol_is_told_to_who_starts_the_process(
    loop: Loop, capture_errors: list[dict[str, Any]], factory: Callable[[], Any]
) -> None:
    """The standard library's raises it too, unless the process is still there: then it hangs."""
    before = set(children())
    with pytest.raises(AttributeError, match="no attribute 'connection_made'"):
        run(loop, loop.subprocess_exec(factory, "sleep", "100"))
    assert not set(children()) - before
    run(loop, asyncio.sleep(0))
    assert not [context for context in capture_errors if "connection_made" in str(context["exception"])]


@pytest.mark.only_ouroloop
def test_failure_to_connect_a_pipe_leaves_no_process(loop: Loop) -> None:
    """The standard library's hangs here before 3.13."""

    async def refuse(*args: Any) -> Any:
        raise ZeroDivisionError

    loop.connect_read_pipe = refuse  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        run(loop, start("sleep", "100"))
    run(loop, asyncio.sleep(0))


# Many, and loops in threads


def test_many_at_once_all_end_with_their_own_exit_code(loop: Loop) -> None:
    async def one(number: int) -> None:
        transport, protocol = await start(
            "sh", "-c", f"echo {number}; exit {number}", stdin=None, stderr=None
        )
        await ended(transport, protocol)
        assert transport.get_returncode() == number
        assert protocol.data[1] == b"%d\n" % number

    async def main() -> None:
        await asyncio.gather(*(one(number) for number in range(60)))

    run(loop, main())


def test_loops_in_threads_start_processes_of_their_own(loop_factory: Callable[[], Loop]) -> None:
    codes: list[int] = []

    async def main(number: int) -> None:
        for _ in range(5):
            transport, protocol = await start("sh", "-c", f"exit {number}")
            await ended(transport, protocol)
            codes.append(transport.get_returncode())

    def thread(number: int) -> None:
        loop = loop_factory()
        loop.run_until_complete(asyncio.wait_for(main(number), 20))
        loop.close()

    threads = [threading.Thread(target=thread, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(codes) == sorted([0, 1, 2, 3] * 5)


# Leaving processes behind


@pytest.mark.only_ouroloop
def test_closing_kills_although_another_thread_waits_for_the_process(loop: Loop) -> None:
    """Who waits by `Popen.wait` holds its lock until the process has ended."""

    async def main() -> None:
        transport, protocol = await start("sleep", "100")
        popen = transport.get_extra_info("subprocess")
        waiting = loop.run_in_executor(None, popen.wait)
        await eventually(popen._waitpid_lock.locked)
        transport.close()
        assert await waiting == -signal.SIGKILL
        await protocol.lost
        assert transport.get_returncode() == -signal.SIGKILL

    run(loop, main())


@pytest.mark.only_ouroloop
def test_process_that_is_left_behind_by_a_closed_loop_is_killed_with_a_warning(
    loop_factory: Callable[[], Loop],
) -> None:
    loop = loop_factory()
    transport, protocol = loop.run_until_complete(start("sleep", "100"))
    pid = transport.get_pid()
    loop.close()
    del protocol
    text = repr(transport)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del transport
        gc.collect()
    assert [str(each.message) for each in caught] == [f"unclosed transport {text}"]
    assert not exists(pid)


@pytest.mark.only_ouroloop
def test_process_that_was_closed_just_before_its_loop_is_reaped(loop_factory: Callable[[], Loop]) -> None:
    loop = loop_factory()
    transport, _ = loop.run_until_complete(start("sleep", "100", stdin=None, stdout=None, stderr=None))
    pid = transport.get_pid()
    transport.close()
    loop.close()
    assert not exists(pid)


@pytest.mark.only_ouroloop
def test_forked_child_that_drops_its_copy_kills_nothing(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await start("cat", stderr=None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            try:
                transport.close()
                loop.close()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        transport.get_pipe_transport(0).write(b"alive")
        await eventually(lambda: protocol.data[1] == b"alive")
        transport.get_pipe_transport(0).close()
        await ended(transport, protocol)
        assert transport.get_returncode() == 0

    run(loop, main())


# Debug mode


def test_debug_mode_tells_what_happens(loop: Loop, asyncio_log: list[logging.LogRecord]) -> None:
    loop.set_debug(True)

    async def main() -> None:
        transport, protocol = await start("echo", "secret", stderr=subprocess.STDOUT)
        await ended(transport, protocol)
        transport, protocol = await start("sleep", "100", stdin=None, stdout=None, stderr=None)
        transport.close()
        await protocol.lost

    run(loop, main())
    told = [record.getMessage() for record in asyncio_log]
    for text in (
        "execute program 'echo' stdin=<pipe> stdout=stderr=<pipe>",
        "process 'echo' created: pid ",
        "execute program 'echo': <",
        "exited with return code 0",
        "Close running child process: kill <",
    ):
        assert any(text in line for line in told), (text, told)
    assert not any("secret" in line for line in told)


@pytest.mark.only_ouroloop
def test_transport_of_a_process_that_is_over_is_no_work_for_the_collector(loop: Loop) -> None:
    async def main() -> None:
        transport, protocol = await start("cat")
        transport.get_pipe_transport(0).close()
        await ended(transport, protocol)
        await asyncio.sleep(0)
        watched = weakref.ref(transport)
        protocol.transport = transport = None
        assert watched() is None

    gc.collect()
    gc.disable()
    try:
        run(loop, main())
    finally:
        gc.enable()
