import asyncio
from collections.abc import Callable
from socket import socket

from ouroloop.loop.core import LoopCore, Watcher
from ouroloop.transport.stream import _Server

class Listener(Watcher):
    def __init__(
        self,
        loop: LoopCore,
        sock: socket,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        server: _Server | None,
        backlog: int,
    ) -> None: ...
    @property
    def sock(self) -> socket: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def _watch_again(self) -> None: ...
