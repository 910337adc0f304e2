"""The chat server, used through the websockets library as a browser would use it."""

from __future__ import annotations

import json
import socket
import urllib.request
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .conftest import Program

SECONDS_MAX = 10.0


@pytest.fixture
def server(start_example: Callable[..., Program]) -> Program:
    require("starlette", "uvicorn", "websockets")
    return start_example("chat/server.py", "--port", "0")


class Guest:
    """One connection to a room."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def say(self, text: str) -> None:
        self.connection.send(json.dumps({"text": text}))

    def hear(self) -> dict[str, Any]:
        return json.loads(self.connection.recv(SECONDS_MAX))  # type: ignore[no-any-return]

    def close_reason(self) -> tuple[int, str]:
        """The code and reason that the server ended the connection with."""
        from websockets.exceptions import ConnectionClosed

        try:
            while True:
                self.connection.recv(SECONDS_MAX)
        except ConnectionClosed as closed:
            end = closed.rcvd
        assert end is not None, "lost, not closed"
        return end.code, end.reason


@pytest.fixture
def enter(server: Program) -> Iterator[Callable[..., Guest]]:
    from websockets.sync.client import connect

    with ExitStack() as connections:

        def enter(room: str, name: str, receive_buffer_bytes: int | None = None) -> Guest:
            sock = socket.socket()
            if receive_buffer_bytes is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
            sock.connect(("127.0.0.1", server.port))
            address = f"ws://127.0.0.1:{server.port}/rooms/{room}?name={name}"
            return Guest(
                connections.enter_context(connect(address, sock=sock, compression=None, close_timeout=1))
            )

        yield enter


def test_what_is_said_reaches_the_room_and_only_the_room(enter: Callable[..., Guest]) -> None:
    ada, bob, eve = enter("lobby", "ada"), enter("lobby", "bob"), enter("attic", "eve")
    assert ada.hear() == {"kind": "history", "messages": []}
    assert ada.hear() == {"kind": "came", "name": "ada", "present": ["ada"]}
    assert ada.hear() == {"kind": "came", "name": "bob", "present": ["ada", "bob"]}
    bob.hear(), bob.hear()
    bob.say("hello")
    assert ada.hear() == bob.hear() == {"kind": "said", "name": "bob", "text": "hello"}
    bob.connection.close()
    assert ada.hear() == {"kind": "left", "name": "bob", "present": ["ada"]}
    assert [eve.hear()["kind"], eve.hear()["present"]] == ["history", ["eve"]]
    with pytest.raises(TimeoutError):
        eve.connection.recv(0.1)


def test_newcomer_gets_what_was_said_before(enter: Callable[..., Guest]) -> None:
    ada = enter("lobby", "ada")
    ada.hear(), ada.hear()
    for number in range(60):
        ada.say(f"line {number}")
        ada.hear()
    history = enter("lobby", "bob").hear()["messages"]
    assert [each["text"] for each in history] == [f"line {number}" for number in range(10, 60)]


def test_name_that_is_taken_or_missing_is_refused_with_a_reason(enter: Callable[..., Guest]) -> None:
    enter("lobby", "ada").hear()
    assert enter("lobby", "ada").close_reason() == (
        1008,
        "ada is in this room already: take another name",
    )
    assert enter("lobby", "%20").close_reason() == (1008, "a name has 1 to 30 characters")
    assert enter("attic", "ada").hear()["kind"] == "history"


def test_frame_that_is_no_message_is_answered_with_an_error(enter: Callable[..., Guest]) -> None:
    ada = enter("lobby", "ada")
    ada.hear(), ada.hear()
    for frame in ("no JSON", "[]", "{}", '{"text": 5}', '{"text": "  "}', json.dumps({"text": "x" * 2001})):
        ada.connection.send(frame)
        assert ada.hear() == {"kind": "error", "text": 'send {"text": "..."} with 1 to 2000 characters'}
    ada.say("still here")
    assert ada.hear()["text"] == "still here"


def test_frame_over_the_limit_ends_the_connection_of_its_sender(enter: Callable[..., Guest]) -> None:
    ada, bob = enter("lobby", "ada"), enter("lobby", "bob")
    bob.connection.send("x" * 20_000)
    assert bob.close_reason()[0] == 1009
    assert [ada.hear()["kind"] for _ in range(4)] == ["history", "came", "came", "left"]


def test_reader_who_is_too_slow_is_dropped_and_the_room_goes_on(enter: Callable[..., Guest]) -> None:
    ada = enter("lobby", "ada")
    enter("lobby", "sleeper", receive_buffer_bytes=4096)
    ada.hear(), ada.hear(), ada.hear()
    # As many as fit into the buffers of kernel, server and library, and a hundred more.
    for _ in range(5_000):
        ada.say("x" * 1900)
        heard = ada.hear()
        if heard["kind"] != "said":
            break
    assert heard == {"kind": "left", "name": "sleeper", "present": ["ada"]}
    assert ada.hear()["kind"] == "said"
    ada.say("at last")
    assert ada.hear()["text"] == "at last"


def test_page_is_served(server: Program) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=SECONDS_MAX) as response:
        assert response.headers.get_content_type() == "text/html"
        assert b"new WebSocket(" in response.read()
