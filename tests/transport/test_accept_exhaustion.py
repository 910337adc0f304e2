"""A server that runs out of descriptors backs off, says so once, and recovers."""

import contextlib
import errno
import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SERVER = Path(__file__).with_name("exhausted_server.py")
ROOM = 4
SECONDS_MAX = 15


@pytest.fixture
def start_server(implementation: Any) -> Iterator[Callable[[], tuple[subprocess.Popen[str], int]]]:
    with contextlib.ExitStack() as stack:

        def start_server() -> tuple[subprocess.Popen[str], int]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", implementation.script_preamble + SERVER.read_text(), str(ROOM)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            return process, int(process.stdout.readline())

        yield start_server


def wait_for_echoes(clients: list[socket.socket], count: int) -> list[socket.socket]:
    """The clients whose byte has come back, once there are `count` of them."""
    served: list[socket.socket] = []
    deadline = time.monotonic() + SECONDS_MAX
    while len(served) < count:
        assert time.monotonic() < deadline, f"only {len(served)} of {count} connections were served"
        ready, _, _ = select.select([each for each in clients if each not in served], [], [], 0.1)
        for client in ready:
            assert client.recv(1) == b"?"
            served.append(client)
    return served


def ask(clients: list[socket.socket], port: int, count: int) -> None:
    for _ in range(count):
        clients.append(socket.create_connection(("127.0.0.1", port)))
        clients[-1].send(b"?")


def end(clients: list[socket.socket], served: list[socket.socket]) -> None:
    """Close connections, and return once the server has given back their descriptors."""
    for client in served:
        clients.remove(client)
        with client:
            client.shutdown(socket.SHUT_WR)
            client.settimeout(SECONDS_MAX)
            assert client.recv(1) == b""


def exhaust_and_recover(process: subprocess.Popen[str], port: int, rounds: int) -> dict[str, Any]:
    """Fill the server's room, let connections wait outside, free the room; return what the server tells."""
    clients: list[socket.socket] = []
    with contextlib.ExitStack() as stack:
        for _ in range(rounds):
            ask(clients, port, ROOM + 3)
            served = wait_for_echoes(clients, ROOM)
            time.sleep(0.3)  # time enough for a server that does not back off to repeat itself
            assert select.select([each for each in clients if each not in served], [], [], 0)[0] == []
            end(clients, served)
            end(clients, wait_for_echoes(clients, 3))
        for client in clients:
            stack.callback(client.close)
    output, _ = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 0
    return json.loads(output)  # type: ignore[no-any-return]


def test_waiting_connections_are_accepted_once_descriptors_are_free(
    start_server: Callable[[], tuple[subprocess.Popen[str], int]],
) -> None:
    told = exhaust_and_recover(*start_server(), rounds=1)
    assert told["reports"], "running out was never reported"
    for each in told["reports"]:
        assert each["message"] == "socket.accept() out of system resource"
        assert each["errno"] == errno.EMFILE
        assert each["socket"] == "TransportSocket"
    assert told["seconds"] < 0.5, "waiting for a descriptor must not keep the processor busy"


@pytest.mark.only_ouroloop
def test_running_out_is_reported_once_each_time_and_not_for_each_connection(
    start_server: Callable[[], tuple[subprocess.Popen[str], int]],
) -> None:
    """python/cpython#151615: the standard library reports it once for each place in the backlog."""
    told = exhaust_and_recover(*start_server(), rounds=2)
    assert len(told["reports"]) == 2
