"""Connecting to several addresses at once: who wins, what is raised, and that no socket outlives the race."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Loop = asyncio.AbstractEventLoop
Address = tuple[str, int]

LOOPBACK = "127.0.0.1"
TURNS_MAX = 40


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server((LOOPBACK, 0)) as sock:
        yield sock


@pytest.fixture
def silent() -> Iterator[Address]:
    """An address that neither accepts nor refuses: the queue of its listener is full."""
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(socket.create_server((LOOPBACK, 0), backlog=0))
        for _ in range(8):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(sock.getsockname())
        yield sock.getsockname()


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Address]], None]:
    """Sets the addresses of the name "several.test"."""
    addresses: list[Address] = []

    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return addresses.extend


def run(loop: Loop, main: Any) -> Any:
    return loop.run_until_complete(asyncio.wait_for(main, 30))


async def race(loop: Loop, delay: float = 0.0) -> asyncio.Transport:
    transport, _ = await loop.create_connection(
        asyncio.Protocol, "several.test", 80, happy_eyeballs_delay=delay
    )
    return transport


async def close(transport: asyncio.Transport) -> None:
    transport.abort()
    for _ in range(5):
        await asyncio.sleep(0)


def descriptor_count() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("delay", [0.0, 0.0001], ids=str)
def test_a_race_that_is_cancelled_in_any_turn_leaves_no_descriptor(
    loop: Loop,
    listener: socket.socket,
    silent: Address,
    resolve: Callable[[list[Address]], None],
    delay: float,
) -> None:
    """Also in the turn in which it is won; a socket that is only collected warns, and fails this test."""

    async def main() -> None:
        resolve([silent, listener.getsockname(), listener.getsockname()])
        listener.setblocking(False)
        before = descriptor_count()
        for turns in range(TURNS_MAX):
            racing = asyncio.ensure_future(race(loop, delay))
            for _ in range(turns):
                await asyncio.sleep(0)
            racing.cancel()
            await asyncio.wait({racing})
            if not racing.cancelled():
                await close(racing.result())
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
            assert descriptor_count() == before

    run(loop, main())


def test_losers_are_closed_when_the_connection_is_made(
    loop: Loop, listener: socket.socket, silent: Address, resolve: Callable[[list[Address]], None]
) -> None:
    async def main() -> None:
        resolve([silent, silent, listener.getsockname()])
        before = descriptor_count()
        transport = await race(loop, 0.001)
        assert descriptor_count() == before + 1
        await close(transport)

    run(loop, main())


@pytest.mark.only_ouroloop
def test_what_is_no_oserror_ends_the_race_at_once(
    loop: Loop, silent: Address, resolve: Callable[[list[Address]], None]
) -> None:
    """The standard library's race swallows it."""

    async def main() -> None:
        resolve([silent, (LOOPBACK, 1 << 20)])
        before = descriptor_count()
        with pytest.raises(OverflowError, match="port must be 0-65535"):
            await race(loop, 0.001)
        assert descriptor_count() == before

    run(loop, main())


@pytest.mark.only_ouroloop
def test_the_next_attempt_does_not_wait_for_the_delay_when_the_newest_failed(
    loop: Loop, listener: socket.socket, silent: Address, resolve: Callable[[list[Address]], None]
) -> None:
    with socket.socket() as refusing:
        refusing.bind((LOOPBACK, 0))
        resolve([refusing.getsockname(), refusing.getsockname(), listener.getsockname()])

        async def main() -> None:
            await close(await asyncio.wait_for(race(loop, 3600.0), 5))

        run(loop, main())
