"""A small aiohttp server: one JSON endpoint, and one that says which event loop serves it."""

import asyncio

from aiohttp import web


async def hello(request: web.Request) -> web.Response:
    return web.json_response({"message": "hello", "name": request.match_info["name"]})


async def event_loop(request: web.Request) -> web.Response:
    kind = type(asyncio.get_running_loop())
    return web.json_response({"loop": f"{kind.__module__}.{kind.__qualname__}"})


app = web.Application()
app.add_routes([web.get("/hello/{name}", hello), web.get("/loop", event_loop)])

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=0, access_log=None)
