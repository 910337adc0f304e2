"""What connections and servers say about TLS, which they do not speak yet.

The arguments are checked as the standard library does all the same, so that a program hears of its own
mistakes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

TlsSocket: type | tuple[()]
try:
    from ssl import SSLSocket as TlsSocket
except ImportError:
    # A Python without OpenSSL makes no such sockets.
    TlsSocket = ()


def check_plain(sock: socket.socket) -> None:
    """Raises TypeError for a socket that encrypts by itself: its calls block in ways that no loop can see."""
    if isinstance(sock, TlsSocket):
        raise TypeError("Socket cannot be of type SSLSocket")


def check_timeouts(uses_tls: bool, handshake_timeout: float | None, shutdown_timeout: float | None) -> None:
    """Raises ValueError for a time limit of TLS where no TLS was asked for."""
    if handshake_timeout is not None and not uses_tls:
        raise ValueError("ssl_handshake_timeout is only meaningful with ssl")
    if shutdown_timeout is not None and not uses_tls:
        raise ValueError("ssl_shutdown_timeout is only meaningful with ssl")


def check_server_hostname(ssl: Any, server_hostname: str | None, host: Any) -> None:
    """Raises ValueError unless a client of TLS, and no other, knows whose certificate to expect."""
    if server_hostname is not None and not ssl:
        raise ValueError("server_hostname is only meaningful with ssl")
    if server_hostname is None and ssl and not host:
        raise ValueError("You must set server_hostname when using ssl without a host")


def refuse() -> None:
    """Says what to do instead. Called before anything is opened."""
    raise NotImplementedError(
        "TLS is not supported yet: leave TLS to a proxy in front of this program, "
        "or run it on the standard library's event loop"
    )
