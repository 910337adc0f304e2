"""TCP echo with the standard library's streams."""

from benchmarks.echo import EchoQuestion


class StreamEcho(EchoQuestion):
    name = "streams"
    title = "TCP echo with streams"
    about = (
        "The standard library's `asyncio.start_server` on each loop: `reader.read`, `writer.write` and "
        "`writer.drain` for every message."
    )
    program = "echo_streams"
