"""TCP echo with the loop's socket calls."""

from benchmarks.echo import EchoQuestion


class SocketEcho(EchoQuestion):
    name = "sock"
    title = "TCP echo with sock_recv and sock_sendall"
    about = "One task a connection, which awaits `loop.sock_recv` and `loop.sock_sendall` on a plain socket."
    program = "echo_sockets"
