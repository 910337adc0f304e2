"""TCP echo with the loop's socket calls, and with the sockets of curio and gevent."""

from benchmarks.echo import EchoQuestion
from benchmarks.peers import LOOPS
from benchmarks.question import C_SERVER, FLOOR


class SocketEcho(EchoQuestion):
    name = "sock"
    title = "TCP echo with sock_recv and sock_sendall"
    about = (
        "One task a connection, which awaits `loop.sock_recv` and `loop.sock_sendall` on a plain socket. The "
        "sockets of curio and of gevent have calls of their own for the same."
    )
    unfit = "Trio is asked about streams."
    peers = (*LOOPS, "curio", "gevent")
    limits = (C_SERVER, FLOOR)
    program = "echo_sockets"
    programs = {"curio": "echo_curio", "gevent": "echo_gevent"}  # noqa: RUF012 - as in the base class
    other_counts = (100,)
