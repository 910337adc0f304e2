"""What a type checker sees of the namespace: real types, which other people's annotations agree with."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ouroloop

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed here"),
    # It reads the standard library's types first.
    pytest.mark.timeout(300),
]

PROGRAM = """\
import asyncio as standard
from ouroloop import asyncio
from ouroloop.asyncio import subprocess


async def library(
    reader: standard.StreamReader, writer: standard.StreamWriter, task: standard.Task[int], lock: standard.Lock
) -> standard.Queue[int]:
    return asyncio.Queue()


async def work(queue: asyncio.Queue[int], lock: asyncio.Lock) -> str:
    async with lock:
        await queue.put(1)
    return "done"


async def main() -> None:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[int] = loop.create_future()
    timer: asyncio.TimerHandle = loop.call_later(1, future.set_result, 1)
    task: asyncio.Task[int] = asyncio.create_task(asyncio.sleep(0, 1), name="task")
    queue: asyncio.Queue[int] = asyncio.Queue()
    done, pending = await asyncio.wait([task], return_when=asyncio.FIRST_COMPLETED)
    async with asyncio.timeout(5) as limit, asyncio.TaskGroup() as group:
        reveal_type(group.create_task(work(queue, asyncio.Lock())))  # "_asyncio.Task[str]"
        reveal_type(limit.when())  # "float | None"
    reveal_type(timer.when())  # "float"
    reveal_type(await task)  # "int"
    reveal_type(await asyncio.gather(task, asyncio.sleep(0, "text")))  # "tuple[int, str]"
    reveal_type(await asyncio.wait_for(future, 1))  # "int"
    reveal_type(await asyncio.shield(future))  # "int"
    reveal_type(await asyncio.to_thread(int, "1"))  # "int"
    reveal_type(done)  # "set[_asyncio.Task[int]]"
    reveal_type(asyncio.current_task())  # "_asyncio.Task[Any] | None"
    for each in asyncio.as_completed([task]):
        reveal_type(await each)  # "int"
    reader, writer = await asyncio.open_connection("localhost", 1)
    reveal_type(await library(reader, writer, task, asyncio.Lock()))  # "asyncio.queues.Queue[int]"
    process: subprocess.Process = await asyncio.create_subprocess_exec("true", stdout=asyncio.subprocess.PIPE)
    reveal_type(await process.wait())  # "int"
    server: asyncio.Server = await asyncio.start_server(lambda reader, writer: None)


async def newer_than_every_python() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()
    queue.shutdown()
    group = asyncio.TaskGroup()
    group.cancel()
    task = asyncio.create_task(asyncio.sleep(0, 1), eager_start=True)
    async for future in asyncio.as_completed([task]):
        reveal_type(future)  # "_asyncio.Future[int]"
    try:
        queue.get_nowait()
    except asyncio.QueueShutDown:
        asyncio.print_call_graph(task)


reveal_type(asyncio.run(main()))  # "None"
with asyncio.Runner(loop_factory=asyncio.EventLoop) as runner:
    reveal_type(runner.run(asyncio.sleep(0, 3)))  # "int"
"""


def check(folder: Path, program: str, version: str) -> list[str]:
    """What mypy says of a program, a line for each remark, without the place."""
    file = folder / "program.py"
    file.write_text(program)
    process = subprocess.run(
        [
            sys.executable, "-m", "mypy", "--strict", "--python-version", version,
            "--cache-dir", str(folder.parent / "mypy_cache"), "--no-error-summary", "program.py",
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"MYPYPATH": str(Path(ouroloop.__file__).parents[1])},
        timeout=280,
    )  # fmt: skip
    assert process.stderr == ""
    return process.stdout.splitlines()


@pytest.mark.parametrize("version", ["3.11", "3.15"])
def test_program_has_the_types_that_it_expects(tmp_path: Path, version: str) -> None:
    expected = [
        f"program.py:{number}: note: Revealed type is {line.partition('  # ')[2]}"
        for number, line in enumerate(PROGRAM.splitlines(), 1)
        if "reveal_type(" in line
    ]
    assert check(tmp_path, PROGRAM, version) == expected


def test_misspelt_name_is_an_error(tmp_path: Path) -> None:
    said = check(tmp_path, "from ouroloop import asyncio\nasyncio.nothing\n", "3.13")
    assert said == ['program.py:2: error: Module has no attribute "nothing"  [attr-defined]']


def test_misused_function_is_an_error(tmp_path: Path) -> None:
    said = check(tmp_path, "from ouroloop import asyncio\nasyncio.Queue(maxsize='many')\n", "3.13")
    assert said[0].startswith('program.py:2: error: Argument "maxsize" to "Queue" has incompatible type')
