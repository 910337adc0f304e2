"""A cache that speaks memcached's protocol: a plain TCP service made of callbacks, without a coroutine a connection.

python examples/cache_server/server.py --port 11211 --megabytes 64
"""

import argparse
import asyncio
import signal
import sys

from protocol import Session, Store

import ouroloop

CONNECTIONS_MAX = 10_000
IDLE_SECONDS_MAX = 600.0


class Connection(asyncio.Protocol):
    """One client. Reads, has the session answer, writes; and reads nothing while the client takes no answers."""

    def __init__(self, store: Store, connections: "set[Connection]") -> None:
        self.session = Session(store)
        self.connections = connections
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.heard = asyncio.get_running_loop().time()
        if len(self.connections) >= CONNECTIONS_MAX:
            transport.write(b"SERVER_ERROR too many open connections\r\n")
            transport.close()
        self.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self.heard = asyncio.get_running_loop().time()
        if answer := self.session.receive(data):
            self.transport.write(answer)
        if self.session.is_over:
            self.transport.close()

    # The transport calls these when more waits to be sent than its high-water mark, and when that is gone. To stop
    # reading then is all that back-pressure needs: the client's own writes fill its buffers, and it waits.

    def pause_writing(self) -> None:
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.connections.discard(self)


async def close_idle(connections: set[Connection]) -> None:
    """One task looks after all connections; a timer for each would have to be moved with every request."""
    while True:
        await asyncio.sleep(IDLE_SECONDS_MAX / 10)
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS_MAX
        for connection in list(connections):
            if connection.heard < oldest:
                connection.transport.abort()


async def serve(host: str, port: int, bytes_max: int) -> None:
    loop = asyncio.get_running_loop()
    store, connections = Store(bytes_max), set[Connection]()
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_stop.set)
    server = await loop.create_server(lambda: Connection(store, connections), host, port)
    print(f"listening on {host}:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server, asyncio.TaskGroup() as group:
        sweeping = group.create_task(close_idle(connections))
        await asked_to_stop.wait()
        sweeping.cancel()
        server.close()
        for connection in list(connections):
            connection.transport.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A cache that speaks memcached's text protocol.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=11211, help="0 takes a free one")
    parser.add_argument("--megabytes", type=int, default=64, help="for keys and values (%(default)s)")
    options = parser.parse_args()
    try:
        ouroloop.run(serve(options.host, options.port, options.megabytes * 1_000_000))
    except OSError as error:
        sys.exit(
            f"cannot listen on {options.host}:{options.port}: {error.strerror}; --port takes another one"
        )
