"""hypercorn, which names its loops, runs on ours by `ouroloop run`, also where it is told to take uvloop."""

import signal

import pytest
from ecosystem_programs import LOOP, LOOP_MODULE, free_port, serving

WAYS = {
    "asyncio": [([], "asyncio")],
    "uvloop": [([], "uvloop")],
    "ouroloop": [(["-m", "ouroloop", "run"], "asyncio"), (["-m", "ouroloop", "run"], "uvloop")],
}[LOOP]


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(("takeover", "kind"), WAYS, ids=[f"way{number}" for number in range(len(WAYS))])
def test_it_serves_on_the_loop_and_stops_when_told(takeover, kind, workers, tmp_path):
    port = free_port()
    options = ["--bind", f"127.0.0.1:{port}", "--worker-class", kind, "--workers", workers]
    with serving(tmp_path, port, *takeover, "-m", "hypercorn", "served:app", *options) as program:
        for _ in range(20):
            assert program.get().startswith(LOOP_MODULE)
        assert program.stop(signal.SIGTERM) in (0, -signal.SIGTERM), program.printed()
        assert "Traceback" not in program.printed(), program.printed()


def test_its_server_runs_inside_a_program_of_ours(tmp_path):
    source = (
        "import asyncio, ouroloop, sys\n"
        "from hypercorn.asyncio import serve\n"
        "from hypercorn.config import Config\n"
        "from app import app\n"
        "config = Config()\n"
        "config.bind = [f'127.0.0.1:{sys.argv[1]}']\n"
        "ouroloop.run(serve(app, config))\n"
    )
    from ecosystem_programs import ASGI

    (tmp_path / "app.py").write_text(ASGI)
    port = free_port()
    with serving(tmp_path, port, "served.py", str(port), source=source) as program:
        assert program.get().startswith("ouroloop.")
        assert program.stop(signal.SIGTERM) in (0, -signal.SIGTERM), program.printed()
