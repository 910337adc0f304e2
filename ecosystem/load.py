"""Load for a minute, by a client that we did not write: no error, and memory that stays.

A library with a server has a program `recipes/load_NAME.py`, which listens on the port that its argument names. It runs
under `ouroloop run` in the library's environment. HTTP is asked for by wrk, from Debian's packages; what speaks
something else has a `recipes/client_NAME.py` that starts a client of others, and says what it did in wrk's words.
What several of them need is `plugin/ecosystem_load.py`.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecosystem.recipe import FOLDER
from ecosystem.servers import ServerError, free_port, listens
from ecosystem.suite import PLUGIN

if TYPE_CHECKING:
    from ecosystem.environment import Environment
    from ecosystem.servers import Packages

SECONDS = 60
CONNECTIONS = 64
START_SECONDS_MAX = 60
# What the allocator may do without being called a leak.
GROWTH_BYTES_MAX = 4 << 20


@dataclass
class Load:
    """What a minute of load showed."""

    library: str
    version: str
    client: str
    seconds: int
    requests: int = 0
    errors: str = ""
    resident_before: int = 0
    resident_after: int = 0
    problem: str = ""

    @property
    def is_good(self) -> bool:
        grown = self.resident_after - self.resident_before
        return not self.problem and not self.errors and self.requests > 0 and grown <= GROWTH_BYTES_MAX

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def program_of(name: str) -> Path | None:
    """The program that is loaded, where the library has one."""
    program = FOLDER / f"load_{name}.py"
    return program if program.exists() else None


def run(
    environment: Environment, variables: dict[str, str], packages: Packages, seconds: int = SECONDS
) -> Load:
    """Loads a library's server. Raises ServerError where there is no client."""
    recipe = environment.recipe
    program = program_of(recipe.name)
    assert program is not None
    own_client = FOLDER / f"client_{recipe.name}.py"
    port = free_port()
    if own_client.exists():
        client = [str(environment.python), str(own_client), str(port)]
        load = Load(
            recipe.name,
            recipe.version,
            own_client.read_text(encoding="utf-8").splitlines()[0].strip('"'),
            seconds,
        )
    else:
        wrk = str(packages.program("wrk", "wrk"))
        client = [wrk, "-t1", f"-c{CONNECTIONS}", "--timeout", "20s", f"http://127.0.0.1:{port}/", "-d"]
        load = Load(recipe.name, recipe.version, f"wrk, {CONNECTIONS} connections", seconds)
    log = environment.folder / "load.log"
    command = [str(environment.python), "-m", "ouroloop", "run", str(program), str(port)]
    with log.open("w") as output:
        server = subprocess.Popen(
            command,
            env={**os.environ, **variables, "PYTHONPATH": str(PLUGIN)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(server, port, log)
            _ask(client, recipe.warm_up_seconds, packages, load)
            load.resident_before, load.requests = resident_bytes(server.pid), 0
            _ask(client, seconds, packages, load)
            load.resident_after = resident_bytes(server.pid)
            server.send_signal(signal.SIGTERM)
            server.wait(30)
        except subprocess.TimeoutExpired as error:
            load.problem = f"not over in time: {error}"
        finally:
            server.kill()
            server.wait()
    if "Traceback" in log.read_text(errors="replace"):
        load.problem = load.problem or f"the server printed a traceback, see {os.path.relpath(log)}"
    return load


def _ask(client: list[str], seconds: int, packages: Packages, load: Load) -> None:
    """Runs the client once and adds up what it says: wrk's words, which our starters of other clients use too."""
    last = f"{seconds}s" if client[-1] == "-d" else str(seconds)
    done = subprocess.run(
        [*client, last],
        env={**packages.variables(), "PYTHONPATH": str(PLUGIN)},
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    counted = re.search(r"(\d+) requests in", done.stdout)
    errors = re.findall(r"(?:Socket errors|Non-2xx).*", done.stdout)
    if done.returncode or counted is None:
        errors.append(
            f"the client ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-200:]}"
        )
    else:
        load.requests += int(counted[1])
    load.errors = "; ".join(filter(None, [load.errors, *errors]))


def _wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while not listens(port):
        if server.poll() is not None or time.monotonic() > deadline:
            raise ServerError(f"the server under load does not start, see {os.path.relpath(log)}")
        time.sleep(0.1)


def resident_bytes(pid: int) -> int:
    """The memory of a process, and of those that it has started, that is not shared with files."""
    process = Path(f"/proc/{pid}")
    try:
        found = re.search(r"RssAnon:\s+(\d+) kB", (process / "status").read_text(encoding="ascii"))
        children = (process / "task" / str(pid) / "children").read_text(encoding="ascii").split()
    except FileNotFoundError:
        found = None
    if found is None:
        raise ServerError(f"process {pid} ended under load")
    return int(found[1]) * 1024 + sum(resident_bytes(int(child)) for child in children)


def report(load: Load) -> None:
    """A line for people."""
    verdict = "good" if load.is_good else f"BAD {load.problem} {load.errors}".strip()
    print(
        f"    load     {load.requests} requests in {load.seconds} s by {load.client};"
        f" {load.resident_before / 2**20:.1f} MiB before, {load.resident_after / 2**20:.1f} MiB after: {verdict}",
        file=sys.stderr,
        flush=True,
    )
