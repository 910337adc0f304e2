"""Streams the lines of a file, as they are written, to any number of browsers: server-sent events.

    python examples/log_events/server.py /var/log/syslog --port 8000

GET /         a page that shows them
GET /events   the stream; an event's id is the place in the file after its line, so who comes back with Last-Event-ID,
              as browsers do by themselves, goes on where they were
"""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

LOOK_SECONDS = 0.2
READ_BYTES_MAX = 65_536


async def follow(path: Path, place: int) -> AsyncIterator[tuple[int, str]]:
    """Yields each line of a file from a place (bytes) on, with the place after it; it never ends.

    A file that has become shorter is read from its beginning; one that has been replaced is opened anew. A line is
    yielded once its end is there, and cut where it is longer than 64 KiB.
    """
    while True:
        with path.open("rb") as file:
            if place > os.fstat(file.fileno()).st_size:
                place = 0
            file.seek(place)
            while True:
                # A disk may be slow, and the loop has other readers: a thread waits for it.
                block = await asyncio.to_thread(file.read, READ_BYTES_MAX)
                whole = (
                    block
                    if len(block) == READ_BYTES_MAX and b"\n" not in block
                    else block[: block.rfind(b"\n") + 1]
                )
                for line in whole.splitlines(keepends=True):
                    place += len(line)
                    yield place, line.decode(errors="replace").rstrip("\r\n")
                if whole:
                    file.seek(place)
                    continue
                await asyncio.sleep(LOOK_SECONDS)
                if was_replaced(path, file.fileno(), place):
                    break
                file.seek(place)
        place = 0


def was_replaced(path: Path, descriptor: int, place: int) -> bool:
    """Whether the name stands for another file now, or for one that was cut short."""
    try:
        named, opened = path.stat(), os.fstat(descriptor)
    except FileNotFoundError:
        return False
    return (named.st_ino, named.st_dev) != (opened.st_ino, opened.st_dev) or opened.st_size < place


async def events(request: Request) -> EventSourceResponse:
    path: Path = request.app.state.path
    last = request.headers.get("last-event-id", "0")
    if not (last.isascii() and last.isdecimal()):
        raise HTTPException(400, f"Last-Event-ID is a place in the file, not {last}")

    async def stream() -> AsyncIterator[ServerSentEvent]:
        async for place, line in follow(path, int(last)):
            yield ServerSentEvent(line, id=str(place))

    # A comment every 15 s keeps proxies from closing a quiet stream; a reader who takes nothing for 30 s is let go.
    return EventSourceResponse(stream(), ping=15, send_timeout=30)


async def page(_request: Request) -> FileResponse:
    return FileResponse(Path(__file__).parent / "page.html")


def existing_file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{text} is no file: name one that exists")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Streams the lines of a file to browsers.")
    parser.add_argument("file", type=existing_file)
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    options = parser.parse_args()
    app = Starlette(routes=[Route("/", page), Route("/events", events)])
    app.state.path = options.file
    uvicorn.run(app, port=options.port, loop="ouroloop:new_event_loop", timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
