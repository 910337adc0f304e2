"""An echo server with gevent's sockets."""

from __future__ import annotations

import contextlib
import socket

import gevent
import gevent.socket

from benchmarks.programs.loops import die_in_time
from benchmarks.programs.serving import RECEIVE_BYTES, announce, listen, number_of, settle_allocator


def echo(connection: gevent.socket.socket) -> None:
    with connection, contextlib.suppress(ConnectionError):
        while data := connection.recv(RECEIVE_BYTES):
            connection.sendall(data)


def main() -> None:
    listener = listen()
    announce(number_of(listener))
    accepting = gevent.socket.socket(fileno=listener.detach())
    while True:
        connection, _ = accepting.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        gevent.spawn(echo, connection)


if __name__ == "__main__":
    die_in_time()
    settle_allocator()
    main()
