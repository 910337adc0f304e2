"""A small ASGI application on Starlette: one JSON endpoint, and one that says which event loop serves it."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def hello(request: Request) -> JSONResponse:
    return JSONResponse({"message": "hello", "name": request.path_params["name"]})


async def event_loop(request: Request) -> JSONResponse:
    kind = type(asyncio.get_running_loop())
    return JSONResponse({"loop": f"{kind.__module__}.{kind.__qualname__}"})


app = Starlette(routes=[Route("/hello/{name}", hello), Route("/loop", event_loop)])
