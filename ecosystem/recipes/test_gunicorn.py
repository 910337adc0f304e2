"""gunicorn with uvicorn's worker, and with its own for ASGI, on each loop, started as users start them."""

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from ecosystem_programs import LOOP, LOOP_MODULE, free_port, serving

# How gunicorn is started, and its worker class. The second of ours has a worker that knows uvloop by name only.
WAYS = {
    "asyncio": [([], ["uvicorn_worker.UvicornH11Worker"]), ([], ["asgi", "--asgi-loop", "asyncio"])],
    "uvloop": [([], ["uvicorn_worker.UvicornWorker"]), ([], ["asgi", "--asgi-loop", "uvloop"])],
    "ouroloop": [
        ([], ["ouroloop.gunicorn.UvicornWorker"]),
        (["-m", "ouroloop", "run"], ["asgi", "--asgi-loop", "uvloop"]),
    ],
}[LOOP]


@contextlib.contextmanager
def gunicorn(folder, way):
    takeover, worker = way
    port = free_port()
    options = ["-k", *worker, "-w", "2", "-b", f"127.0.0.1:{port}"]
    with serving(folder, port, *takeover, "-m", "gunicorn", "served:app", *options) as program:
        yield program


@pytest.mark.parametrize("way", WAYS, ids=["uvicorn", "asgi"])
def test_two_workers_serve_on_the_loop_and_stop_when_told(way, tmp_path):
    with gunicorn(tmp_path, way) as program:
        with ThreadPoolExecutor(10) as clients:
            answers = list(clients.map(lambda _: program.get(), range(100)))
        assert all(answer.startswith(LOOP_MODULE) for answer in answers), answers[0]
        assert program.stop(signal.SIGTERM) == 0, program.printed()
        assert "Traceback" not in program.printed(), program.printed()


@pytest.mark.parametrize("way", WAYS, ids=["uvicorn", "asgi"])
def test_a_worker_that_dies_is_replaced(way, tmp_path):
    with gunicorn(tmp_path, way) as program:
        first = program.get().split()[1]
        os.kill(int(first), signal.SIGKILL)
        seen = set()
        deadline = time.monotonic() + 40
        while len(seen) < 2 and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                seen.add(program.get().split()[1])
            seen.discard(first)
            time.sleep(0.01)
        assert len(seen) == 2, program.printed()
