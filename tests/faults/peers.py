"""The other end of a scenario: blocking sockets in a thread, whose system calls are not the watched thread's."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

SECONDS_MAX = 8.0
# Who connects in the very moment in which the listener is closed may hear nothing, neither that nor an end: a race in
# the kernel (Linux 6.18). Its socket gives up before anybody gives up waiting for its thread.
SOCKET_SECONDS_MAX = 4.0


class Peer:
    """Runs `job` in a thread; leaving the block waits for it. `error` is the OSError that ended it, or None."""

    def __init__(self, job: Callable[[], None]) -> None:
        self.job = job
        self.error: OSError | None = None
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        try:
            self.job()
        except OSError as error:
            self.error = error

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.thread.join(SECONDS_MAX)
        if self.thread.is_alive():
            raise TimeoutError("the other end still waits")


def talk(sock: socket.socket, data: bytes) -> bytes:
    """Sends `data` and the end of the stream, and returns what comes back until the other end ends it."""
    received = bytearray()

    def read() -> None:
        try:
            while part := sock.recv(65536):
                received.extend(part)
        except OSError:
            return

    sock.settimeout(SOCKET_SECONDS_MAX)
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        # Whether bytes are missing is judged by what came back.
        pass
    reader.join(SECONDS_MAX)
    return bytes(received)


def echo_until_end(listener: socket.socket) -> None:
    """Accepts one connection and sends back what arrives."""
    listener.settimeout(SOCKET_SECONDS_MAX)
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(SOCKET_SECONDS_MAX)
        while part := connection.recv(65536):
            connection.sendall(part)
