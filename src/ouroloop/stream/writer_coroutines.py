"""What a stream's writer waits for rarely: the end of the connection, TLS, and protocols of another make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ouroloop.sync.sleep import sleep

if TYPE_CHECKING:
    import ssl

    from ouroloop.stream.writer import StreamWriter


async def wait_closed(writer: StreamWriter) -> None:
    """`StreamWriter.wait_closed`."""
    await writer._protocol._get_close_waiter(writer)


async def drain(writer: StreamWriter) -> None:
    """`StreamWriter.drain`, where the protocol says itself how to wait for room."""
    if writer._reader is not None:
        error = writer._reader.exception()
        if error is not None:
            raise error
    if writer._transport.is_closing():
        # The loop gets the chance to tell of a lost connection.
        await sleep(0)
    await writer._protocol._drain_helper()


async def start_tls(
    writer: StreamWriter,
    sslcontext: ssl.SSLContext,
    *,
    server_hostname: str | None,
    ssl_handshake_timeout: float | None,
    ssl_shutdown_timeout: float | None,
) -> None:
    """`StreamWriter.start_tls`."""
    protocol = writer._protocol
    is_server = protocol._client_connected_cb is not None
    await writer.drain()
    transport = await writer._loop.start_tls(
        writer._transport,
        protocol,
        sslcontext,
        server_side=is_server,
        server_hostname=server_hostname,
        ssl_handshake_timeout=ssl_handshake_timeout,
        ssl_shutdown_timeout=ssl_shutdown_timeout,
    )
    assert transport is not None
    writer._transport = transport
    protocol._replace_transport(transport)
