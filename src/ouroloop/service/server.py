"""A server: its listening sockets, the connections that it accepted, and who waits for its end.

It is over once it is closed and its last connection is lost, in either order. Transports tell it when they
are made and when they are gone.
"""

from __future__ import annotations

import asyncio
from asyncio.trsock import TransportSocket
from typing import TYPE_CHECKING, Any

from ouroloop.service import tls
from ouroloop.transport.listener import Listener

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from ouroloop.service.event_loop import EventLoop


class Server(asyncio.Server):
    """What `create_server` returns, as `asyncio.Server`.

    sockets: bound, non-blocking stream sockets, which the server owns. protocol_factory: called for each
    connection. ssl_context: an `ssl.SSLContext`, or None for plain connections. backlog: connections that may wait in
    the kernel for each socket. ssl_handshake_timeout, ssl_shutdown_timeout: seconds, or None for the defaults.
    """

    def __init__(
        self,
        loop: EventLoop,
        sockets: list[socket.socket],
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        ssl_context: Any,
        backlog: int,
        ssl_handshake_timeout: float | None,
        ssl_shutdown_timeout: float | None = None,
    ) -> None:
        self._loop = loop
        # None once closed.
        self._sockets: list[socket.socket] | None = sockets
        # With TLS the transports that users hold are the connections, not those below them.
        attached = None if ssl_context else self
        if ssl_context:
            secure = tls.Options(ssl_context, True, None, ssl_handshake_timeout, ssl_shutdown_timeout)
            protocol_factory = tls.accepting(loop, protocol_factory, self, secure)
        self._listeners = [Listener(loop, sock, protocol_factory, attached, backlog) for sock in sockets]
        # Called once, while the sockets are still open.
        self.when_closing: Callable[[], None] | None = None
        self._serving = False
        self._clients: set[asyncio.Transport] = set()
        # None once it is over.
        self._waiters: list[asyncio.Future[None]] | None = []
        self._serving_forever: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} sockets={self.sockets!r}>"

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that the server belongs to."""
        return self._loop

    def is_serving(self) -> bool:
        """True while new connections are accepted."""
        return self._serving

    @property
    def sockets(self) -> tuple[TransportSocket, ...]:  # type: ignore[override]
        """The listening sockets, () once the server is closed."""
        return tuple(TransportSocket(sock) for sock in self._sockets or ())

    async def start_serving(self) -> None:
        """Accepts connections from now on. Starting twice changes nothing.

        Raises RuntimeError when the server is closed.
        """
        self._start_serving()
        await asyncio.sleep(0)

    async def serve_forever(self) -> None:
        """Accepts connections until this is cancelled, then closes the server and its connections.

        Raises RuntimeError when the server is closed or already served forever.
        """
        if self._serving_forever is not None:
            raise RuntimeError(f"server {self!r} is already being awaited on serve_forever()")
        self._start_serving()
        self._serving_forever = self._loop.create_future()
        try:
            await self._serving_forever
        except asyncio.CancelledError:
            self.close()
            if self._loop._ways.server_waits_for_its_connections:
                # Without this, one idle client would keep a program from ending on Ctrl-C.
                self.close_clients()
                await self.wait_closed()
            raise
        finally:
            self._serving_forever = None

    def close(self) -> None:
        """Stops listening. Connections that are open go on. Closing twice changes nothing."""
        if self._sockets is None:
            return
        self._sockets = None
        self._serving = False
        if self.when_closing is not None:
            self.when_closing()
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener.stop()
        if self._serving_forever is not None:
            self._serving_forever.cancel()
            self._serving_forever = None
        if not self._clients:
            self._finish()

    def close_clients(self) -> None:
        """Closes every connection, once what waits to be written was sent."""
        for transport in list(self._clients):
            transport.close()

    def abort_clients(self) -> None:
        """Closes every connection at once; what waits to be written is lost."""
        for transport in list(self._clients):
            transport.abort()

    async def wait_closed(self) -> None:
        """Waits until the server is closed and its last connection is lost.

        Below the asyncio of Python 3.11, as there, a server that is closed already is not waited for.
        """
        waits = self._sockets is not None or self._loop._ways.server_waits_for_its_connections
        if self._waiters is None or not waits:
            return
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def _start_serving(self) -> None:
        if self._sockets is None:
            raise RuntimeError(f"server {self!r} is closed")
        if self._serving:
            return
        self._serving = True
        for listener in self._listeners:
            listener.start()

    def _attach(self, transport: asyncio.Transport) -> None:
        self._clients.add(transport)

    def _detach(self, transport: asyncio.Transport) -> None:
        self._clients.discard(transport)
        if self._sockets is None and not self._clients:
            self._finish()

    def _finish(self) -> None:
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)
