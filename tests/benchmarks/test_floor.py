"""The C extension: its servers echo what they got, its operations run, and neither leaves memory behind."""

import contextlib
import shutil
import socket
import ssl
import sys
import time

import pytest
from benchmarks.child import Child, module_command
from benchmarks.compiler import BuildError, build_floor, build_native, make_secure
from benchmarks.echo import EchoServer
from benchmarks.machine import resident_bytes
from benchmarks.programs.primitives.catalog import PRIMITIVES

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="the extension is built with a C compiler"
)

PROGRAMS = ("echo_protocol", "echo_buffered", "echo_streams", "echo_sockets", "echo_unix")
SECURE_PROGRAMS = ("echo_protocol", "echo_streams")
MIB = 1 << 20


@pytest.fixture(scope="module")
def floor():
    try:
        return str(build_floor())
    except BuildError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def native():
    return build_native()


@pytest.fixture(scope="module")
def secure():
    try:
        return make_secure(floor=True)
    except BuildError as error:
        pytest.skip(f"TLS needs the openssl command and OpenSSL's headers: {error}")


def load(native, server, *words):
    command = [native.load, "127.0.0.1", str(server.port), "--verify", *map(str, words)]
    with Child(command, core=None) as generator:
        figures = generator.read_figures(30)
        generator.wait(10)
    return figures


def serve(floor, program):
    return EchoServer(module_command("echo_floor", floor, program), core=None)


def serve_secure(secure, program):
    words = ("--tls", str(secure.certificate), str(secure.key))
    return EchoServer(module_command("echo_floor", str(secure.floor), program, *words), core=None)


class SecureClient:
    """A TLS connection over a socket, whose records go out as the test likes."""

    def __init__(self, server, version=ssl.TLSVersion.TLSv1_3):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._arriving, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(self._arriving, self._leaving)
        self.finish(self._session.do_handshake)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def finish(self, step):
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self.send()
                data = self.socket.recv(65536)
                assert data, "the server hung up"
                self._arriving.write(data)
            else:
                self.send()
                return result

    def write(self, data):
        self._session.write(data)

    def say_goodbye(self):
        with contextlib.suppress(ssl.SSLWantReadError):
            self._session.unwrap()

    def send(self, *cuts):
        """Sends what is to go, in pieces that end at these places, and lets the server see each of them."""
        data = self._leaving.read()
        begin = 0
        for end in [*cuts, len(data)]:
            self.socket.sendall(data[begin:end])
            begin = end
            if cuts:
                time.sleep(0.001)

    def read(self, size):
        data = b""
        while len(data) < size:
            data += self.finish(lambda: self._session.read(size))
        return data


def wait_until_closed(server):
    deadline = time.monotonic() + 20
    while server.open_descriptors() > 20:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def kind_of(program):
    return ["--unix"] if program == "echo_unix" else []


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_byte_comes_back_at_any_size_on_any_number_of_connections(floor, native, program):
    with serve(floor, program) as server:
        for connections, size, messages in [
            (1, 1, 50),
            (100, 1024, 5),
            (5, 20_000, 30),
            (3, 100_000, 30),
            (2, 3_000_000, 3),
            (500, 64, 2),
        ]:
            words = ["--conns", connections, "--size", size, "--messages", messages]
            figures = load(native, server, *words, *kind_of(program))
            assert (figures["requests"], figures["errors"]) == (connections * messages, 0)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("size", [77, 30_000])
def test_messages_in_flight_come_back_in_order(floor, native, program, size):
    with serve(floor, program) as server:
        words = ["--conns", 3, "--size", size, "--pipeline", 16, "--seconds", 0.3, "--warm", 0]
        figures = load(native, server, *words, *kind_of(program))
    assert figures["requests"] > 0
    assert figures["errors"] == 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_connections_come_and_go_and_leave_neither_descriptors_nor_memory(floor, native, program):
    with serve(floor, program) as server:
        memory = []
        for _ in range(6):
            words = ["--conns", 200, "--size", 2000, "--messages", 20, *kind_of(program)]
            assert load(native, server, *words)["errors"] == 0
            wait_until_closed(server)
            memory.append(resident_bytes(server.pid))
    # What is lost is lost by each wave; the allocator may keep more or less of the rest.
    assert min(memory[3:]) - min(memory[:3]) < MIB


