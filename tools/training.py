"""What a wheel is trained on: a run of everything that programs do often, which tells the compiler where branches go.

    python tools/training.py

With an instrumented build (`-Db_pgo=generate`) each native module writes at the end how often each of its branches was
taken, and the next build (`-Db_pgo=use`) lays its code out for that. With any other build this takes a second or two.
Everything is bounded by count, on loopback, and checked: a build that miscounts an echo is not trained further.
"""

from __future__ import annotations

import asyncio as standard
import contextlib
import os
import socket
import ssl
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ouroloop
from ouroloop import asyncio as ours

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

# Requests on a connection, by bytes of a message.
TRAFFIC = {64: 600, 1024: 600, 10_240: 300, 102_400: 60}
CONNECTIONS = 8
TURNS = 2_000


async def _nothing() -> int:
    await standard.sleep(0)
    return 1


async def _at_once() -> int:
    return 1


# ---- without I/O


async def tasks(asyncio: Any) -> None:
    """Tasks that are awaited, gathered, grouped, waited for, shielded, cancelled and started eagerly."""
    loop = asyncio.get_running_loop()
    for _ in range(TURNS):
        await asyncio.create_task(_nothing())
        await asyncio.create_task(_at_once())
    for _ in range(TURNS // 100):
        assert sum(await asyncio.gather(*(_nothing() for _ in range(100)))) == 100
        await asyncio.wait([asyncio.create_task(_nothing()) for _ in range(20)])
        for task in asyncio.as_completed([_nothing() for _ in range(20)]):
            await task
        async with asyncio.TaskGroup() as group:
            for _ in range(100):
                group.create_task(_nothing())
        await asyncio.shield(_nothing())
        task = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    if hasattr(asyncio, "eager_task_factory"):
        loop.set_task_factory(asyncio.eager_task_factory)
        for _ in range(TURNS):
            await asyncio.create_task(_at_once())
            await asyncio.create_task(_nothing())
        loop.set_task_factory(None)


async def callbacks(asyncio: Any) -> None:
    """Futures, callbacks and timers, fired and cancelled."""
    loop = asyncio.get_running_loop()
    fired: list[int] = []
    for _ in range(TURNS):
        future = loop.create_future()
        loop.call_soon(future.set_result, None)
        await future
        future = loop.create_future()
        future.add_done_callback(lambda _: fired.append(1))
        future.set_result(None)
        loop.call_later(60, fired.clear).cancel()
    for _ in range(10):
        for _ in range(TURNS // 10):
            loop.call_soon(fired.append, 1)
        timers = [loop.call_later(number % 7 / 1000, fired.append, 1) for number in range(TURNS // 10)]
        for timer in timers[::2]:
            timer.cancel()
        await asyncio.sleep(0.01)
    assert len(fired) == TURNS * 2 + TURNS // 2


async def _hold(asyncio: Any, thing: Any) -> None:
    for _ in range(TURNS // 10):
        async with thing:
            await asyncio.sleep(0)


async def locks(asyncio: Any) -> None:
    """Locks, semaphores, events, conditions and barriers: free, and wanted by several tasks."""
    lock = asyncio.Lock()
    for _ in range(TURNS):
        async with lock:
            pass
    for thing in (lock, asyncio.Semaphore(2), asyncio.BoundedSemaphore(3), asyncio.Condition()):
        await asyncio.gather(*(_hold(asyncio, thing) for _ in range(10)))
    event = asyncio.Event()
    condition = asyncio.Condition()
    count = 0

    async def follow() -> None:
        async with condition:
            while count < TURNS:
                await condition.wait()

    async def lead() -> None:
        nonlocal count
        while count < TURNS:
            async with condition:
                count += 1
                condition.notify_all()
            await asyncio.sleep(0)

    await asyncio.gather(follow(), lead())
    for _ in range(TURNS):
        asyncio.get_running_loop().call_soon(event.set)
        await event.wait()
        await event.wait()
        event.clear()
    barrier = asyncio.Barrier(4)
    for _ in range(20):
        await asyncio.gather(*(barrier.wait() for _ in range(4)))


async def queues(asyncio: Any) -> None:
    """Queues of each kind, with a bound and without one."""
    for make, bound in (
        (asyncio.Queue, 0),
        (asyncio.Queue, 10),
        (asyncio.LifoQueue, 10),
        (asyncio.PriorityQueue, 10),
    ):
        queue = make(bound)

        async def work(queue: Any = queue) -> None:
            while await queue.get() >= 0:
                queue.task_done()

        worker = asyncio.create_task(work())
        for number in range(TURNS):
            await queue.put(number)
        await queue.join()
        await queue.put(-1)
        await worker
        for number in range(TURNS):
            await queue.put(number)
            assert await queue.get() == number


async def timeouts(asyncio: Any) -> None:
    """Time limits around what is done at once, what takes a turn, and what takes too long."""
    for _ in range(TURNS):
        for work in (_at_once, _nothing):
            async with asyncio.timeout(60):
                await work()
            await asyncio.wait_for(work(), 60)
    for _ in range(20):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.sleep(60)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(60), 0.001)


async def threads(asyncio: Any) -> None:
    """Work that other threads do, and what they have the loop call."""
    loop = asyncio.get_running_loop()
    for _ in range(TURNS // 10):
        assert await asyncio.to_thread(int, 7) == 7
        assert await loop.run_in_executor(None, int, 7) == 7
        event = asyncio.Event()
        await asyncio.to_thread(loop.call_soon_threadsafe, event.set)
        await event.wait()
    await loop.getaddrinfo("127.0.0.1", 80)


# ---- with I/O: an echo of each kind


class _Echo(standard.Protocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class _BufferedEcho(standard.BufferedProtocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.room = bytearray(65_536)

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.room

    def buffer_updated(self, nbytes: int) -> None:
        self.transport.write(bytes(memoryview(self.room)[:nbytes]))


class _DatagramEcho(standard.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.transport.sendto(data, addr)


async def _serve_stream(reader: Any, writer: Any) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def _ask(reader: Any, writer: Any) -> None:
    for size, count in TRAFFIC.items():
        message = b"m" * (size - 1) + b"\n"
        for _ in range(count // CONNECTIONS):
            writer.write(message)
            await writer.drain()
            assert await reader.readexactly(size) == message
        writer.writelines([message, message])
        assert await reader.readuntil() == message
        assert await reader.readexactly(size) == message
    writer.close()
    await writer.wait_closed()


async def _ask_all(asyncio: Any, connect: Callable[[], Awaitable[tuple[Any, Any]]]) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(_ask(*await connect()))


async def streams(asyncio: Any) -> None:
    """Streams on TCP and Unix sockets, and through protocols on the server's side."""
    loop = asyncio.get_running_loop()
    for server in (
        await asyncio.start_server(_serve_stream, "127.0.0.1", 0),
        await loop.create_server(_Echo, "127.0.0.1", 0),
        await loop.create_server(_BufferedEcho, "127.0.0.1", 0),
    ):
        async with server:
            port = server.sockets[0].getsockname()[1]
            await _ask_all(asyncio, partial(asyncio.open_connection, "127.0.0.1", port, limit=2**17))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "echo")
        async with await asyncio.start_unix_server(_serve_stream, path):
            await _ask_all(asyncio, partial(asyncio.open_unix_connection, path, limit=2**17))


def _contexts() -> tuple[ssl.SSLContext, ssl.SSLContext] | None:
    """For both sides, without a certificate; None where this OpenSSL does not do without one."""
    contexts = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    contexts[1].check_hostname = False
    contexts[1].verify_mode = ssl.CERT_NONE
    for context in contexts:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
        except ssl.SSLError:
            return None
    return contexts


async def tls(asyncio: Any) -> None:
    """Streams and protocols over TLS."""
    if not (contexts := _contexts()):
        print("This OpenSSL insists on certificates: TLS is left out", file=sys.stderr)
        return
    for server in (
        await asyncio.start_server(_serve_stream, "127.0.0.1", 0, ssl=contexts[0]),
        await asyncio.get_running_loop().create_server(_Echo, "127.0.0.1", 0, ssl=contexts[0]),
    ):
        async with server:
            port = server.sockets[0].getsockname()[1]
            connect = partial(asyncio.open_connection, "127.0.0.1", port, ssl=contexts[1], limit=2**17)
            await _ask_all(asyncio, connect)


@contextlib.asynccontextmanager
async def _served(asyncio: Any, serve: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    task = asyncio.create_task(serve())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def sockets(asyncio: Any) -> None:
    """The loop's `sock_*` methods, each side on one of a pair of sockets."""
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair()
    here.setblocking(False)
    there.setblocking(False)

    async def serve() -> None:
        while data := await loop.sock_recv(there, 65_536):
            await loop.sock_sendall(there, data)

    with here, there:
        async with _served(asyncio, serve):
            for size, count in TRAFFIC.items():
                room = bytearray(size)
                for _ in range(count):
                    await loop.sock_sendall(here, bytes(size))
                    got = 0
                    while got < size:
                        got += await loop.sock_recv_into(here, memoryview(room)[got:])


async def datagrams(asyncio: Any) -> None:
    """UDP through a transport on one side and `sock_*` on the other."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(_DatagramEcho, local_addr=("127.0.0.1", 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        address = transport.get_extra_info("sockname")
        for size in (64, 1400):
            for _ in range(TURNS // 4):
                await loop.sock_sendto(client, bytes(size), address)
                assert len((await loop.sock_recvfrom(client, 2048))[0]) == size
    transport.close()


async def processes(asyncio: Any) -> None:
    """Programs, with their input and output through pipes."""
    for _ in range(5):
        process = await asyncio.create_subprocess_exec(
            "cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate(bytes(1_000_000))
        assert len(output) == 1_000_000


PARTS = (
    tasks, callbacks, locks, queues, timeouts, threads, streams, tls, sockets, datagrams, processes,
)  # fmt: skip


async def train(asyncio: Any) -> None:
    """All parts, with the namespace `asyncio`: ours, or the standard library's on our loop."""
    for part in PARTS:
        # A limit: what hangs in training would hang the build.
        await standard.wait_for(part(asyncio), 120)


if __name__ == "__main__":
    for namespace in (ours, standard):
        with standard.Runner(loop_factory=ouroloop.new_event_loop) as runner:
            runner.run(train(namespace))
    print(f"Trained on {len(PARTS)} kinds of work, in process {os.getpid()}")
