"""uvicorn takes our loop by the name of its factory, with one process and with several."""

import signal

import pytest
from ecosystem_programs import LOOP, LOOP_MODULE, free_port, serving

FACTORY = {"asyncio": "asyncio", "uvloop": "uvloop", "ouroloop": "ouroloop:new_event_loop"}[LOOP]


@pytest.mark.parametrize("http", ["h11", "httptools"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_on_the_loop_and_stops_when_told(http, workers, tmp_path):
    port = free_port()
    options = ["--port", str(port), "--loop", FACTORY, "--http", http, "--workers", workers]
    with serving(tmp_path, port, "-m", "uvicorn", "served:app", *options) as program:
        for _ in range(20):
            assert program.get().startswith(LOOP_MODULE)
        assert program.stop(signal.SIGTERM) in (0, -signal.SIGTERM), program.printed()
        assert "Traceback" not in program.printed(), program.printed()
