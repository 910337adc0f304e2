"""The script that runs commands where Debian's Pythons are: what it says when a machine cannot have them."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "tools" / "debian_python.sh"


@pytest.fixture
def run(tmp_path):
    """Runs the script with programs of its own in front: a name and what it does, as a line of shell."""

    def run(*words, **programs):
        for name, line in programs.items():
            program = tmp_path / name
            program.write_text(f"#!/bin/sh\n{line}\n")
            program.chmod(0o755)
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        return subprocess.run([SCRIPT, *words], capture_output=True, text=True, timeout=30, env=environment)

    return run


@pytest.mark.parametrize(
    ("programs", "missing"),
    [
        ({"uname": "echo Darwin"}, "this is not Linux"),
        ({"id": "echo 1000"}, "root is needed"),
        ({"id": "echo 0", "unshare": "exit 1"}, "does not let root make a mount namespace"),
    ],
)
def test_what_a_machine_lacks_is_said(run, programs, missing):
    ended = run("--check", **programs)
    assert ended.returncode == 1
    assert missing in ended.stderr
    # Nothing is begun that could not be finished.
    assert run("make", "test", **programs).stderr == ended.stderr


def test_a_machine_that_has_all_is_fit_in_silence(run):
    ended = run("--check", id="echo 0", unshare="exit 0", debootstrap="exit 1")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_the_ways_to_call_it_are_shown(run, words):
    assert "debian_python.sh --setup" in run(*words).stdout