@pytest.mark.parametrize(("connections", "size"), [(1, 1), (50, 64), (20, 1400)])
def test_datagrams_come_back_to_who_sent_them(floor, native, connections, size):
    with serve(floor, "echo_datagrams") as server:
        words = ["--udp", "--conns", connections, "--size", size, "--seconds", 0.3, "--warm", 0]
        figures = load(native, server, *words)
    assert figures["requests"] > 0
    assert figures["errors"] == 0


@pytest.mark.parametrize("program", PROGRAMS[:-1])
def test_server_survives_clients_that_reset_in_the_middle(floor, native, program):
    with serve(floor, program) as server:
        for _ in range(20):
            with contextlib.ExitStack() as stack:
                clients = [
                    stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
                    for _ in range(5)
                ]
                for client in clients:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    client.setblocking(False)
                    with contextlib.suppress(BlockingIOError):
                        while client.send(bytes(65536)):
                            pass
        assert load(native, server, "--conns", 10, "--messages", 10)["errors"] == 0


@pytest.mark.parametrize("program", SECURE_PROGRAMS)
def test_every_byte_comes_back_under_tls(secure, program):
    with serve_secure(secure, program) as server:
        for connections, size, messages in [
            (1, 1, 50),
            (100, 1024, 5),
            (5, 16_384, 30),
            (5, 16_385, 30),
            (3, 100_000, 30),
            (2, 3_000_000, 3),
        ]:
            words = ["--tls", "--conns", connections, "--size", size, "--messages", messages]
            figures = load(secure.native, server, *words)
            assert (figures["requests"], figures["errors"]) == (connections * messages, 0)


@pytest.mark.parametrize("program", SECURE_PROGRAMS)
@pytest.mark.parametrize("size", [77, 30_000])
def test_messages_in_flight_come_back_in_order_under_tls(secure, program, size):
    with serve_secure(secure, program) as server:
        words = ["--tls", "--conns", 3, "--size", size, "--pipeline", 16, "--seconds", 0.3, "--warm", 0]
        figures = load(secure.native, server, *words)
    assert figures["requests"] > 0
    assert figures["errors"] == 0


