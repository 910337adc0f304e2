"""A server of the demo: which program on which event loop, its process, and what it wrote."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 10.0
# Both frameworks announce the address they listen on, and port 0 makes the kernel choose a free one.
ANNOUNCEMENT = re.compile(r"running on (http://127\.0\.0\.1:\d+)", re.IGNORECASE)

COMPLAINT = re.compile(r"Traceback|^ERROR|Exception in|exception was never retrieved", re.MULTILINE)

UVICORN = ["-m", "uvicorn", "asgi_app:app", "--host", "127.0.0.1", "--port", "0", "--http", "httptools"]
UVICORN += ["--no-access-log", "--no-use-colors", "--loop"]


@dataclass(frozen=True)
class Kind:
    """A program of a framework, and the command line that runs it, unchanged, on each loop."""

    name: str
    commands: Mapping[str, Sequence[str]]


KINDS = (
    Kind(
        "uvicorn, Starlette",
        {
            "asyncio": [*UVICORN, "asyncio"],
            "uvloop": [*UVICORN, "uvloop"],
            "ouroloop": [*UVICORN, "ouroloop:new_event_loop"],
        },
    ),
    Kind(
        "aiohttp",
        {
            "asyncio": ["aiohttp_server.py"],
            "uvloop": ["on_uvloop.py", "aiohttp_server.py"],
            "ouroloop": ["-m", "ouroloop", "run", "aiohttp_server.py"],
        },
    ),
)


class ServerError(Exception):
    """A server did not start, did not stop, or complained; the text says which and what it wrote."""


def pin(process: int, core: int | None) -> None:
    """Keeps a process on one core; one that has already ended says so by its exit code, not here."""
    if core is not None:
        with suppress(ProcessLookupError):
            os.sched_setaffinity(process, {core})


class Server:
    """One running server process, on one core, ended by its process id."""

    def __init__(self, kind: Kind, loop: str, log: Path, core: int | None) -> None:
        self.kind = kind
        self.loop = loop
        self.log = log
        self.url = ""
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *kind.commands[loop]],
                cwd=HERE,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        pin(self.process.pid, core)

    @property
    def name(self) -> str:
        return f"{self.kind.name} on {self.loop}"

    def wait_ready(self) -> None:
        """Returns when the server answers, on the loop that was asked for."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not (announced := ANNOUNCEMENT.search(self.output())):
            if self.process.poll() is not None:
                raise self.error(f"ended with exit code {self.process.returncode} while starting")
            if time.monotonic() > deadline:
                raise self.error(f"did not start within {START_SECONDS_MAX:.0f} s")
            time.sleep(0.05)
        self.url = announced[1]
        try:
            with urllib.request.urlopen(f"{self.url}/loop", timeout=5) as answer:
                loop = json.load(answer)["loop"]
        except (OSError, ValueError) as reason:
            raise self.error(f"did not answer: {reason}") from reason
        if not loop.startswith(f"{self.loop}."):
            raise self.error(f"runs on {loop}, not on {self.loop}")

    def stop(self) -> None:
        """Ends the process the way a service manager would, and by force when that does not help."""
        if self.process.poll() is not None:
            raise self.error(f"ended by itself with exit code {self.process.returncode}")
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise self.error(f"did not stop within {STOP_SECONDS_MAX:.0f} s of SIGTERM") from None
        # uvicorn lets the signal end it once it has shut down; aiohttp exits as usual.
        if code not in (0, -signal.SIGTERM):
            raise self.error(f"ended with exit code {code} on SIGTERM")
        if COMPLAINT.search(self.output()):
            raise self.error("reported an error")

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def error(self, what: str) -> ServerError:
        wrote = "\n".join(f"    {line}" for line in self.output().splitlines()[-25:])
        return ServerError(f"{self.name} {what}. It wrote:\n{wrote or '    nothing'}")
