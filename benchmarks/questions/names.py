"""Names of hosts that are numbers already."""

from __future__ import annotations

from benchmarks.programs.primitives.catalog import NAMES
from benchmarks.questions.primitives import OperationQuestion


class Names(OperationQuestion):
    name = "names"
    title = "Addresses in numbers"
    about = (
        "`getaddrinfo` and `getnameinfo` of what needs no name server, by the clock on the wall: whether it "
        "takes a thread, and what that costs."
    )
    catalog = "names"
    operations = NAMES
