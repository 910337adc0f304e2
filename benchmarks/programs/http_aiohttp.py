"""The smallest aiohttp application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from benchmarks.programs.serving import BACKLOG, serve

if TYPE_CHECKING:
    import socket


async def hello(_request: web.Request) -> web.Response:
    return web.Response(body=b"Hello, world!", content_type="text/plain")


async def start(listener: socket.socket) -> object:
    application = web.Application()
    application.router.add_get("/", hello)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener, backlog=BACKLOG).start()
    return runner


if __name__ == "__main__":
    serve(start)
