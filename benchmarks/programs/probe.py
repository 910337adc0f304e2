"""Says whether a peer is there and runs: one line of JSON with its version, or with what is missing."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import platform
import sys

from benchmarks.programs.loops import run_on
from benchmarks.programs.namespace import asyncio

# Libraries with a way to run of their own.
FOREIGN = ("trio", "curio", "gevent")


async def _home_of_running_loop() -> str:
    await asyncio.sleep(0)
    return type(asyncio.get_running_loop()).__module__


def _is_editable(distribution: importlib.metadata.Distribution) -> bool:
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))


def _run_foreign(name: str) -> str:
    module = importlib.import_module(name)

    async def nothing() -> None:
        pass

    if name == "gevent":
        module.spawn(lambda: None).join()
    else:
        module.run(nothing)
    return name


def probe(peer: str) -> dict[str, object]:
    try:
        home = _run_foreign(peer) if peer in FOREIGN else run_on(peer, _home_of_running_loop)
    except ModuleNotFoundError as error:
        if error.name == peer:
            return {"missing": "not installed"}
        return {"missing": f"does not import: {error}"}
    except Exception as error:
        return {"missing": f"does not run: {error!r}"}
    # The transports of aiofastnet go with the loop of another.
    if peer != "aiofastnet" and home.partition(".")[0] != peer:
        return {"missing": f"makes a loop that belongs to {home}"}
    if peer == "asyncio":
        return {"version": platform.python_version(), "editable": False}
    try:
        distribution = importlib.metadata.distribution(peer)
    except importlib.metadata.PackageNotFoundError:
        return {"version": "of unknown version", "editable": False}
    return {"version": distribution.version, "editable": _is_editable(distribution)}


if __name__ == "__main__":
    print(json.dumps(probe(sys.argv[1])))
