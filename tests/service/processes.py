"""Child processes to test with: small programs, and a protocol that writes down what it is told."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
SECONDS_MAX = 20


def run(loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on `loop`, at most `SECONDS_MAX` long."""
    return loop.run_until_complete(asyncio.wait_for(main, SECONDS_MAX))


async def eventually(condition: Any) -> None:
    """Return once `condition()` is true."""
    while not condition():
        await asyncio.sleep(0.002)


def python(source: str) -> list[str]:
    """The arguments that run Python source text, quickly."""
    return [sys.executable, "-S", "-E", "-c", source]


def children() -> list[int]:
    """The numbers of this process's children, zombies among them."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        # A thread may end meanwhile: its children are then another thread's.
        with contextlib.suppress(FileNotFoundError):
            found += [int(number) for number in (task / "children").read_text().split()]
    return found


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class ProcessProtocol(asyncio.SubprocessProtocol):
    """Writes down each callback with its arguments, and the bytes of each pipe."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.data: dict[int, bytes] = {1: b"", 2: b""}
        self.transport: Any = None
        self.exited = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.calls.append("connection_made")
        self.transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        assert type(data) is bytes
        self.data[fd] += data
        if ("data", fd) not in self.calls:
            self.calls.append(("data", fd))

    def pipe_connection_lost(self, fd: int, exc: BaseException | None) -> None:
        self.calls.append(("lost", fd))

    def process_exited(self) -> None:
        self.calls.append("process_exited")
        self.exited.set_result(None)  # raises, and so fails the test, on a second call

    def pause_writing(self) -> None:
        self.calls.append("pause_writing")

    def resume_writing(self) -> None:
        self.calls.append("resume_writing")

    def connection_lost(self, exc: BaseException | None) -> None:
        self.calls.append("connection_lost")
        self.lost.set_result(exc)


async def start(*arguments: Any, **options: Any) -> tuple[Any, ProcessProtocol]:
    loop = asyncio.get_running_loop()
    return await loop.subprocess_exec(ProcessProtocol, *arguments, **options)


async def ended(transport: Any, protocol: ProcessProtocol) -> None:
    await protocol.lost
    transport.close()
