"""Child processes: `subprocess_exec` and `subprocess_shell`.

`subprocess.Popen` starts the process, so every option of its is there, and the child never runs our code.
"""

from __future__ import annotations

import logging
import subprocess
from typing import TYPE_CHECKING, Any

from ouroloop.service.process_transport import SubprocessTransport

if TYPE_CHECKING:
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop

logger = logging.getLogger("asyncio")


async def subprocess_exec(
    loop: EventLoop,
    protocol_factory: Callable[[], Any],
    program: Any,
    *args: Any,
    stdin: Any = subprocess.PIPE,
    stdout: Any = subprocess.PIPE,
    stderr: Any = subprocess.PIPE,
    universal_newlines: bool = False,
    shell: bool = False,
    bufsize: int = 0,
    encoding: str | None = None,
    errors: str | None = None,
    text: bool | None = None,
    **kwargs: Any,
) -> tuple[SubprocessTransport, Any]:
    """Starts a program with arguments; `asyncio.loop.subprocess_exec`."""
    if shell:
        raise ValueError("shell must be False")
    _check_bytes_only(universal_newlines, bufsize, text, encoding, errors)
    protocol = protocol_factory()
    description = f"execute program {program!r}" if loop.get_debug() else None
    transport = await _start(
        loop, protocol, description, (program, *args), stdin, stdout, stderr, shell=False, **kwargs
    )
    return transport, protocol


async def subprocess_shell(
    loop: EventLoop,
    protocol_factory: Callable[[], Any],
    cmd: Any,
    *,
    stdin: Any = subprocess.PIPE,
    stdout: Any = subprocess.PIPE,
    stderr: Any = subprocess.PIPE,
    universal_newlines: bool = False,
    shell: bool = True,
    bufsize: int = 0,
    encoding: str | None = None,
    errors: str | None = None,
    text: bool | None = None,
    **kwargs: Any,
) -> tuple[SubprocessTransport, Any]:
    """Has the shell run a command; `asyncio.loop.subprocess_shell`."""
    if not isinstance(cmd, (bytes, str)):
        raise ValueError("cmd must be a string")
    if not shell:
        raise ValueError("shell must be True")
    _check_bytes_only(universal_newlines, bufsize, text, encoding, errors)
    protocol = protocol_factory()
    description = f"run shell command {cmd!r}" if loop.get_debug() else None
    transport = await _start(loop, protocol, description, cmd, stdin, stdout, stderr, shell=True, **kwargs)
    return transport, protocol


def _check_bytes_only(
    universal_newlines: Any, bufsize: Any, text: Any, encoding: str | None, errors: str | None
) -> None:
    """Pipes of a loop carry bytes and have no buffer."""
    if universal_newlines:
        raise ValueError("universal_newlines must be False")
    if bufsize != 0:
        raise ValueError("bufsize must be 0")
    if text:
        raise ValueError("text must be False")
    if encoding is not None:
        raise ValueError("encoding must be None")
    if errors is not None:
        raise ValueError("errors must be None")


async def _start(
    loop: EventLoop,
    protocol: Any,
    description: str | None,
    args: Any,
    stdin: Any,
    stdout: Any,
    stderr: Any,
    **options: Any,
) -> SubprocessTransport:
    loop._check_closed()
    if description:
        # Without the arguments: they may hold secrets, and may be long.
        logger.debug(_describe(description, stdin, stdout, stderr))
    transport = SubprocessTransport(
        loop, protocol, args, stdin=stdin, stdout=stdout, stderr=stderr, bufsize=0, **options
    )
    try:
        await transport._connect_pipes()
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException:
        # Closing has killed the process. Who is told of the failure shall find no trace of it.
        await transport._wait()
        raise
    if description:
        logger.info("%s: %r", description, transport)
    return transport


def _describe(description: str, stdin: Any, stdout: Any, stderr: Any) -> str:
    parts = [description]
    if stdin is not None:
        parts.append(f"stdin={_describe_stream(stdin)}")
    if stdout is not None and stderr == subprocess.STDOUT:
        parts.append(f"stdout=stderr={_describe_stream(stdout)}")
    else:
        if stdout is not None:
            parts.append(f"stdout={_describe_stream(stdout)}")
        if stderr is not None:
            parts.append(f"stderr={_describe_stream(stderr)}")
    return " ".join(parts)


def _describe_stream(stream: Any) -> str:
    if stream == subprocess.PIPE:
        return "<pipe>"
    if stream == subprocess.STDOUT:
        return "<stdout>"
    return repr(stream)
