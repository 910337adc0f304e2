"""TCP echo with streams: the standard library's on each loop, and our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.echo import EchoQuestion, EchoServer, start_server

if TYPE_CHECKING:
    from benchmarks.question import Workbench

OWN = "ouroloop, own streams"


class StreamEcho(EchoQuestion):
    name = "streams"
    title = "TCP echo with streams"
    about = (
        "The standard library's `asyncio.start_server` on each loop, and that of `from ouroloop import asyncio`: "
        "`reader.read`, `writer.write` and `writer.drain` for every message."
    )
    program = "echo_streams"
    variants = {OWN: "ouroloop"}  # noqa: RUF012 - as in the base class

    def start_server(self, peer: str, bench: Workbench) -> EchoServer:
        if peer == OWN:
            return start_server("echo_own_streams", self.variants[OWN], bench)
        return super().start_server(peer, bench)
