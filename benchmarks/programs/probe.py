"""Says whether a loop is there and runs: one line of JSON with its version, or with what is missing."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import platform
import sys

from benchmarks.programs.loops import run_on


async def _home_of_running_loop() -> str:
    await asyncio.sleep(0)
    return type(asyncio.get_running_loop()).__module__


def _is_editable(distribution: importlib.metadata.Distribution) -> bool:
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))


def probe(loop: str) -> dict[str, object]:
    try:
        module = run_on(loop, _home_of_running_loop)
    except ModuleNotFoundError as error:
        if error.name == loop:
            return {"missing": "not installed"}
        return {"missing": f"does not import: {error}"}
    except Exception as error:
        return {"missing": f"does not run: {error!r}"}
    if module.partition(".")[0] != loop:
        return {"missing": f"makes a loop that belongs to {module}"}
    if loop == "asyncio":
        return {"version": platform.python_version(), "editable": False}
    try:
        distribution = importlib.metadata.distribution(loop)
    except importlib.metadata.PackageNotFoundError:
        return {"version": "of unknown version", "editable": False}
    return {"version": distribution.version, "editable": _is_editable(distribution)}


if __name__ == "__main__":
    print(json.dumps(probe(sys.argv[1])))
