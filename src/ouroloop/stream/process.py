"""Child processes with streams: the process that `asyncio.create_subprocess_exec` gives, and what feeds its streams.

What starts a process and knows its exit code is the loop's (`loop.subprocess_exec`), of whatever make; here its pipes
get a writer and readers. Waiting is over when the process has ended. Its output may still be on its way then: what was
written before the end is there to be read, and `communicate` reads all of it.
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
from typing import TYPE_CHECKING, Any

from ouroloop.stream.connections import DEFAULT_LIMIT
from ouroloop.stream.flow_control import FlowControlMixin
from ouroloop.stream.reader import StreamReader
from ouroloop.stream.writer import StreamWriter
from ouroloop.sync.gather import gather

if TYPE_CHECKING:
    from collections.abc import Coroutine

PIPE = subprocess.PIPE
STDOUT = subprocess.STDOUT
DEVNULL = subprocess.DEVNULL

STDIN_PIPE, STDOUT_PIPE, STDERR_PIPE = range(3)

logger = logging.getLogger("asyncio")


class SubprocessStreamProtocol(FlowControlMixin, asyncio.SubprocessProtocol):
    """Feeds a process's streams from its pipes, as `asyncio.subprocess.SubprocessStreamProtocol`.

    limit: the readers', in bytes.
    """

    stdin: StreamWriter | None
    stdout: StreamReader | None
    stderr: StreamReader | None

    def __init__(self, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._limit = limit
        self.stdin = self.stdout = self.stderr = None
        self._transport: Any = None
        self._process_exited = False
        self._pipe_fds: list[int] = []  # the pipes to read from that are open
        self._stdin_closed: asyncio.Future[None] = self._loop.create_future()

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return asyncio.subprocess.SubprocessStreamProtocol

    def __repr__(self) -> str:
        parts = [type(self).__name__]
        for name in ("stdin", "stdout", "stderr"):
            stream = getattr(self, name)
            if stream is not None:
                parts.append(f"{name}={stream!r}")
        return f"<{' '.join(parts)}>"

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.stdout = self._reader_of(STDOUT_PIPE)
        self.stderr = self._reader_of(STDERR_PIPE)
        stdin = transport.get_pipe_transport(STDIN_PIPE)
        if stdin is not None:
            self.stdin = StreamWriter(stdin, protocol=self, reader=None, loop=self._loop)

    def _reader_of(self, fd: int) -> StreamReader | None:
        pipe = self._transport.get_pipe_transport(fd)
        if pipe is None:
            return None
        reader = StreamReader(limit=self._limit, loop=self._loop)
        reader.set_transport(pipe)
        self._pipe_fds.append(fd)
        return reader

    def _reader_at(self, fd: int) -> StreamReader | None:
        return {STDOUT_PIPE: self.stdout, STDERR_PIPE: self.stderr}.get(fd)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        reader = self._reader_at(fd)
        if reader is not None:
            reader.feed_data(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == STDIN_PIPE:
            self._stdin_lost(exc)
            return
        reader = self._reader_at(fd)
        if reader is not None:
            if exc is None:
                reader.feed_eof()
            else:
                reader.set_exception(exc)
        if fd in self._pipe_fds:
            self._pipe_fds.remove(fd)
        self._close_if_over()

    def _stdin_lost(self, error: Exception | None) -> None:
        if self.stdin is not None:
            self.stdin.close()
        # Whoever waits for room in the pipe waits no longer.
        self.connection_lost(error)
        if self._stdin_closed.done():
            return
        if error is None:
            self._stdin_closed.set_result(None)
        else:
            self._stdin_closed.set_exception(error)
            # Nobody has to ask how a pipe was closed.
            self._stdin_closed.exception()

    def process_exited(self) -> None:
        self._process_exited = True
        self._close_if_over()

    def _close_if_over(self) -> None:
        if self._process_exited and not self._pipe_fds and self._transport is not None:
            self._transport.close()
            self._transport = None

    def _get_close_waiter(self, stream: Any) -> Any:
        return self._stdin_closed if stream is self.stdin else None


class Process:
    """A child process with its streams, as `asyncio.subprocess.Process`.

    `stdin` is a `StreamWriter`, `stdout` and `stderr` are `StreamReader`s, each None where there is no pipe.
    """

    def __init__(self, transport: Any, protocol: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._protocol = protocol
        self._loop = loop
        self.stdin: StreamWriter | None = protocol.stdin
        self.stdout: StreamReader | None = protocol.stdout
        self.stderr: StreamReader | None = protocol.stderr
        self.pid: int = transport.get_pid()

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        # isinstance(process, asyncio.subprocess.Process) holds in other people's code.
        return asyncio.subprocess.Process

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.pid}>"

    @property
    def returncode(self) -> int | None:
        """The exit code; minus the number of the signal that ended the process; None while it runs."""
        return self._transport.get_returncode()  # type: ignore[no-any-return]

    async def wait(self) -> int:
        """Returns the exit code once the process has ended.

        A process that writes more than a pipe holds ends only when somebody reads it: see `communicate`.
        """
        return await self._transport._wait()  # type: ignore[no-any-return]

    def send_signal(self, signal: int) -> None:
        """Sends a signal to the process. Raises ProcessLookupError where it has ended."""
        self._transport.send_signal(signal)

    def terminate(self) -> None:
        """Sends SIGTERM; see `send_signal`."""
        self._transport.terminate()

    def kill(self) -> None:
        """Sends SIGKILL; see `send_signal`."""
        self._transport.kill()

    async def communicate(
        self,
        input: bytes | bytearray | memoryview[Any] | None = None,  # noqa: A002 - the argument's name is public
    ) -> tuple[bytes | None, bytes | None]:
        """Writes `input` and closes stdin, reads stdout and stderr to their ends, and waits for the process.

        Returns what was read, None for a stream without a pipe. A process that reads no more of its input is no error.
        """
        work: dict[int, Coroutine[Any, Any, bytes | None]] = {}
        if self.stdin is not None:
            work[STDIN_PIPE] = self._feed(self.stdin, input)
        if self.stdout is not None:
            work[STDOUT_PIPE] = self._read(self.stdout, STDOUT_PIPE)
        if self.stderr is not None:
            work[STDERR_PIPE] = self._read(self.stderr, STDERR_PIPE)
        found: dict[int, bytes | None] = {}
        if len(work) == 1:
            for pipe, only in work.items():
                found[pipe] = await only
        elif work:
            found = dict(zip(work, await gather(*work.values()), strict=True))
        await self.wait()
        return found.get(STDOUT_PIPE), found.get(STDERR_PIPE)

    async def _feed(self, stdin: StreamWriter, data: bytes | bytearray | memoryview[Any] | None) -> None:
        debug = self._loop.get_debug()
        try:
            if data is not None:
                stdin.write(data)
                if debug:
                    logger.debug("%r communicate: feed stdin (%s bytes)", self, len(data))
            await stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            if debug:
                logger.debug("%r communicate: stdin got %r", self, error)
        if debug:
            logger.debug("%r communicate: close stdin", self)
        stdin.close()

    async def _read(self, stream: StreamReader, fd: int) -> bytes:
        name = "stdout" if fd == STDOUT_PIPE else "stderr"
        pipe = self._transport.get_pipe_transport(fd)
        if self._loop.get_debug():
            logger.debug("%r communicate: read %s", self, name)
        output = await stream.read()
        if self._loop.get_debug():
            logger.debug("%r communicate: close %s", self, name)
        pipe.close()
        return output


async def create_subprocess_shell(
    cmd: Any,
    stdin: Any = None,
    stdout: Any = None,
    stderr: Any = None,
    limit: int = DEFAULT_LIMIT,
    **kwds: Any,
) -> Process:
    """Has the shell run a command; `asyncio.create_subprocess_shell`.

    limit: the readers', in bytes. The other arguments are those of `loop.subprocess_shell`.
    """
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_shell(
        lambda: SubprocessStreamProtocol(limit=limit, loop=loop),
        cmd,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        **kwds,
    )
    return Process(transport, protocol, loop)


async def create_subprocess_exec(
    program: Any,
    *args: Any,
    stdin: Any = None,
    stdout: Any = None,
    stderr: Any = None,
    limit: int = DEFAULT_LIMIT,
    **kwds: Any,
) -> Process:
    """Starts a program with arguments; `asyncio.create_subprocess_exec`.

    limit: the readers', in bytes. The other arguments are those of `loop.subprocess_exec`.
    """
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.subprocess_exec(
        lambda: SubprocessStreamProtocol(limit=limit, loop=loop),
        program,
        *args,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        **kwds,
    )
    return Process(transport, protocol, loop)
