"""Uvicorn with httptools, serving the smallest ASGI application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import uvicorn

from benchmarks.programs.serving import BACKLOG, serve

if TYPE_CHECKING:
    import socket

BODY = b"Hello, world!"
HEADERS = [(b"content-type", b"text/plain"), (b"content-length", str(len(BODY)).encode())]


async def application(scope: dict[str, Any], receive: object, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


async def start(listener: socket.socket) -> object:
    config = uvicorn.Config(
        application,
        http="httptools",
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="warning",
        backlog=BACKLOG,
    )
    server = uvicorn.Server(config)
    task = asyncio.get_running_loop().create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.001)
    return task


if __name__ == "__main__":
    serve(start)
