"""The loops that can be measured, and which of them the running Python has.

Each is tried in a process of its own, so a peer that does not import, or takes its process down, only leaves
its place in the tables with the reason.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.child import Child, ChildError, module_command
from benchmarks.record import Contender

if TYPE_CHECKING:
    from collections.abc import Iterable

# In the order of the tables' rows. Each is a module with `new_event_loop` and `run`.
LOOPS = ("ouroloop", "uvloop", "rloop", "asyncio")
BASELINE = "uvloop"

_PROBE_SECONDS = 60.0


def find_contender(loop: str) -> Contender:
    """The peer as it is installed for this Python, or the reason why it cannot take part."""
    try:
        with Child(module_command("probe", loop), core=None) as child:
            line = child.read_line(_PROBE_SECONDS)
    except ChildError as error:
        return Contender(loop, missing=str(error))
    return read_probe(loop, line)


def read_probe(loop: str, line: str) -> Contender:
    """What the probe printed about the peer, in one line of JSON."""
    try:
        answer = json.loads(line)
    except ValueError:
        return Contender(loop, missing=f"its probe printed {line!r}")
    if "missing" in answer:
        return Contender(loop, missing=answer["missing"])
    note = ""
    if answer["editable"]:
        note = f"{loop} is an editable install, which slows its import: its start-up is not what users see."
    return Contender(loop, version=answer["version"], note=note)


def find_contenders(loops: Iterable[str]) -> list[Contender]:
    return [find_contender(loop) for loop in LOOPS if loop in set(loops)]
