"""The C extension: its servers echo what they got, its operations run, and neither leaves memory behind."""

import contextlib
import shutil
import socket

import pytest
from benchmarks.child import Child, module_command
from benchmarks.compiler import BuildError, build_floor, build_native
from benchmarks.echo import EchoServer
from benchmarks.machine import resident_bytes

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="the extension is built with a C compiler"
)

PROGRAMS = ("echo_protocol", "echo_buffered", "echo_streams", "echo_sockets", "echo_unix")
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


def load(native, server, *words):
    command = [native.load, "127.0.0.1", str(server.port), "--verify", *map(str, words)]
    with Child(command, core=None) as generator:
        figures = generator.read_figures(30)
        generator.wait(10)
    return figures


def serve(floor, program):
    return EchoServer(module_command("echo_floor", floor, program), core=None)


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
        for _ in range(4):
            words = ["--conns", 200, "--size", 2000, "--messages", 20, *kind_of(program)]
            assert load(native, server, *words)["errors"] == 0
            memory.append(resident_bytes(server.pid))
        assert memory[-1] - memory[0] < MIB
        # The last ones may still be closing: a server that answers somebody else has come to their end.
        assert load(native, server, "--conns", 1, "--messages", 1, *kind_of(program))["errors"] == 0
        assert server.open_descriptors() < 20


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
