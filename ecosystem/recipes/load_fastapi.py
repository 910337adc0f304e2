"""Answers by FastAPI under uvicorn, with a dependency that is given up afterwards and a model that is checked."""

import asyncio
import sys

import uvicorn
from fastapi import Depends, FastAPI
from pydantic import BaseModel

app = FastAPI()


class Answer(BaseModel):
    path: str
    numbers: list[int]


async def numbers():
    yield list(range(50))
    await asyncio.sleep(0)


@app.get("/")
async def answer(numbers: list[int] = Depends(numbers)) -> Answer:  # noqa: B008 - as FastAPI is told
    return Answer(path="/", numbers=numbers)


uvicorn.run(app, port=int(sys.argv[1]), loop="ouroloop:new_event_loop", access_log=False, log_level="error")
