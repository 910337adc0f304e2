"""The cache server: its protocol without a network, and the server with pymemcache and with plain sockets."""

from __future__ import annotations

import importlib
import random
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import EXAMPLES, require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from .conftest import Program

SECONDS_MAX = 20.0
TALK = (
    b"set a 5 0 3\r\nabc\r\nget a b\r\nadd a 0 0 1\r\nx\r\nreplace b 0 0 1\r\nx\r\nadd n 0 0 1 noreply\r\n9\r\n"
    b"incr n 1\r\ndecr n 50\r\nincr a 1\r\nincr b 1\r\ngets n\r\ntouch a 5\r\ntouch b 5\r\ndelete a\r\ndelete a\r\n"
    b"nonsense\r\nget\r\nset a x 0 1\r\nget "
    + b"k" * 251
    + b"\r\nversion\r\nflush_all\r\nget n\r\nquit\r\nget n\r\n"
)
ANSWERS = (
    b"STORED\r\nVALUE a 5 3\r\nabc\r\nEND\r\nNOT_STORED\r\nNOT_STORED\r\n"
    b"10\r\n0\r\nCLIENT_ERROR cannot increment or decrement non-numeric value\r\nNOT_FOUND\r\n"
    b"VALUE n 0 1 4\r\n0\r\nEND\r\nTOUCHED\r\nNOT_FOUND\r\nDELETED\r\nNOT_FOUND\r\n"
    b"ERROR\r\nERROR\r\nCLIENT_ERROR bad command line format\r\nCLIENT_ERROR a key has at most 250 bytes\r\n"
    b"VERSION 1.0 ouroloop\r\nOK\r\nEND\r\n"
)


@pytest.fixture
def protocol(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module of the protocol; it stands beside its program, not in a package."""
    monkeypatch.syspath_prepend(EXAMPLES / "cache_server")
    monkeypatch.delitem(sys.modules, "protocol", raising=False)
    module = importlib.import_module("protocol")
    assert Path(str(module.__file__)).parent == EXAMPLES / "cache_server"
    yield module
    del sys.modules["protocol"]


def test_commands_are_answered_whatever_pieces_they_come_in(protocol: ModuleType) -> None:
    for seed in range(50):
        numbers = random.Random(seed)
        session, answers, rest = protocol.Session(protocol.Store(1000)), b"", TALK
        while rest and not session.is_over:
            size = numbers.choice((1, 2, 7, 1000))
            answers += session.receive(rest[:size])
            rest = rest[size:]
        assert answers == ANSWERS, f"seed {seed}"


def test_values_expire_and_the_store_has_a_bound(protocol: ModuleType) -> None:
    now = 1000.0
    store = protocol.Store(50, clock=lambda: now)
    session = protocol.Session(store)
    session.receive(b"set a 0 10 1\r\nx\r\n")
    now += 9.9
    assert session.receive(b"get a\r\n") == b"VALUE a 0 1\r\nx\r\nEND\r\n"
    now += 0.2
    assert session.receive(b"get a\r\n") == b"END\r\n"
    for key in (b"k1", b"k2", b"k3"):
        session.receive(b"set %s 0 0 20\r\n%s\r\nget k1\r\n" % (key, b"y" * 20))
    assert set(store.items) == {b"k1", b"k3"}
    assert store.size_bytes == 44


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"x" * 3000, b"CLIENT_ERROR line too long\r\n"),
        (b"set a 0 0 1048577\r\n", b"SERVER_ERROR object too large for cache\r\n"),
        (b"set a 0 0 -1\r\n", b"SERVER_ERROR object too large for cache\r\n"),
        (b"set a 0 0 1\r\nxyz\r\n", b"CLIENT_ERROR bad data chunk\r\n"),
    ],
)
def test_what_cannot_be_followed_ends_the_session(protocol: ModuleType, sent: bytes, answer: bytes) -> None:
    session = protocol.Session(protocol.Store(1000))
    assert session.receive(sent) == answer
    assert session.is_over


@pytest.fixture
def server(start_example: Callable[..., Program]) -> Program:
    return start_example("cache_server/server.py", "--port", "0")


def test_client_of_others_is_served(server: Program) -> None:
    require("pymemcache")
    from pymemcache.client.base import Client

    client = Client(("127.0.0.1", server.port), timeout=SECONDS_MAX, no_delay=True)
    values = {f"key{number}": bytes([number]) * number * 50 for number in range(200)}
    assert client.set_many(values) == []
    assert client.get_many(list(values)) == values
    assert client.gets("key1")[0] == values["key1"]
    assert (client.set("n", b"41", noreply=False), client.incr("n", 1)) == (True, 42)
    assert (client.delete("n", noreply=False), client.get("n")) == (True, None)
    client.close()


def test_client_that_takes_no_answers_is_read_no_further_and_gets_all_of_them(server: Program) -> None:
    value = b"v" * 1_000_000
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS_MAX) as connection:
        connection.sendall(b"set big 0 0 %d\r\n%s\r\n" % (len(value), value))
        assert connection.recv(100) == b"STORED\r\n"
        answer = b"VALUE big 0 %d\r\n%s\r\nEND\r\n" % (len(value), value)
        connection.sendall(b"get big\r\n" * 50)
        with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS_MAX) as other:
            other.sendall(b"version\r\n")
            assert other.recv(100) == b"VERSION 1.0 ouroloop\r\n"
        connection.sendall(b"quit\r\n")
        with connection.makefile("rb") as file:
            for _ in range(50):
                assert file.read(len(answer)) == answer
            assert file.read() == b""


def test_port_that_is_taken_is_said(server: Program, run_example: Callable[..., Any]) -> None:
    ran = run_example("cache_server/server.py", "--port", str(server.port))
    assert ran.returncode == 1
    assert f"cannot listen on 127.0.0.1:{server.port}" in ran.stderr
    assert "--port takes another one" in ran.stderr
