"""The loop class of `ouroloop.asyncio`, which does on every Python what the newest one's loop does.

A loop of ours below the running Python's own asyncio follows that Python instead, where its programs count on it:
`versions.Ways`, and whether a Unix socket's file goes with its server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ouroloop.service import program_loop
from ouroloop.versions import NEWEST

if TYPE_CHECKING:
    import socket

    from ouroloop.service.server import Server
    from ouroloop.service.unix import Path, ProtocolFactory


class SelectorEventLoop(program_loop.SelectorEventLoop):
    """Our event loop, as `asyncio.SelectorEventLoop` of Python 3.15.

    A selector is accepted and closed with the loop, which waits on its own poller instead.
    """

    _ways = NEWEST

    async def create_unix_server(
        self,
        protocol_factory: ProtocolFactory,
        path: Path | None = None,
        *,
        sock: socket.socket | None = None,
        backlog: int = 100,
        ssl: Any = None,
        ssl_handshake_timeout: float | None = None,
        ssl_shutdown_timeout: float | None = None,
        start_serving: bool = True,
        cleanup_socket: bool = True,
    ) -> Server:
        """Makes a server on a path, an abstract name or a bound socket; `asyncio.loop.create_unix_server`.

        cleanup_socket: the socket's file is removed when the server is closed, if it is still the same one.
        """
        server: Server = await super().create_unix_server(
            protocol_factory,
            path,
            sock=sock,
            backlog=backlog,
            ssl=ssl,
            ssl_handshake_timeout=ssl_handshake_timeout,
            ssl_shutdown_timeout=ssl_shutdown_timeout,
            start_serving=start_serving,
            cleanup_socket=cleanup_socket,
        )
        return server
