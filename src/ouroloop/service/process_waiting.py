"""How a loop learns of the end of its child processes, and what becomes of those that are left when it is closed.

The poller tells where the kernel has descriptors for processes (`ouroloop.transport.process_exit`). Where it has not,
or a sandbox refuses them, a thread waits for each child: unlike a handler of SIGCHLD that works for loops in any thread
and leaves the program's own handler alone. The thread does not reap, so that the child's number stays the child's until
the loop knows of its end.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from typing import TYPE_CHECKING

from ouroloop.transport.process_exit import ProcessExit

if TYPE_CHECKING:
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop

# A child that was killed is gone as soon as the kernel has cleaned up after it.
KILLED_SECONDS_MAX = 1.0


class ProcessWatch:
    """Watches one child for a loop, which keeps it until the child has ended.

    ended: called by the loop with the exit code, once. Raises OSError or RuntimeError where the system has neither a
    descriptor nor a thread for it.
    """

    def __init__(
        self, loop: EventLoop, process: subprocess.Popen[bytes], ended: Callable[[int], object]
    ) -> None:
        self._loop = loop
        self._process = process
        self._ended: Callable[[int], object] | None = ended
        self._home = os.getpid()
        self.is_killed = False
        self._exit = ProcessExit(loop, process, self._report)
        if self._exit.needs_thread:
            name = f"ouroloop-wait-{process.pid}"
            threading.Thread(target=self._wait, name=name, daemon=True).start()
        loop._process_watches.add(self)

    def _report(self) -> None:
        self._loop._process_watches.discard(self)
        returncode = self._process.returncode
        assert returncode is not None, "a watch reports when the child is reaped"
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(returncode)

    def _wait(self) -> None:
        """Runs in the thread."""
        # Where somebody else has reaped it, the loop finds that out too, and says so.
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        try:
            self._loop.call_soon_threadsafe(self._exit.look)
        except RuntimeError:
            # The loop was closed meanwhile: nobody else will reap it.
            self._exit.has_ended()

    def is_foreign(self) -> bool:
        """Whether this is a copy in a forked process, whose child the child is not."""
        return os.getpid() != self._home

    def has_ended(self) -> bool:
        return self._exit.has_ended()

    def send_signal(self, number: int) -> None:
        self._exit.send_signal(number)

    def forget(self) -> None:
        """Stops watching. A child that was killed is reaped all the same: the loop will not do it any more."""
        self._exit.close()
        if not self.is_killed or self.is_foreign() or self.has_ended():
            return
        reap_killed(self._process)


def end_unwatched(process: subprocess.Popen[bytes]) -> None:
    """Kills and reaps a child that nobody watches."""
    process.kill()
    reap_killed(process)


def reap_killed(process: subprocess.Popen[bytes]) -> None:
    # One that is stuck in the kernel is reaped by the `subprocess` module, when it starts the next process.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(KILLED_SECONDS_MAX)
