"""How the end of a process becomes known, whatever else in the program looks after children."""

import asyncio
import fcntl
import os
import signal
import struct
import subprocess
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ouroloop.versions import HAS_CHILD_WATCHERS

from .processes import ended, eventually, run, start

pytestmark = pytest.mark.usefixtures("no_child_is_left")

Loop = asyncio.AbstractEventLoop

# Of <linux/pidfd.h>, since Linux 6.15.
PIDFD_GET_INFO = 0xC040FF0B
PIDFD_INFO_EXIT = 1 << 3


@pytest.fixture(scope="session")
def keeps_exit_codes() -> bool:
    """Whether the kernel tells the exit code of a process that was reaped to who holds a descriptor of it.

    It is asked, because a sandbox may have the version of one kernel and do what another does.
    """
    with subprocess.Popen(["true"]) as process:
        try:
            descriptor = os.pidfd_open(process.pid)
        except OSError:
            return False
        process.wait()
    info = bytearray(64)
    struct.pack_into("Q", info, 0, PIDFD_INFO_EXIT)
    try:
        fcntl.ioctl(descriptor, PIDFD_GET_INFO, info)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return bool(struct.unpack_from("Q", info)[0] & PIDFD_INFO_EXIT)


@pytest.mark.only_ouroloop
def test_exit_code_that_somebody_else_has_taken_is_still_known(loop: Loop, keeps_exit_codes: bool) -> None:
    """By a descriptor of the process, which Linux since 6.15 answers."""

    async def main() -> None:
        transport, protocol = await start("sh", "-c", "read line; exit 6", stdout=None, stderr=None)
        transport.get_pipe_transport(0).write(b"\n")
        os.waitpid(transport.get_pid(), 0)
        await ended(transport, protocol)
        assert transport.get_returncode() == (6 if keeps_exit_codes else 255)

    run(loop, main())


REFUSE_PIDFD = """
    import ctypes, struct, errno

    def refuse_pidfd_open():
        # A filter as sandboxes have it: pidfd_open (434 everywhere) fails with EPERM, all else is allowed.
        program = b"".join(
            struct.pack("HBBI", *line)
            for line in [
                (0x20, 0, 0, 0),
                (0x15, 0, 1, 434),
                (0x06, 0, 0, 0x50000 | errno.EPERM),
                (0x06, 0, 0, 0x7FFF0000),
            ]
        )
        lines = ctypes.create_string_buffer(program)
        header = struct.pack("HxxxxxxP", 4, ctypes.addressof(lines))
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(38, 1, 0, 0, 0) == 0
        assert libc.prctl(22, 2, ctypes.c_char_p(header), 0, 0) == 0, ctypes.get_errno()

    refuse_pidfd_open()
"""


