"""TCP echo with `asyncio.Protocol`."""

from benchmarks.echo import EchoQuestion
from benchmarks.question import C_SERVER, FLOOR


class ProtocolEcho(EchoQuestion):
    name = "protocol"
    title = "TCP echo with a protocol"
    about = (
        "An `asyncio.Protocol` whose `data_received` writes back what came in: the thinnest server a loop "
        "can have."
    )
    unfit = "Trio, curio and gevent have no protocols."
    limits = (C_SERVER, FLOOR)
    program = "echo_protocol"
    other_counts = (10, 100, 1000)
    extremes = True
