"""The API that asks several services, over HTTP, with the services that come with it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import require

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Program


@pytest.fixture
def start(start_example: Callable[..., Program]) -> Callable[..., Callable[[str], tuple[int, Any]]]:
    """Starts the services and the API in front of those named; gives what asks the API."""
    require("starlette", "uvicorn", "httpx")

    def start(*names: str) -> Callable[[str], tuple[int, Any]]:
        services = start_example("fan_out/services.py", "--port", "0")
        urls = [f"{name}=http://127.0.0.1:{services.port}/{name}" for name in names]
        api = start_example("fan_out/api.py", "--port", "0", *urls)

        def get(path: str) -> tuple[int, Any]:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{api.port}{path}", timeout=20) as response:
                    return response.status, json.load(response)
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read().decode()

        return get

    return start


def test_answer_comes_in_time_with_what_has_come_and_why_the_rest_has_not(start: Callable[..., Any]) -> None:
    get = start("weather", "hotels", "trains", "events")
    started = time.monotonic()
    status, answer = get("/city/Ulm?within=5")
    # The slow service would take a minute.
    assert time.monotonic() - started < 20
    assert (status, answer) == (
        200,
        {
            "city": "Ulm",
            "weather": {"city": "Ulm", "degrees": 21},
            "missing": {"hotels": "took longer than 4.98 s", "trains": "status 500", "events": "no JSON"},
        },
    )
    # Twenty requests at once each give up one slow answer; the API goes on.
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(get, ["/city/Ulm?within=5"] * 20))
    assert all(status == 200 and "weather" in answer for status, answer in answers)


def test_nothing_at_all_is_a_gateway_time_out(start: Callable[..., Any]) -> None:
    get = start("hotels", "trains")
    status, body = get("/city/Ulm?within=4")
    assert status == 504
    assert json.loads(body)["missing"] == {"hotels": "took longer than 3.98 s", "trains": "status 500"}
    for within in ("soon", "0", "-1", "nan", "11"):
        assert get(f"/city/Ulm?within={within}") == (400, f"within is seconds from 0.02 to 10, not {within}")


def test_service_without_an_address_is_refused_with_the_fix(run_example: Callable[..., Any]) -> None:
    require("starlette", "uvicorn", "httpx")
    ran = run_example("fan_out/api.py", "weather:8001")
    assert ran.returncode == 2
    assert "weather:8001: write NAME=http://HOST/PATH" in ran.stderr
