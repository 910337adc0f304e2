"""Services to try the API with: one that answers, one that is slow, one that fails, one that talks nonsense.

python examples/fan_out/services.py --port 8001
"""

import argparse
import asyncio

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


async def weather(request: Request) -> Response:
    return JSONResponse({"city": request.query_params["city"], "degrees": 21})


async def hotels(request: Request) -> Response:
    for _ in range(600):
        if await request.is_disconnected():
            return Response(status_code=499)
        await asyncio.sleep(0.1)
    return JSONResponse(["Grand", "Station"])


async def trains(_request: Request) -> Response:
    return JSONResponse({"error": "database is gone"}, 500)


async def events(_request: Request) -> Response:
    return PlainTextResponse("a concert")


app = Starlette(routes=[Route(f"/{each.__name__}", each) for each in (weather, hotels, trains, events)])

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Services that answer, dawdle and fail.")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    port = parser.parse_args().port
    uvicorn.run(app, port=port, loop="ouroloop:new_event_loop", timeout_graceful_shutdown=1)
