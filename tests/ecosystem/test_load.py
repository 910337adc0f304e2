"""Load: what a client says is counted, errors and servers that fail are told, and memory includes that of workers."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from ecosystem import load
from ecosystem.recipe import Recipe
from ecosystem.servers import Packages, ServerError

ECHO = """
import asyncio, sys

async def answer(reader, writer):
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()

async def main():
    async with await asyncio.start_server(answer, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()

asyncio.run(main())
"""
CLIENT = '''"""sockets"""
import socket, sys
for number in range(5):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
        connection.sendall(b"hello\\n")
        assert connection.recv(100) == b"hello\\n"
print("5 requests in", sys.argv[2])
'''


@dataclass
class Prepared:
    """An environment that is there already: the one that these tests run in."""

    recipe: Recipe
    folder: Path
    python: Path = Path(sys.executable)


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    def run(server=ECHO, client=CLIENT):
        (tmp_path / "load_thing.py").write_text(server)
        (tmp_path / "client_thing.py").write_text(client)
        monkeypatch.setattr(load, "FOLDER", tmp_path)
        recipe = Recipe("thing", "Web", ["thing==1"])
        return load.run(Prepared(recipe, tmp_path), {}, Packages(tmp_path), seconds=1)

    return run


def test_requests_and_memory_are_counted_after_the_warm_up(loaded):
    result = loaded()
    assert (result.requests, result.errors, result.problem, result.client) == (5, "", "", "sockets")
    assert result.resident_before > 1 << 20
    assert result.resident_after > 1 << 20
    assert result.is_good


def test_errors_that_the_client_tells_are_told(loaded):
    result = loaded(client=CLIENT + "print('Socket errors: 1, the first timeout')\n")
    assert "Socket errors: 1, the first timeout" in result.errors
    assert not result.is_good


def test_a_client_that_fails_is_told(loaded):
    result = loaded(client=CLIENT + "sys.exit('no program for it')\n")
    assert "the client ended with 1: no program for it" in result.errors
    assert not result.is_good


def test_a_server_that_prints_a_traceback_is_told(loaded):
    result = loaded(server=ECHO.replace("await writer.drain()", "raise RuntimeError"))
    assert "the server printed a traceback, see " in result.problem
    assert not result.is_good


def test_a_server_that_does_not_start_is_told(loaded):
    with pytest.raises(ServerError, match="the server under load does not start, see "):
        loaded(server="raise SystemExit(1)")


def test_memory_that_grows_is_not_good():
    result = load.Load("thing", "1", "wrk", 60, 5, "", 10 << 20, 20 << 20)
    assert not result.is_good


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_of_workers_counts():
    worker = "import subprocess, sys; data = bytes(range(256)) * 200_000; print(flush=True); sys.stdin.read()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {worker!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        assert load.resident_bytes(process.pid) > 51_200_000
        process.stdin.close()
