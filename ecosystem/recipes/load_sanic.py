"""Answers by Sanic's server, in one process."""

import asyncio
import sys

from sanic import Sanic
from sanic.response import json

app = Sanic("load")


@app.get("/")
async def answer(request):
    await asyncio.sleep(0)
    return json({"path": request.path, "numbers": list(range(50))})


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]), access_log=False, motd=False, single_process=True)
