"""Echo over Unix sockets with `asyncio.Protocol`."""

from benchmarks.echo import EchoQuestion
from benchmarks.question import C_SERVER, FLOOR


class UnixEcho(EchoQuestion):
    name = "unix"
    title = "Echo over Unix sockets"
    about = "The protocol of the first question on `loop.create_unix_server`."
    limits = (C_SERVER, FLOOR)
    program = "echo_unix"
    native_words = ("--unix",)
