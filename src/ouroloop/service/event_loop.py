"""The event loop that users hold: an index of what it can do, each entry delegating to the module that does it.

Scheduling (`call_soon`, `call_later`, `time`, `stop`, …) is the native core's (`ouroloop.loop.core`), futures and tasks
are `ouroloop.task`'s. Everything here belongs to the thread that runs the loop, but for `call_soon_threadsafe`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import warnings
import weakref
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from ouroloop.poller.choose import open_poller
from ouroloop.service import executor, failures, running, signals
from ouroloop.service.deferred import Deferred
from ouroloop.service.executor import submit as submit_to_executor
from ouroloop.task.task import TaskCore
from ouroloop.versions import RUNNING, Ways

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from ouroloop.loop.handle import Handle
    from ouroloop.service import (
        connect,
        datagram,
        descriptors,
        dns,
        listen,
        pipes,
        sockets,
        subprocess,
        tls,
        unix,
    )
    from ouroloop.service import sendfile as file_sending
    from ouroloop.service.look_up_threads import LookUpThreads
    from ouroloop.service.process_waiting import ProcessWatch
else:
    connect = Deferred("connect")
    datagram = Deferred("datagram")
    descriptors = Deferred("descriptors")
    dns = Deferred("dns")
    file_sending = Deferred("sendfile")
    listen = Deferred("listen")
    pipes = Deferred("pipes")
    sockets = Deferred("sockets")
    subprocess = Deferred("subprocess")
    tls = Deferred("tls")
    unix = Deferred("unix")

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

logger = logging.getLogger("asyncio")


class EventLoop(TaskCore, asyncio.AbstractEventLoop):
    """An event loop, as `asyncio.AbstractEventLoop` describes it.

    poller: "epoll" or "poll"; None takes what `OUROLOOP_POLLER` names, or the best that the system has.
    Raises ValueError for a poller that this system does not have.
    """

    # Not in the instance's dictionary: while that is empty, the interpreter finds methods without looking there.
    __slots__ = (
        "__dict__",
        "_asyncgens",
        "_asyncgens_are_shut",
        "_default_executor",
        "_exception_handler",
        "_executor_is_shut",
        "_look_up_threads",
        "_process_watches",
        "_signal_handlers",
        "_signals_noted",
    )
    _ways: Ways = RUNNING

    def __init__(self, *, poller: str | None = None) -> None:
        super().__init__(open_poller(poller))
        self._asyncgens: weakref.WeakSet[AsyncGenerator[Any, Any]] = weakref.WeakSet()
        self._asyncgens_are_shut = False
        self._default_executor: concurrent.futures.Executor | None = None
        self._executor_is_shut = False
        self._look_up_threads: LookUpThreads | None = None
        self._exception_handler: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None = None
        self._signal_handlers: dict[int, Handle] = {}
        self._signals_noted: set[int] = set()
        self._process_watches: set[ProcessWatch] = set()
        self.set_debug(asyncio.coroutines._is_debug_mode())  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} running={self.is_running()} closed={self.is_closed()} debug={self.get_debug()}>"

    def __del__(self) -> None:
        if not self.is_closed():
            warnings.warn(f"unclosed event loop {self!r}", ResourceWarning, source=self, stacklevel=1)
            if not self.is_running():
                self.close()

    # Running

    def run_forever(self) -> None:
        """Runs callbacks and tasks until `stop()` is called.

        Raises RuntimeError while this loop, or another one in this thread, runs, and once it is closed.
        """
        running.check_can_run(self)
        with running.thread_of(self):
            self._run_until_stopped()

    def run_until_complete(self, future: Any) -> Any:
        """Runs until `future` is done, and returns its result or raises its exception.

        future: a future, a task, or a coroutine, which becomes a task. Raises RuntimeError as `run_forever` does, and
        when `stop()` ended it before the future was done.
        """
        return running.run_until_complete(self, future)

    def close(self) -> None:
        """Gives back all that the loop holds: descriptors, signal handlers, the threads of its default executor.

        What is still scheduled never runs. Closing twice changes nothing; a running loop raises RuntimeError.
        """
        if self.is_running():
            raise RuntimeError("Cannot close a running event loop")
        if self.is_closed():
            return
        if self.get_debug():
            logger.debug("Close %r", self)
        signals.remove_all(self)
        for watch in list(self._process_watches):
            # Processes that still run stay with their transports.
            watch.forget()
        self._process_watches.clear()
        try:
            self._close_core()
        finally:
            # A report of what was pending may have failed.
            self._executor_is_shut = True
            default_executor, self._default_executor = self._default_executor, None
            if default_executor is not None:
                default_executor.shutdown(wait=False)

    async def shutdown_asyncgens(self) -> None:
        """Closes the asynchronous generators that were begun in this loop and not finished."""
        await running.shutdown_asyncgens(self)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Waits until the default executor's threads have ended, and takes no more work for it.

        timeout: seconds; None waits as long as it takes. Over it, a RuntimeWarning says so and nothing is waited for.
        """
        await executor.shut_down(self, timeout)

    def _asyncgen_started(self, generator: AsyncGenerator[Any, Any]) -> None:
        running.note_asyncgen(self, generator)

    def _asyncgen_dropped(self, generator: AsyncGenerator[Any, Any]) -> None:
        running.finalize_asyncgen(self, generator)

    # Debug mode and failures

    def set_debug(self, enabled: bool) -> None:
        """Switches debug mode on or off, from any thread."""
        self._set_debug_flag(enabled)
        if self.is_running():
            self.call_soon_threadsafe(running.set_origin_tracking, enabled)

    def get_exception_handler(self) -> Any:
        """The handler that `set_exception_handler` set, or None."""
        return self._exception_handler

    def set_exception_handler(self, handler: Any) -> None:
        """Sets what is told of exceptions that nobody awaits: called with (loop, context).

        None brings `default_exception_handler` back. Raises TypeError for what cannot be called.
        """
        if handler is not None and not callable(handler):
            raise TypeError(f"A callable object or None is expected, got {handler!r}")
        self._exception_handler = handler

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Logs `context` as an error, with the traceback of its exception; `asyncio.loop.default_exception_handler`."""
        failures.log(self, context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Tells the exception handler; what fails in it is logged.

        context: a dictionary with `message` and, where there are such, `exception`, `future`, `task`, `handle`,
        `protocol`, `transport`, `socket`, `source_traceback`.
        """
        failures.report(self, context)

    # Threads

    def run_in_executor(
        self, executor: Any, func: Callable[[*Arguments], Result], *args: *Arguments
    ) -> asyncio.Future[Result]:
        """Calls `func(*args)` in a thread or process of `executor`, and returns a future for its result.

        executor: a `concurrent.futures.Executor`; None takes the loop's own, made when first needed.
        """
        self._check_closed()
        if self.get_debug():
            self._check_callback(func, "run_in_executor")
        return submit_to_executor(self, executor, func, args)

    def set_default_executor(self, executor: Any) -> None:
        """Sets what `run_in_executor(None, ...)` uses. Raises TypeError for all but a ThreadPoolExecutor."""
        if not isinstance(executor, concurrent.futures.ThreadPoolExecutor):
            raise TypeError("executor must be ThreadPoolExecutor instance")
        self._default_executor = executor

    # Descriptors

    add_reader = descriptors.add_reader
    remove_reader = descriptors.remove_reader
    add_writer = descriptors.add_writer
    remove_writer = descriptors.remove_writer
    _add_reader = descriptors._add_reader
    _remove_reader = descriptors._remove_reader
    _add_writer = descriptors._add_writer
    _remove_writer = descriptors._remove_writer
    _ensure_fd_no_transport = descriptors._ensure_fd_no_transport

    # Signals

    def add_signal_handler(
        self, sig: int, callback: Callable[[*Arguments], object], *args: *Arguments
    ) -> None:
        """Calls `callback(*args)` in the loop when the process gets the signal `sig`.

        Raises ValueError for what is no signal, and RuntimeError where it cannot be caught, as in any thread but
        the main one.
        """
        signals.add(self, sig, callback, args)

    def remove_signal_handler(self, sig: int) -> bool:
        """Takes a handler of `add_signal_handler` back; False where there was none."""
        return signals.remove(self, sig)

    def _signals_arrived(self, numbers: bytearray) -> None:
        signals.arrived(self, numbers)

    # Names, TCP, Unix and datagram sockets. As above, the functions themselves are the methods, so that their arguments
    # stand in one place and a call makes one coroutine. Their types are wider than the overloads that type checkers
    # know of the base.

    getaddrinfo = dns.getaddrinfo  # type: ignore[assignment]
    getnameinfo = dns.getnameinfo
    create_connection = connect.create_connection  # type: ignore[assignment]
    connect_accepted_socket = connect.connect_accepted_socket  # type: ignore[assignment]
    create_server = listen.create_server
    create_datagram_endpoint = datagram.create_datagram_endpoint  # type: ignore[assignment]
    create_unix_connection = unix.create_unix_connection  # type: ignore[assignment]
    create_unix_server = unix.create_unix_server
    start_tls = tls.start_tls

    # Sockets that the user owns

    _check_usable_socket = sockets.check_usable
    sock_recv = sockets.sock_recv
    sock_recv_into = sockets.sock_recv_into
    sock_recvfrom = sockets.sock_recvfrom
    sock_recvfrom_into = sockets.sock_recvfrom_into
    sock_sendall = sockets.sock_sendall
    sock_sendto = sockets.sock_sendto
    sock_connect = sockets.sock_connect
    sock_accept = sockets.sock_accept

    # Files. Programs and tests replace the second and fourth to have a file copied.

    sendfile = file_sending.sendfile
    _sendfile_native = file_sending.sendfile_native
    sock_sendfile = file_sending.sock_sendfile
    _sock_sendfile_native = file_sending.sock_sendfile_native

    # Pipes

    connect_read_pipe = pipes.connect_read_pipe
    connect_write_pipe = pipes.connect_write_pipe

    # Processes

    subprocess_exec = subprocess.subprocess_exec
    subprocess_shell = subprocess.subprocess_shell


def new_event_loop() -> EventLoop:
    """A new event loop of the best kind that this system has; give it to whatever takes a loop factory."""
    return EventLoop()
