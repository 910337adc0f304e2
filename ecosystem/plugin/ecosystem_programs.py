"""For the tests beside the recipes: an application that says which loop it runs on, and servers started as users do."""

import contextlib
import os
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request

LOOP = os.environ["ECOSYSTEM_LOOP"]
# How the module of a loop's class begins.
LOOP_MODULE = {"asyncio": "asyncio.", "uvloop": "uvloop", "ouroloop": "ouroloop."}[LOOP]
START_SECONDS_MAX = 45
# As an ASGI application in served.py: it answers with the module of its loop's class, and its process.
ASGI = textwrap.dedent(
    """
    import asyncio
    import os

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": message["type"] + ".complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        await asyncio.sleep(0.005)
        body = f"{type(asyncio.get_running_loop()).__module__} {os.getpid()}".encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    """
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """A server that was started, its address and what it has printed."""

    def __init__(self, process, address, log) -> None:
        self.process = process
        self.address = address
        self.log = log

    def printed(self) -> str:
        return self.log.read_text(errors="replace")

    def get(self, path="") -> str:
        # A new connection each, so that each worker has its turn.
        with urllib.request.urlopen(self.address + path, timeout=30) as answer:
            return answer.read().decode()

    def stop(self, signal_number, seconds=30) -> int:
        self.process.send_signal(signal_number)
        return self.process.wait(seconds)


@contextlib.contextmanager
def serving(folder, port, *command, source=ASGI):
    """Runs `python *command` in a folder with served.py, waits until it listens, and ends it."""
    (folder / "served.py").write_text(source)
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        program = Program(process, f"http://127.0.0.1:{port}/", log)
        try:
            deadline = time.monotonic() + START_SECONDS_MAX
            while not listens(port):
                assert process.poll() is None, program.printed()
                assert time.monotonic() < deadline, f"does not listen: {program.printed()}"
                time.sleep(0.1)
            yield program
        finally:
            process.kill()
            process.wait()


def listens(port) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    return False
