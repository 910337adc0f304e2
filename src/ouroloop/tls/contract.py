"""What a TLS transport says that it is."""

from __future__ import annotations

import asyncio


class SSLTransport(asyncio.Transport):
    """The class that a TLS transport answers to, so that `isinstance(transport, asyncio.Transport)` holds.

    Programs tell a TLS transport by its "ssl_object"; some look for "ssl" in the name of its class.
    """

    __slots__ = ()
