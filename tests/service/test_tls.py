"""TLS, which is not there yet, is refused with what to do instead."""

import asyncio
import os
import socket
import ssl
from typing import Any

import pytest

Loop = asyncio.AbstractEventLoop

LOOPBACK = "127.0.0.1"


def run(loop: Loop, main: Any) -> Any:
    return loop.run_until_complete(asyncio.wait_for(main, 20))


def descriptor_count() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.only_ouroloop
def test_tls_is_refused_before_anything_is_opened(loop: Loop) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    async def main() -> None:
        with (
            socket.create_server((LOOPBACK, 0)) as listener,
            socket.create_connection(listener.getsockname()) as connected,
        ):
            before = descriptor_count()
            for refused in (
                loop.create_connection(asyncio.Protocol, *listener.getsockname(), ssl=context),
                loop.create_connection(asyncio.Protocol, sock=connected, ssl=context, server_hostname=""),
                loop.connect_accepted_socket(asyncio.Protocol, connected, ssl=context),
                loop.create_server(asyncio.Protocol, LOOPBACK, 0, ssl=context),
            ):
                with pytest.raises(NotImplementedError, match=r"^TLS is not supported yet: "):
                    await refused
            assert descriptor_count() == before

    run(loop, main())
