"""What the first use of a name imports, it imports without the garbage collector's rounds, and leaves it as it was."""

from __future__ import annotations

import subprocess
import sys

import pytest

PACKAGES = ["ouroloop", "ouroloop.asyncio"]
WAYS = ["import ouroloop; ouroloop.run", "from ouroloop import asyncio; asyncio.run"]


def told_by(program: str) -> str:
    """What a program prints that begins with nothing imported."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_is_collected_meanwhile(package: str) -> None:
    # One round may follow where the interpreter itself has frozen objects at its start, as 3.12's does.
    program = (
        f"import gc, {package} as package\n"
        "rounds = []; gc.callbacks.append(lambda phase, info: rounds.append(phase))\n"
        "package.run; print(rounds.count('start'))"
    )
    assert int(told_by(program)) <= 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("state", ["enable", "disable"])
def test_the_collector_stays_as_it_is(way: str, state: str) -> None:
    assert told_by(f"import gc; gc.{state}(); {way}; print(gc.isenabled())") == f"{state == 'enable'}\n"


@pytest.mark.parametrize("way", WAYS)
def test_what_the_program_has_frozen_stays_frozen(way: str) -> None:
    # A few of them are freed in passing.
    program = (
        f"import gc; gc.freeze(); before = gc.get_freeze_count(); {way}; print(gc.get_freeze_count(), before)"
    )
    frozen, before = map(int, told_by(program).split())
    assert frozen > before * 0.9 > 0


def test_the_collector_runs_again_after_an_import_that_fails() -> None:
    program = (
        "import gc, sys, ouroloop; sys.modules['ouroloop.service.run'] = None\n"
        "try: ouroloop.run\n"
        "except ImportError: print(gc.isenabled())"
    )
    assert told_by(program) == "True\n"
