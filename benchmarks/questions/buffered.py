"""TCP echo with `asyncio.BufferedProtocol`."""

from benchmarks.echo import EchoQuestion
from benchmarks.question import C_SERVER, FLOOR


class BufferedEcho(EchoQuestion):
    name = "buffered"
    title = "TCP echo with a buffered protocol"
    about = (
        "An `asyncio.BufferedProtocol` that lends the loop a buffer of its own and writes back a copy of what "
        "came into it."
    )
    unfit = "Trio, curio and gevent have no protocols."
    limits = (C_SERVER, FLOOR)
    program = "echo_buffered"
    other_counts = (100,)