@pytest.mark.only_ouroloop
def test_processes_end_where_a_sandbox_refuses_descriptors_for_them(
    run_script: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    source = (
        REFUSE_PIDFD
        + """
    import os, threading
    try:
        os.pidfd_open(os.getpid())
    except PermissionError:
        pass
    else:
        raise SystemExit("the filter does not filter")

    async def one(number):
        process = await asyncio.create_subprocess_shell(f"echo {number}; exit {number}", stdout=-1)
        output, _ = await process.communicate()
        assert (output, process.returncode) == (b"%d\\n" % number, number)

    async def main():
        await asyncio.gather(*(one(number) for number in range(20)))
        process = await asyncio.create_subprocess_exec("sleep", "100")
        process.kill()
        assert await process.wait() == -9
        process = await asyncio.create_subprocess_exec("sh", "-c", "read line; exit 5", stdin=-1)
        process.stdin.write(b"\\n")
        os.waitpid(process.pid, 0)
        print(await process.wait())

    loop = new_event_loop()
    loop.run_until_complete(main())
    # A thread is left with one that was closed, and the thread reaps it.
    transport, _ = loop.run_until_complete(
        loop.subprocess_exec(asyncio.SubprocessProtocol, "sleep", "100", stdin=None, stdout=None, stderr=None)
    )
    transport.close()
    loop.close()
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join(10)
    print(threading.active_count(), open("/proc/self/task/%d/children" % os.getpid()).read() == "")
    """
    )
    result = run_script(source)
    assert result.stdout.split() == ["255", "1", "True"], result.stderr
    assert result.stderr.count("exit status already read") == 1
    assert result.returncode == 0


@pytest.mark.only_ouroloop
def test_process_that_cannot_be_watched_at_all_is_refused_and_leaves_nothing(
    run_script: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """Where the system has neither a descriptor nor a thread for it."""
    source = (
        REFUSE_PIDFD
        + """
    import os, threading

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    threading.Thread.start = refuse

    async def main():
        descriptors = os.listdir("/proc/self/fd")
        try:
            await asyncio.create_subprocess_exec("sleep", "100", stdin=-1, stdout=-1)
        except RuntimeError as error:
            print(error)
        print(os.listdir("/proc/self/fd") == descriptors)

    loop = new_event_loop()
    loop.run_until_complete(main())
    loop.close()
    print(open("/proc/self/task/%d/children" % os.getpid()).read() == "")
    """
    )
    result = run_script(source)
    assert result.stdout.splitlines() == ["can't start new thread", "True", "True"], result.stderr
    assert result.stderr == ""
    assert result.returncode == 0


@pytest.mark.only_ouroloop
def test_program_that_ignores_sigchld_gets_exit_codes(
    run_script: Callable[..., subprocess.CompletedProcess[str]], keeps_exit_codes: bool
) -> None:
    """The kernel reaps at once then. Where it keeps the exit code for the descriptor, it is known; else 255.

    Many of them, because the descriptor is readable a moment before the exit code can be had.
    """
    source = """
    import os, signal
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    async def exit_code():
        process = await asyncio.create_subprocess_exec("sh", "-c", "read line; exit 5", stdin=-1)
        process.stdin.close()
        return await process.wait()

    async def main():
        print(*set(await asyncio.gather(*(exit_code() for _ in range(100)))))

    loop = new_event_loop()
    loop.run_until_complete(asyncio.wait_for(main(), 30))
    loop.close()
    """
    result = run_script(source)
    assert result.stdout.split() == ["5" if keeps_exit_codes else "255"], result.stderr
    assert result.returncode == 0, result.stderr


@pytest.mark.only_ouroloop
def test_programs_own_handler_of_sigchld_keeps_working(loop: Loop) -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGCHLD, lambda number, frame: seen.append(number))
    try:

        async def main() -> None:
            transport, protocol = await start("true")
            await ended(transport, protocol)
            assert transport.get_returncode() == 0
            await eventually(lambda: seen)

        run(loop, main())
        assert seen == [signal.SIGCHLD]
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.mark.only_ouroloop
def test_loops_own_handler_of_sigchld_keeps_working(loop: Loop) -> None:
    seen: list[str] = []
    loop.add_signal_handler(signal.SIGCHLD, seen.append, "ended")

    async def main() -> None:
        transport, protocol = await start("sh", "-c", "exit 8")
        await ended(transport, protocol)
        assert transport.get_returncode() == 8
        await eventually(lambda: seen)

    run(loop, main())
    assert seen == ["ended"]
    loop.remove_signal_handler(signal.SIGCHLD)


@pytest.fixture
def child_watcher(request: pytest.FixtureRequest, loop: Loop) -> Iterator[Any]:
    """A child watcher of this kind, set and attached to the loop, as programs did on Python before 3.12."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        watcher = getattr(asyncio, request.param)()
        watcher.attach_loop(loop)
        asyncio.set_child_watcher(watcher)  # type: ignore[attr-defined,unused-ignore]
        yield watcher
        asyncio.set_child_watcher(None)  # type: ignore[attr-defined,unused-ignore]
        watcher.attach_loop(None)
        watcher.close()


@pytest.mark.only_ouroloop
@pytest.mark.skipif(not HAS_CHILD_WATCHERS, reason="this Python has no child watchers")
@pytest.mark.parametrize(
    "child_watcher",
    [
        "ThreadedChildWatcher",
        "SafeChildWatcher",
        "FastChildWatcher",
        "MultiLoopChildWatcher",
        "PidfdChildWatcher",
    ],
    indirect=True,
)
def test_child_watcher_that_a_program_sets_is_not_needed_and_does_no_harm(
    loop: Loop, child_watcher: Any
) -> None:
    """FastChildWatcher reaps every child that it finds, whosever it is."""

    async def one(number: int) -> None:
        transport, protocol = await start("sh", "-c", f"exit {number}", stdin=None, stdout=None, stderr=None)
        await ended(transport, protocol)
        assert transport.get_returncode() == number

    async def main() -> None:
        await asyncio.gather(*(one(number) for number in range(20)))

    run(loop, main())
    assert not getattr(child_watcher, "_callbacks", {})
