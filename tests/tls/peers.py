"""A server, and one connection to it, over TLS; what they hear is written down as in the tests of plain connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from tests.transport.peers import (
    LOOPBACK,
    SECONDS_MAX,
    EchoProtocol,
    RecordingProtocol,
    connected_sockets,
    eventually,
    run,
    turns,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

__all__ = [
    "LOOPBACK",
    "SECONDS_MAX",
    "EchoProtocol",
    "Ends",
    "RecordingProtocol",
    "connected",
    "connected_sockets",
    "eventually",
    "run",
    "turns",
]


class Ends:
    """A server, and one connection to it. Both are over when the block is."""

    def __init__(self, server: Any, made: list[RecordingProtocol], transport: Any, near: Any) -> None:
        self.server = server
        self.made = made
        self.transport = transport
        self.near = near

    @property
    def address(self) -> tuple[str, int]:
        return self.server.sockets[0].getsockname()  # type: ignore[no-any-return]

    @property
    def far(self) -> Any:
        """The protocol of the server's last connection."""
        return self.made[-1]

    async def __aenter__(self) -> Self:
        await eventually(lambda: self.made and self.far.transport is not None)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.transport.close()
        self.server.close()
        await self.near.lost
        await self.far.lost
        await turns(2)


async def connected(
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext | bool,
    far: Callable[[], Any] = EchoProtocol,
    near: Callable[[], Any] = RecordingProtocol,
    *,
    server_options: dict[str, Any] | None = None,
    **options: Any,
) -> Ends:
    loop = asyncio.get_running_loop()
    made: list[Any] = []

    def make() -> Any:
        made.append(far())
        return made[-1]

    server = await loop.create_server(make, LOOPBACK, 0, ssl=server_context, **(server_options or {}))
    options.setdefault("server_hostname", "localhost")
    try:
        transport, protocol = await loop.create_connection(
            near, *server.sockets[0].getsockname(), ssl=client_context, **options
        )
    except BaseException:
        server.close()
        raise
    return Ends(server, made, transport, protocol)
