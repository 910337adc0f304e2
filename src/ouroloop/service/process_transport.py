"""A child process as an asyncio transport: its pipes, its signals, its end.

The protocol hears first of the connection, then of data, closed pipes and the exit in the order they happen, and last
and once of `connection_lost`, when the process has ended and every pipe is closed. Whoever waits for the process is
told as soon as it has ended: a grandchild may hold its pipes open for as long as it likes.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import signal
import subprocess
import warnings
from typing import TYPE_CHECKING, Any

from ouroloop.loop.describe import describe_callback
from ouroloop.service.process_waiting import ProcessWatch, end_unwatched

if TYPE_CHECKING:
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop

logger = logging.getLogger("asyncio")


class SubprocessTransport(asyncio.SubprocessTransport):
    """A child process, as `asyncio.SubprocessTransport`.

    args: what `subprocess.Popen` takes, and so are the rest of the arguments; a standard stream that is
    `subprocess.PIPE` becomes a pipe transport. Raises what `Popen` raises, and nothing is left then.
    """

    def __init__(
        self,
        loop: EventLoop,
        protocol: Any,
        args: Any,
        *,
        stdin: Any,
        stdout: Any,
        stderr: Any,
        **options: Any,
    ) -> None:
        self._extra: dict[str, Any] = {}
        super().__init__(self._extra)
        self._closed = True  # until there is a process
        self._loop: Any = loop
        self._protocol: Any = protocol
        self._pid: int | None = None
        self._returncode: int | None = None
        self._is_over = False
        self._exit_waiters: list[asyncio.Future[int]] = []
        # Calls for the protocol that have to wait until it knows of its connection; None from then on.
        self._pending_calls: (
            list[tuple[contextvars.Context, Callable[..., object], tuple[Any, ...]]] | None
        ) = []
        streams = enumerate((stdin, stdout, stderr))
        self._pipes: dict[int, Any] = {number: None for number, kind in streams if kind == subprocess.PIPE}
        self._proc: Any = subprocess.Popen(
            args, stdin=stdin, stdout=stdout, stderr=stderr, universal_newlines=False, **options
        )
        self._pid = self._proc.pid
        self._extra["subprocess"] = self._proc
        try:
            self._watch = ProcessWatch(loop, self._proc, self._process_exited)
        except BaseException:
            # Nobody would ever hear of its end.
            _close_files(self._proc)
            end_unwatched(self._proc)
            raise
        self._closed = False
        if loop.get_debug():
            program = args if isinstance(args, (bytes, str)) else args[0]
            logger.debug("process %r created: pid %s", program, self._pid)

    def __repr__(self) -> str:
        parts = [type(self).__name__]
        if self._closed:
            parts.append("closed")
        if self._pid is not None:
            parts.append(f"pid={self._pid}")
        if self._returncode is not None:
            parts.append(f"returncode={self._returncode}")
        else:
            parts.append("not started" if self._pid is None else "running")
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            connected = self._pipes.get(number)
            if connected is not None:
                parts.append(f"{name}={connected.pipe}")
        return f"<{' '.join(parts)}>"

    # What a user asks

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Any:
        return self._protocol

    def is_closing(self) -> bool:
        return self._closed

    def get_pid(self) -> int:
        return self._pid  # type: ignore[return-value]

    def get_returncode(self) -> int | None:
        return self._returncode

    def get_pipe_transport(self, fd: int) -> Any:
        connected = self._pipes.get(fd)
        return None if connected is None else connected.pipe

    def send_signal(self, signal: int) -> None:
        """Raises ProcessLookupError once the protocol has lost its connection; before, a dead child hears nothing."""
        if self._proc is None:
            raise ProcessLookupError
        # It may have ended, and somebody else may have reaped it.
        with contextlib.suppress(ProcessLookupError):
            self._watch.send_signal(signal)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Closes the pipes, and kills the process if it still runs."""
        if self._closed:
            return
        self._closed = True
        for connected in self._pipes.values():
            if connected is not None:
                self._close_pipe(connected.pipe)
        if self._returncode is None and not self._watch.is_foreign() and not self._watch.has_ended():
            self._end_process()

    def __del__(self) -> None:
        if not self._closed:
            warnings.warn(f"unclosed transport {self!r}", ResourceWarning, source=self, stacklevel=1)
            self.close()

    async def _wait(self) -> int:
        """Returns the exit code once the process has ended; `asyncio.subprocess.Process.wait` calls it."""
        if self._returncode is not None:
            return self._returncode
        waiter = self._loop.create_future()
        self._exit_waiters.append(waiter)
        return await waiter  # type: ignore[no-any-return]

    # Starting

    async def _connect_pipes(self) -> None:
        """Makes transports of the pipes, and then tells the protocol of its connection."""
        loop, process = self._loop, self._proc
        try:
            if process.stdin is not None:
                await loop.connect_write_pipe(lambda: WriteSubprocessPipeProto(self, 0), process.stdin)
            if process.stdout is not None:
                await loop.connect_read_pipe(lambda: ReadSubprocessPipeProto(self, 1), process.stdout)
            if process.stderr is not None:
                await loop.connect_read_pipe(lambda: ReadSubprocessPipeProto(self, 2), process.stderr)
            connected = loop.create_future()
            # Looked up here: who starts the process shall hear of what is no protocol.
            loop.call_soon(self._begin, self._protocol.connection_made, connected)
            await connected
        except BaseException:
            self.close()
            # After the transports that are closing have let go of theirs.
            loop.call_soon(_close_files, process)
            raise

    def _begin(self, connection_made: Callable[..., object], connected: asyncio.Future[None]) -> None:
        """Tells the protocol of its connection and of what has happened so far."""
        if connected.cancelled():
            return
        self._tell(connection_made, self)
        calls, self._pending_calls = self._pending_calls, None
        for context, callback, args in calls or ():
            context.run(self._tell, callback, *args)
        connected.set_result(None)
        self._end_if_over()

    def _call(self, callback: Callable[..., object], *args: Any) -> None:
        """Calls the protocol, which may fail; once it knows of its connection."""
        if self._pending_calls is not None:
            self._pending_calls.append((contextvars.copy_context(), callback, args))
        else:
            callback(*args)

    def _tell(self, callback: Callable[..., object], *args: Any) -> None:
        """Calls the protocol, whose failure is reported and ends nothing."""
        try:
            callback(*args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            described = describe_callback(callback, args, self._loop.get_debug())
            self._loop.call_exception_handler(
                {
                    "message": f"Exception in callback {described}",
                    "exception": error,
                    "transport": self,
                    "protocol": self._protocol,
                }
            )

    # What happens

    def _pipe_data_received(self, fd: int, data: bytes) -> None:
        self._call(self._protocol.pipe_data_received, fd, data)

    def _pipe_connection_lost(self, fd: int, error: BaseException | None) -> None:
        try:
            self._call(self._protocol.pipe_connection_lost, fd, error)
        finally:
            self._end_if_over()

    def _process_exited(self, returncode: int) -> None:
        self._returncode = returncode
        if self._loop.get_debug():
            logger.info("%r exited with return code %r", self, returncode)
        try:
            self._call(self._protocol.process_exited)
        finally:
            # First: who has waited for the end, and sends a signal then, is told that there is nobody to hear it.
            self._end_if_over()
            waiters, self._exit_waiters = self._exit_waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(returncode)

    def _end_if_over(self) -> None:
        """Queues `connection_lost` once the process has ended and every pipe is closed."""
        if self._is_over or self._returncode is None or self._pending_calls is not None:
            return
        if all(connected is not None and connected.disconnected for connected in self._pipes.values()):
            self._is_over = True
            self._loop.call_soon(self._connection_lost)

    def _connection_lost(self) -> None:
        try:
            self._protocol.connection_lost(None)
        finally:
            self._loop = self._proc = self._protocol = None

    # Ending

    def _close_pipe(self, transport: Any) -> None:
        if self._loop is None or not self._loop.is_closed():
            transport.close()
        elif transport._pipe is not None:
            # The loop can call nobody any more. Its poller is gone, so the file may be closed under the transport.
            transport._pipe.close()
            transport._pipe = None

    def _end_process(self) -> None:
        if self._loop.get_debug():
            logger.warning("Close running child process: kill %r", self)
        try:
            self._proc.kill()
        except (ProcessLookupError, PermissionError):
            return  # it has just ended, or has become another user's
        self._watch.is_killed = True
        if self._loop.is_closed():
            self._watch.forget()


def _close_files(process: subprocess.Popen[bytes]) -> None:
    for file in (process.stdin, process.stdout, process.stderr):
        if file is not None:
            file.close()


class WriteSubprocessPipeProto(asyncio.BaseProtocol):
    """Hears of the child's standard input, for the protocol of the process."""

    def __init__(self, process: SubprocessTransport, fd: int) -> None:
        self.process: SubprocessTransport | None = process
        self.fd = fd
        self.pipe: Any = None
        self.disconnected = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} fd={self.fd} pipe={self.pipe!r}>"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert self.process is not None, "a pipe is connected once"
        self.pipe = transport
        self.process._pipes[self.fd] = self

    def connection_lost(self, exc: BaseException | None) -> None:
        process, self.process = self.process, None
        self.disconnected = True
        if process is not None:
            process._pipe_connection_lost(self.fd, exc)

    def pause_writing(self) -> None:
        if self.process is not None:
            self.process._protocol.pause_writing()

    def resume_writing(self) -> None:
        if self.process is not None:
            self.process._protocol.resume_writing()


class ReadSubprocessPipeProto(WriteSubprocessPipeProto, asyncio.Protocol):
    """Hears of the child's standard output or error."""

    def data_received(self, data: bytes) -> None:
        if self.process is not None:
            self.process._pipe_data_received(self.fd, data)
