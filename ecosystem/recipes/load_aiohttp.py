"""Answers by aiohttp's server, after a step through the loop."""

import asyncio
import sys

from aiohttp import web


async def answer(request):
    await asyncio.sleep(0)
    return web.json_response({"path": request.path, "numbers": list(range(50))})


app = web.Application()
app.router.add_get("/", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
