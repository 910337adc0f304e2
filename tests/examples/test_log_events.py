"""The server that streams a file's lines, read as curl would read it."""

from __future__ import annotations

import http.client
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Program

SECONDS_MAX = 20.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "log"
    file.write_bytes(b"first\nsecond\n")
    return file


@pytest.fixture
def server(start_example: Callable[..., Program], file: Path) -> Program:
    require("starlette", "uvicorn", "sse_starlette")
    return start_example("log_events/server.py", str(file), "--port", "0")


@pytest.fixture
def follow(server: Program) -> Iterator[Callable[..., Any]]:
    """Opens the stream, and gives what reads the next event of it: its id and its data."""
    with ExitStack() as connections:

        def follow(**headers: str) -> Callable[[], tuple[int, str]]:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS_MAX)
            connections.enter_context(closing(connection))
            connection.request("GET", "/events", headers={k.replace("_", "-"): v for k, v in headers.items()})
            response = connections.enter_context(connection.getresponse())
            assert (response.status, response.headers.get_content_type()) == (200, "text/event-stream")

            def next_event() -> tuple[int, str]:
                fields: dict[str, str] = {}
                while (line := response.readline().decode().rstrip("\r\n")) or not fields:
                    name, separator, value = line.partition(": ")
                    if name and separator:
                        fields[name] = value
                return int(fields["id"]), fields["data"]

            return next_event

        yield follow


def append(file: Path, data: bytes) -> None:
    with file.open("ab") as opened:
        opened.write(data)


def test_lines_arrive_as_they_are_written_at_every_reader(file: Path, follow: Callable[..., Any]) -> None:
    one, other = follow(), follow()
    assert [one(), one(), other()] == [(6, "first"), (13, "second"), (6, "first")]
    append(file, b"third\nhalf a ")
    assert one() == (19, "third")
    append(file, "line, wörds\n".encode())
    assert one() == (39, "half a line, wörds")
    assert [other() for _ in range(3)] == [(13, "second"), (19, "third"), (39, "half a line, wörds")]


def test_reader_who_comes_back_goes_on_where_it_was(file: Path, follow: Callable[..., Any]) -> None:
    assert follow(Last_Event_ID="6")() == (13, "second")
    append(file, b"".join(b"line %d\n" % number for number in range(20_000)))
    read = follow(Last_Event_ID="13")
    assert [read()[1] for _ in range(20_000)] == [f"line {number}" for number in range(20_000)]


def test_file_that_is_cut_or_replaced_is_followed_from_its_beginning(
    file: Path, follow: Callable[..., Any]
) -> None:
    read = follow()
    read(), read()
    file.write_bytes(b"anew\n")
    assert read() == (5, "anew")
    rotated = file.with_suffix(".new")
    rotated.write_bytes(b"another file, longer than the one before\n")
    rotated.replace(file)
    assert read() == (41, "another file, longer than the one before")


def test_place_that_is_no_number_and_file_that_is_not_there_are_refused(
    server: Program, run_example: Callable[..., Any]
) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS_MAX)) as connection:
        connection.request("GET", "/events", headers={"Last-Event-ID": "x"})
        with connection.getresponse() as response:
            assert (response.status, response.read()) == (400, b"Last-Event-ID is a place in the file, not x")
    ran = run_example("log_events/server.py", "/nowhere/log")
    assert ran.returncode == 2
    assert "/nowhere/log is no file: name one that exists" in ran.stderr
