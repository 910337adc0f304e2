"""An API that asks several services at once and answers in time, with what has come by then.

    python examples/fan_out/api.py --port 8000 weather=http://127.0.0.1:8001/weather hotels=http://127.0.0.1:8001/hotels

GET /city/NAME?within=0.5   asks every service for that city; `within` is in seconds
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

WITHIN_SECONDS, WITHIN_SECONDS_MAX = 0.5, 10.0
# An answer is sent this much before the time is up.
MARGIN_SECONDS = 0.02


class ServiceError(Exception):
    """A service gave no answer that can be used; the text says why."""


async def ask(client: httpx.AsyncClient, url: str, city: str) -> Any:
    try:
        response = await client.get(url, params={"city": city})
        response.raise_for_status()
        return response.json()
    except httpx.HTTPStatusError as error:
        raise ServiceError(f"status {error.response.status_code}") from error
    except httpx.HTTPError as error:
        raise ServiceError(type(error).__name__) from error
    except ValueError as error:
        raise ServiceError("no JSON") from error


async def ask_all(
    client: httpx.AsyncClient, services: dict[str, str], city: str, within_seconds: float
) -> tuple[dict[str, Any], dict[str, str]]:
    """What each service answered, and why the others did not, `within_seconds` from now at the latest.

    All are asked at the same time. One that fails or is late costs its own part of the answer; one that is late is
    cancelled, which closes its connection.
    """
    tasks = {name: asyncio.create_task(ask(client, url, city), name=name) for name, url in services.items()}
    try:
        await asyncio.wait(tasks.values(), timeout=within_seconds)
    finally:
        # Also when whoever asked has gone away meanwhile.
        late = {name for name, task in tasks.items() if task.cancel()}
        outcomes = await asyncio.gather(*tasks.values(), return_exceptions=True)
    answers, missing = {}, {}
    for name, outcome in zip(tasks, outcomes, strict=True):
        if name in late:
            missing[name] = f"took longer than {within_seconds:g} s"
        elif isinstance(outcome, ServiceError):
            missing[name] = str(outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            answers[name] = outcome
    return answers, missing


async def city(request: Request) -> JSONResponse:
    within_seconds = seconds_of(request.query_params.get("within", str(WITHIN_SECONDS)))
    answers, missing = await ask_all(
        request.app.state.client,
        request.app.state.services,
        request.path_params["name"],
        within_seconds - MARGIN_SECONDS,
    )
    status = 200 if answers else 504
    return JSONResponse({"city": request.path_params["name"], **answers, "missing": missing}, status)


def seconds_of(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not MARGIN_SECONDS < seconds <= WITHIN_SECONDS_MAX:
        raise HTTPException(
            400, f"within is seconds from {MARGIN_SECONDS} to {WITHIN_SECONDS_MAX:g}, not {text}"
        )
    return seconds


def make_app(services: dict[str, str]) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # One client for all requests: it keeps connections to the services open. `ask_all` limits the time.
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        async with httpx.AsyncClient(limits=limits, timeout=WITHIN_SECONDS_MAX) as app.state.client:
            yield

    app = Starlette(routes=[Route("/city/{name}", city)], lifespan=lifespan)
    app.state.services = services
    return app


def service(text: str) -> tuple[str, str]:
    name, separator, url = text.partition("=")
    if not (name and separator and url.startswith(("http://", "https://"))):
        raise argparse.ArgumentTypeError(f"{text}: write NAME=http://HOST/PATH")
    return name, url


def main() -> None:
    parser = argparse.ArgumentParser(description="Asks several services at once and answers in time.")
    parser.add_argument("services", nargs="+", type=service, metavar="NAME=URL")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    options = parser.parse_args()
    app = make_app(dict(options.services))
    uvicorn.run(app, port=options.port, loop="ouroloop:new_event_loop", timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
