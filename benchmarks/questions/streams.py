"""TCP echo with streams: the standard library's on each loop, our own, and Trio's."""

from benchmarks.echo import EchoQuestion
from benchmarks.peers import LOOPS, OWN
from benchmarks.question import C_SERVER, FLOOR


class StreamEcho(EchoQuestion):
    name = "streams"
    title = "TCP echo with streams"
    about = (
        "The standard library's `asyncio.start_server` on each loop, and that of `from ouroloop import asyncio`: "
        "`reader.read`, `writer.write` and `writer.drain` for every message. Trio's streams say it with "
        "`receive_some` and `send_all`."
    )
    unfit = "curio and gevent are asked about sockets."
    peers = (OWN, *LOOPS, "trio")
    limits = (C_SERVER, FLOOR)
    program = "echo_streams"
    programs = {"trio": "echo_trio"}  # noqa: RUF012 - as in the base class
    other_counts = (100,)
    extremes = True
