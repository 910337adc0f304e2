"""Addresses and ports in numbers, which need no name server: what is left is the loop's own work."""

from __future__ import annotations

import socket

from benchmarks.programs.namespace import asyncio
from benchmarks.programs.primitives.registry import primitive


@primitive("getaddrinfo, IPv4 address in numbers", count=2_000, clock="wall")
async def look_up_ipv4(count: int) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(count):
        await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)


@primitive("getaddrinfo, IPv6 address in numbers", count=2_000, clock="wall")
async def look_up_ipv6(count: int) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(count):
        await loop.getaddrinfo("::1", 80, type=socket.SOCK_STREAM)


@primitive("getnameinfo in numbers", count=2_000, clock="wall")
async def look_up_name(count: int) -> None:
    loop = asyncio.get_running_loop()
    flags = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    for _ in range(count):
        await loop.getnameinfo(("127.0.0.1", 80), flags)