@pytest.mark.parametrize("program", SECURE_PROGRAMS)
def test_secure_connections_come_and_go_and_leave_neither_descriptors_nor_memory(secure, program):
    with serve_secure(secure, program) as server:
        memory = []
        for _ in range(6):
            words = ["--tls", "--conns", 100, "--size", 2000, "--messages", 20]
            assert load(secure.native, server, *words)["errors"] == 0
            wait_until_closed(server)
            memory.append(resident_bytes(server.pid))
    assert min(memory[3:]) - min(memory[:3]) < MIB


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("program", SECURE_PROGRAMS)
def test_records_are_read_however_they_are_cut(secure, program, version):
    with serve_secure(secure, program) as server, SecureClient(server, version) as client:
        for size in (1, 3000, 16_384, 50_000):
            sent = bytes(range(250)) * (size // 250) + b"x" * (size % 250)
            # Within a header and at its end, within a record and just before its end.
            client.write(sent)
            client.send(1, 5, 6, 6 + size // 2, size + 20)
            assert client.read(size) == sent


@pytest.mark.parametrize("program", SECURE_PROGRAMS)
def test_connection_ends_when_the_peer_says_goodbye_right_after_its_data(secure, program):
    with serve_secure(secure, program) as server, SecureClient(server) as client:
        client.write(b"last words")
        client.say_goodbye()
        client.send()
        echoed = 0
        while data := client.socket.recv(65536):
            echoed += len(data)
        assert echoed > len(b"last words")


@pytest.mark.parametrize("program", SECURE_PROGRAMS)
@pytest.mark.parametrize("resets", [False, True])
def test_secure_server_survives_clients_that_leave_at_any_time(secure, program, resets):
    with serve_secure(secure, program) as server:
        plain = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(5)]
        greeted = [SecureClient(server) for _ in range(5)]
        busy = [SecureClient(server) for _ in range(5)]
        for client in busy:
            client.write(bytes(200_000))
            client.send()
        for client in (*plain, *(each.socket for each in (*greeted, *busy))):
            if resets:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.close()
        wait_until_closed(server)
        assert load(secure.native, server, "--tls", "--conns", 10, "--messages", 10)["errors"] == 0


# Each operation is done until nothing new is kept, then again: objects and memory must not become more.
REPEATED = """
import gc
import json
import sys

from benchmarks.programs.namespace import asyncio
from benchmarks.programs.primitives.catalog import PRIMITIVES


async def main():
    for each in PRIMITIVES:
        # On another thread each is slow.
        count = 200 if each.clock == "wall" else 2000
        blocks = []
        for _ in range(4):
            await each.operation(count)
            await each.operation(count)
            gc.collect()
            blocks.append(sys.getallocatedblocks())
        print(json.dumps({"primitive": each.name, "more": min(blocks[2:]) - blocks[1]}), flush=True)


asyncio.run(main())
"""


def test_operations_of_the_catalog_leave_no_objects_behind(floor):
    with Child([sys.executable, "-c", REPEATED, "--floor", floor], core=None) as child:
        answers = [child.read_figures(30) for _ in PRIMITIVES]
    assert [answer["primitive"] for answer in answers] == [each.name for each in PRIMITIVES]
    # What is counted with is an object too; whatever is lost each time is lost twice in between.
    assert {answer["primitive"]: answer["more"] for answer in answers if answer["more"] > 2} == {}


PROMISED = """
from benchmarks.programs.namespace import asyncio


async def main():
    loop = asyncio.get_running_loop()
    seen = []

    async def value(of):
        await asyncio.sleep(0)
        seen.append(asyncio.current_task().get_coro().__name__)
        return of

    assert await asyncio.gather(value(1), value("two"), value(None)) == [1, "two", None]
    assert seen == ["value"] * 3
    task = loop.create_task(value((3, 4)))
    assert not task.done()
    assert await task == (3, 4)
    assert await task == (3, 4)
    assert task.get_name().startswith("Task-")
    assert await asyncio.wait_for(value(StopIteration(5)), 10)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(value(number)) for number in range(5)]
    assert [await task for task in tasks] == list(range(5))
    order = []
    done = loop.create_future()
    for number in (3, 1, 2):
        loop.call_later(number * 1e-3, order.append, number)
    cancelled = [loop.call_later(1e-3, order.append, "cancelled") for _ in range(300)]
    for handle in cancelled:
        handle.cancel()
    loop.call_later(4e-3, done.set_result, None)
    loop.call_soon(order.append, 0)
    await done
    assert order == [0, 1, 2, 3]
    lock = asyncio.Lock()
    holders = []

    async def hold(name):
        async with lock:
            holders.append(name)
            await asyncio.sleep(0)
            holders.append(name)

    await asyncio.gather(hold("a"), hold("b"), hold("c"))
    assert "".join(holders) == "aabbcc"
    queue = asyncio.Queue(2)

    async def put_all():
        for number in range(100):
            await queue.put(number)

    putting = loop.create_task(put_all())
    assert [await queue.get() for _ in range(100)] == list(range(100))
    await putting
    assert await asyncio.to_thread(lambda: 6) == 6
    print("promises kept")


asyncio.run(main())
"""


def test_what_tasks_and_their_tools_promise_is_kept(floor):
    with Child([sys.executable, "-c", PROMISED, "--floor", floor], core=None) as child:
        assert child.read_line(30) == "promises kept"
