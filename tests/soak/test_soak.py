"""A short soak: every kind of socket, every manner of client. `make soak` runs a long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 6


@pytest.mark.timeout(120)
def test_nothing_is_lost_and_nothing_grows_while_clients_of_every_manner_talk() -> None:
    program = Path(__file__).with_name("run.py")
    finished = subprocess.run(
        [sys.executable, program, "--seconds", str(SECONDS)], capture_output=True, text=True, timeout=110
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    for kind in ("tcp", "unix", "tls", "udp"):
        assert f"  {kind} " in finished.stdout
