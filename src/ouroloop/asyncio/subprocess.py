"""`asyncio.subprocess`: other programs, and talking to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ouroloop.stream.process import DEVNULL as DEVNULL
from ouroloop.stream.process import PIPE as PIPE
from ouroloop.stream.process import STDOUT as STDOUT
from ouroloop.stream.process import SubprocessStreamProtocol as SubprocessStreamProtocol

if TYPE_CHECKING:
    # As the future.
    from asyncio.subprocess import Process as Process
    from asyncio.subprocess import create_subprocess_exec, create_subprocess_shell
else:
    from ouroloop.stream.process import Process as Process
    from ouroloop.stream.process import create_subprocess_exec, create_subprocess_shell

__all__ = ["create_subprocess_exec", "create_subprocess_shell"]
