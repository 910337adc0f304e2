"""The task queue: real workers, each a process, and a real Redis server on a free port."""

from __future__ import annotations

import gzip
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import EXAMPLES, require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 30.0
FILES = 24


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """The address of a Redis server that this test has to itself."""
    require("arq", "redis")
    program = shutil.which("redis-server") or str(ROOT / "build" / "redis" / "redis-server")
    if not Path(program).exists():
        pytest.skip("no Redis server: tools/redis_server.sh fetches one")
    path = tmp_path / "redis.sock"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--unixsocket",
        str(path),
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    with (tmp_path / "redis.log").open("wb") as log:
        server = subprocess.Popen([program, *options], cwd=tmp_path, stdout=log, stderr=log)
    try:
        wait_until(lambda: path.exists() or server.poll() is not None, "Redis starts")
        assert server.poll() is None, (tmp_path / "redis.log").read_text(encoding="utf-8")
        yield f"redis://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


class Workers:
    """Worker processes, and what they have logged."""

    def __init__(self, folder: Path, redis: str) -> None:
        self.folder = folder
        self.redis = redis
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        with self.log_of(len(self.processes)).open("wb") as log:
            command = [
                sys.executable,
                str(EXAMPLES / "task_queue" / "worker.py"),
                "--redis",
                self.redis,
                "--jobs",
                "2",
            ]
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        number = len(self.processes) - 1
        wait_until(
            lambda: "Starting worker" in self.log_of(number).read_text(encoding="utf-8"), "a worker starts"
        )
        return self.processes[-1]

    def log_of(self, number: int) -> Path:
        return self.folder / f"worker-{number}.log"

    def logs(self) -> str:
        return "".join(
            self.log_of(number).read_text(encoding="utf-8") for number in range(len(self.processes))
        )


@pytest.fixture
def workers(tmp_path: Path, redis: str) -> Iterator[Workers]:
    workers = Workers(tmp_path, redis)
    try:
        yield workers
        for process in workers.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(SECONDS_MAX) == 0, workers.logs()
        assert "Traceback" not in workers.logs()
    finally:
        for process in workers.processes:
            process.kill()
            process.wait()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number:02}").write_bytes(f"line {number} ".encode() * 200_000)
    return folder


def submit(redis: str, folder: Path) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        str(EXAMPLES / "task_queue" / "submit.py"),
        str(folder),
        "--redis",
        redis,
        "--seconds",
        "40",
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def assert_all_are_compressed(folder: Path) -> None:
    for number in range(FILES):
        with gzip.open(folder / f"{number:02}.gz") as file:
            assert file.read() == f"line {number} ".encode() * 200_000
    assert not list(folder.glob(".*"))


def test_several_workers_share_the_jobs_and_one_that_is_stopped_loses_none(
    redis: str, workers: Workers, folder: Path
) -> None:
    first, *_ = [workers.start() for _ in range(3)]
    with submit(redis, folder) as submitting:
        wait_until(lambda: len(list(folder.glob("*.gz"))) >= 2, "the first jobs are done")
        first.send_signal(signal.SIGTERM)
        output, _ = submitting.communicate(timeout=50)
    assert submitting.returncode == 0, output + workers.logs()
    lines = output.splitlines()
    assert len(lines) == FILES
    assert len({line.split(", by ")[1].split()[0] for line in lines}) >= 2, output
    assert first.wait(SECONDS_MAX) == 0
    assert_all_are_compressed(folder)


def test_what_a_job_raises_comes_out_where_it_was_submitted(
    redis: str, workers: Workers, tmp_path: Path
) -> None:
    folder = tmp_path / "bad"
    # Where the compressed file should go stands a folder.
    (folder / "file.gz").mkdir(parents=True)
    (folder / "file").write_bytes(b"x")
    (folder / "good").write_bytes(b"y")
    workers.start()
    with submit(redis, folder) as submitting:
        output, _ = submitting.communicate(timeout=50)
    assert submitting.returncode == 1
    bad, good = sorted(output.splitlines(), key=lambda line: "good: " in line)
    assert bad.startswith(f"{folder / 'file'}: IsADirectoryError: ")
    assert good.startswith(f"{folder / 'good'}: ")
    assert gzip.decompress((folder / "good.gz").read_bytes()) == b"y"
    # arq logs what a job has raised, with its traceback: expected here.
    log = workers.log_of(0)
    log.write_text(log.read_text(encoding="utf-8").replace("Traceback", "traceback"), encoding="utf-8")


@pytest.mark.parametrize("program", ["worker.py", "submit.py"])
def test_redis_that_is_not_there_is_said_with_the_fix(
    program: str, tmp_path: Path, run_example: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    require("arq", "redis")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"redis://127.0.0.1:{unused.getsockname()[1]}"
        arguments = [str(tmp_path)] if program == "submit.py" else []
        ran = run_example(f"task_queue/{program}", *arguments, "--redis", address)
    assert ran.returncode == 1
    assert f"no Redis at {address}: " in ran.stderr
    assert "start one, or name another with --redis" in ran.stderr
