"""UDP echo with `asyncio.DatagramProtocol`."""

from benchmarks.echo import EchoQuestion, echo_case
from benchmarks.question import C_SERVER, FLOOR, Settings
from benchmarks.record import Case

# A socket holds some ninety datagrams of 1,400 bytes before the kernel drops one, and nobody sends it again.
CLIENTS = (1, 50)
SIZES = (64, 1400)


class DatagramEcho(EchoQuestion):
    name = "datagrams"
    title = "UDP echo"
    about = (
        "A `DatagramProtocol` that sends back what came in, on one socket. Each client is a socket of its own "
        "with one datagram in flight."
    )
    limits = (C_SERVER, FLOOR)
    program = "echo_datagrams"
    native_words = ("--udp",)

    def cases(self, settings: Settings) -> list[Case]:
        return [echo_case(count, size, everyone=count > 1) for size in SIZES for count in CLIENTS]
