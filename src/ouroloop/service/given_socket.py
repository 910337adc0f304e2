"""Checks of sockets that callers pass in, and of arguments of which either a socket or a name may be given."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from ouroloop.service import tls

if TYPE_CHECKING:
    from collections.abc import Callable


def check_choice(
    sock: socket.socket | None,
    named: tuple[Any, ...],
    names: str,
    neither: str,
    check_kind: Callable[[socket.socket], None],
) -> None:
    """Raises ValueError unless there is a socket of the right kind or else something to make one from.

    named: the arguments that a socket can be made from, None for those that were not given. names: what the
    text of the error calls them. neither: the text of the error when nothing was given.
    """
    if all(each is None for each in named):
        if sock is None:
            raise ValueError(neither)
        check_kind(sock)
    elif sock is not None:
        raise ValueError(f"{names} and sock can not be specified at the same time")


def check_internet_choice(sock: socket.socket | None, host: Any, port: Any, neither: str) -> None:
    """As `check_choice` for a host and port; TypeError for a socket that encrypts."""
    if sock is not None:
        tls.check_plain(sock)
    check_choice(sock, (host, port), "host/port", neither, check_stream)


def check_stream(sock: socket.socket) -> None:
    if sock.type != socket.SOCK_STREAM:
        raise ValueError(f"A Stream Socket was expected, got {sock!r}")


def check_unix_stream(sock: socket.socket) -> None:
    if sock.family != socket.AF_UNIX or sock.type != socket.SOCK_STREAM:
        raise ValueError(f"A UNIX Domain Stream Socket was expected, got {sock!r}")
