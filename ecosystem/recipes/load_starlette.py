"""Answers by Starlette under uvicorn: one in the loop, one from a thread, one in pieces, by turns."""

import itertools
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

turns = itertools.count()


async def pieces():
    for number in range(10):
        yield f"{number:04}" * 20


async def answer(request):
    turn = next(turns) % 3
    if turn == 0:
        return JSONResponse({"path": request.url.path, "numbers": list(range(50))})
    if turn == 1:
        return JSONResponse({"sum": await run_in_threadpool(sum, range(1000))})
    return StreamingResponse(pieces())


uvicorn.run(
    Starlette(routes=[Route("/", answer)]),
    port=int(sys.argv[1]),
    loop="ouroloop:new_event_loop",
    access_log=False,
    log_level="error",
)
