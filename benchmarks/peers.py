"""The peers that can be measured, and which of them the running Python has.

Each is tried in a process of its own, so a peer that does not import, or takes its process down, only leaves
its place in the tables with the reason.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.child import Child, ChildError, module_command
from benchmarks.programs.namespace import OWN_NAMESPACE
from benchmarks.record import Contender

if TYPE_CHECKING:
    from collections.abc import Iterable

# Our loop with what `from ouroloop import asyncio` gives; "ouroloop" is our loop below the standard library's own.
OWN = "ouroloop.asyncio"
# Each is a module with `new_event_loop`, on which one asyncio program runs.
LOOPS = ("ouroloop", "uvloop", "rloop", "zuvloop", "asyncio")
# Libraries of another kind, each with programs of its own; aiofastnet has transports and no loop.
TRANSPORTS = ("aiofastnet",)
LIBRARIES = ("trio", "curio", "gevent")

# In the order of the tables' rows.
PEERS = (OWN, *LOOPS, *TRANSPORTS, *LIBRARIES)
BASELINE = "uvloop"

_PROBE_SECONDS = 60.0


def program_words(peer: str) -> list[str]:
    """How a measured program is told its peer."""
    return ["ouroloop", OWN_NAMESPACE] if peer == OWN else [peer]


def find_contender(peer: str) -> Contender:
    """The peer as it is installed for this Python, or the reason why it cannot take part."""
    try:
        with Child(module_command("probe", *program_words(peer)), core=None) as child:
            line = child.read_line(_PROBE_SECONDS)
    except ChildError as error:
        return Contender(peer, missing=str(error))
    return read_probe(peer, line)


def read_probe(peer: str, line: str) -> Contender:
    """What the probe printed about the peer, in one line of JSON."""
    try:
        answer = json.loads(line)
    except ValueError:
        return Contender(peer, missing=f"its probe printed {line!r}")
    if "missing" in answer:
        return Contender(peer, missing=_why_missing(peer, answer["missing"]))
    note = ""
    if answer["editable"]:
        note = f"{peer} is an editable install, which slows its import: its start-up is not what users see."
    return Contender(peer, version=answer["version"], note=note)


def _why_missing(peer: str, reason: str) -> str:
    """With what the installation left beside the environment when it failed, if it did."""
    log = Path(sys.prefix) / f"peer-{peer}.log"
    if reason != "not installed" or not log.exists():
        return reason
    errors = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("ERROR: ")]
    return f"not installed: {errors[-1].removeprefix('ERROR: ')}" if errors else reason


def find_contenders(peers: Iterable[str]) -> list[Contender]:
    return [find_contender(peer) for peer in PEERS if peer in set(peers)]
