"""fork: the child cannot use the parent's loop, and the parent does not notice."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import traceback
import warnings
from pathlib import Path

import pytest

CHILD_SECONDS = 3


def open_descriptors():
    """Each open descriptor with what it refers to."""
    found = set()
    for entry in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(FileNotFoundError):
            found.add((int(entry.name), str(entry.readlink())))
    return found


def in_child(function):
    """Run a function in a forked child and return what it returned, as text."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # A child that hangs ends by itself, and its answer is missing.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(CHILD_SECONDS)
        try:
            try:
                text = str(function())
            except BaseException:
                text = traceback.format_exc()
            os.write(writer, text.encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text


def refusal(function):
    try:
        function()
    except RuntimeError as error:
        return f"refused: {error}"
    return "allowed"


@pytest.mark.only_ouroloop
def test_child_cannot_use_the_parents_loop(loop):
    future = loop.create_future()
    calls = (
        loop.run_forever,
        lambda: loop.run_until_complete(future),
        lambda: loop.call_soon(print),
        lambda: loop.call_soon_threadsafe(print),
        lambda: loop.call_later(1, print),
        lambda: loop.add_reader(0, print),
    )
    for call in calls:
        answer = in_child(lambda call=call: refusal(call))
        assert answer.startswith("refused: ")
        assert "fork" in answer


@pytest.mark.only_ouroloop
def test_parent_goes_on_after_the_child_closed_its_copy(loop, run_once):
    left, right = socket.socketpair()
    received = []
    loop.add_reader(left, lambda: received.append(left.recv(100)))
    assert in_child(lambda: (loop.remove_reader(left), loop.close(), loop.is_closed())[2]) == "True"
    right.send(b"data")
    run_once(loop)
    assert received == [b"data"]
    loop.remove_reader(left)
    left.close()
    right.close()


@pytest.mark.only_ouroloop
def test_wake_up_of_the_parents_loop_in_the_child_does_not_wake_the_parent(loop, run_once):
    woken = []

    def wake_in_child():
        return refusal(lambda: loop.call_soon_threadsafe(print))

    def fork():
        woken.append(in_child(wake_in_child))

    loop.call_soon(fork)
    run_once(loop)
    run_once(loop)
    assert "fork" in woken[0]


def test_child_of_a_running_loop_may_run_a_loop_of_its_own(loop, loop_factory, run_once):
    answers = []

    async def child_main():
        await asyncio.sleep(0)
        return asyncio.get_running_loop() is not loop

    def in_forked_child():
        own = loop_factory()
        result = own.run_until_complete(child_main())
        own.close()
        return result

    loop.call_soon(lambda: answers.append(in_child(in_forked_child)))
    run_once(loop)
    assert answers == ["True"]


def test_child_of_a_running_loop_has_no_running_loop(loop, run_once):
    answers = []
    loop.call_soon(lambda: answers.append(in_child(lambda: refusal(asyncio.get_running_loop))))
    run_once(loop)
    assert answers == ["refused: no running event loop"]


@pytest.mark.only_ouroloop
def test_child_can_make_a_loop_although_the_parents_has_registrations(loop, loop_factory, run_once):
    left, right = socket.socketpair()
    received = []
    loop.add_reader(left, lambda: received.append(left.recv(100)))
    timer = loop.call_later(1000, print)

    def in_forked_child():
        own = loop_factory()
        mine, yours = socket.socketpair()

        async def main():
            mine.setblocking(False)
            await own.sock_sendall(mine, b"x")
            return await own.run_in_executor(None, yours.recv, 10)

        answer = own.run_until_complete(main())
        own.run_until_complete(own.shutdown_default_executor())
        own.close()
        mine.close()
        yours.close()
        return answer

    loop.call_soon(lambda: received.append(in_child(in_forked_child)))
    run_once(loop)
    assert received == ["b'x'"]
    right.send(b"data")
    run_once(loop)
    assert received == ["b'x'", b"data"]
    timer.cancel()
    loop.remove_reader(left)
    left.close()
    right.close()


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


@pytest.mark.only_ouroloop
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_parents_connections_go_on_after_the_child_dropped_its_copies(loop):
    """What the child closes, cancels and collects is its own copy only."""

    async def main():
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"before ")
        await writer.drain()
        assert await reader.readexactly(7) == b"before "

        def drop():
            nonlocal server, reader, writer
            transport = writer.transport
            for call in (transport.abort, transport.close, server.close, loop.close):
                with contextlib.suppress(RuntimeError):
                    call()
            transport = server = reader = writer = None
            gc.collect()
            return "dropped"

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert in_child(drop) == "dropped"
        writer.write(b"after")
        assert await reader.readexactly(5) == b"after"
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()

    loop.run_until_complete(asyncio.wait_for(main(), 10))


@pytest.mark.only_ouroloop
def test_every_descriptor_that_a_busy_loop_opens_is_closed_on_exec(loop, tmp_path):
    before = {number for number, _ in open_descriptors()}

    async def main():
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        unix_server = await loop.create_unix_server(Echo, tmp_path / "socket")
        client, _ = await loop.create_connection(Echo, *server.sockets[0].getsockname())
        unix_client, _ = await loop.create_unix_connection(Echo, tmp_path / "socket")
        datagrams, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
        )
        process, _ = await loop.subprocess_exec(asyncio.SubprocessProtocol, "cat")
        left, right = socket.socketpair()
        loop.add_reader(left, print)
        # A descriptor that is connected twice is copied.
        read_transport, _ = await loop.connect_read_pipe(asyncio.Protocol, right)
        write_transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, right)
        await loop.getaddrinfo("localhost", 80)
        loop.add_signal_handler(signal.SIGUSR1, print)
        await asyncio.sleep(0.01)
        opened = {number: target for number, target in open_descriptors() if number not in before}
        kinds = {target.partition(":")[0] for target in opened.values()}
        assert {"socket", "pipe"} <= kinds
        assert len(opened) >= 14
        assert not {target for number, target in opened.items() if os.get_inheritable(number)}
        # And a program that is started has none but the usual three.
        listing = await asyncio.create_subprocess_exec(
            "ls", "/proc/self/fd", stdout=asyncio.subprocess.PIPE, close_fds=False
        )
        output, _ = await listing.communicate()
        assert not {int(number) for number in output.split()} & (set(opened) - {3})
        loop.remove_signal_handler(signal.SIGUSR1)
        loop.remove_reader(left)
        left.close()
        for transport in (client, unix_client, datagrams, read_transport, write_transport, process):
            transport.close()
        for each in (server, unix_server):
            each.close()
            await each.wait_closed()
        await process._wait()
        await asyncio.sleep(0.01)

    loop.run_until_complete(asyncio.wait_for(main(), 10))
