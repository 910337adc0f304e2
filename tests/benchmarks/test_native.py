"""The C programs against each other: what is sent comes back, and what goes wrong is said."""

import contextlib
import shutil
import socket
import subprocess
import sysconfig

import pytest
from benchmarks.child import Child, ChildError
from benchmarks.compiler import BuildError, build_floor, build_native

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="the programs are built with a C compiler"
)

SECONDS = ("--seconds", "0.05", "--warm", "0")
# Handshakes take a while on a busy machine.
LONGER = ("--seconds", "0.7", "--warm", "0")


@pytest.fixture(scope="module")
def native():
    return build_native()


@contextlib.contextmanager
def echo_server(native, *words):
    with Child([native.echo, "--lifetime", "60", *words], core=None) as server:
        yield server.read_line(10).split()[1]


def load(native, port, *words):
    with Child([native.load, "127.0.0.1", port, *words], core=None) as generator:
        figures = generator.read_figures(10)
        generator.wait(10)
        return figures


@pytest.mark.parametrize(
    "words",
    [
        ("--conns", "5", "--size", "1000"),
        ("--conns", "3", "--size", "100000"),
        ("--conns", "3", "--size", "77", "--pipeline", "16"),
        ("--conns", "2", "--churn"),
    ],
    ids=["small", "larger than a buffer", "pipelined", "a connection a message"],
)
def test_every_byte_comes_back_as_it_was_sent(native, words):
    with echo_server(native) as port:
        figures = load(native, port, *SECONDS, "--verify", *words)
    assert figures["requests"] > 0
    assert figures["errors"] == 0
    assert figures["requests_per_second"] == pytest.approx(figures["requests"] / figures["seconds"], rel=0.01)
    assert 0 < figures["latency_p50_us"] <= figures["latency_p99_us"] <= figures["latency_p999_us"]


@pytest.mark.parametrize("kind", ["--unix", "--udp"])
@pytest.mark.parametrize("words", [("--conns", "5", "--size", "1000"), ("--conns", "2", "--pipeline", "8")])
def test_other_sockets_echo_every_byte_too(native, kind, words):
    with echo_server(native, kind) as port:
        figures = load(native, port, *SECONDS, "--verify", kind, *words)
    assert figures["requests"] > 0
    assert figures["errors"] == 0


def test_datagrams_do_not_go_with_connections(native):
    with pytest.raises(ChildError, match="datagrams go over UDP, as plain echoes"):
        load(native, "1", "--udp", "--churn")


@pytest.mark.parametrize("depth", ["1", "16"])
def test_whole_http_responses_are_counted(native, depth):
    with echo_server(native, "--http") as port:
        figures = load(native, port, *SECONDS, "--http", "--pipeline", depth)
    assert figures["requests"] > 0
    assert figures["errors"] == 0


def test_number_of_messages_is_exact(native):
    with echo_server(native) as port:
        figures = load(native, port, "--conns", "20", "--messages", "7")
    assert (figures["requests"], figures["errors"]) == (140, 0)


def test_messages_at_a_rate_are_sent_by_the_clock(native):
    with echo_server(native) as port:
        words = ["--conns", "3", "--seconds", "0.2", "--warm", "0", "--rate", "500", "--verify"]
        figures = load(native, port, *words)
    assert figures["errors"] == 0
    assert 1 <= figures["requests"] <= 500 * (figures["seconds"] + 1)


def test_server_that_does_not_keep_up_with_a_rate_is_told(native):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        words = ["--conns", "1", "--size", "1", "--rate", "1000000"]
        with pytest.raises(ChildError, match="the server does not keep up with 1000000 messages a second"):
            load(native, str(listener.getsockname()[1]), *words)


def test_rate_does_not_go_with_messages_in_flight(native):
    with pytest.raises(ChildError, match="a rate is positive"):
        load(native, "1", "--rate", "10", "--pipeline", "2")


def receive_exactly(connection, count):
    data = b""
    while len(data) < count and (piece := connection.recv(count - len(data))):
        data += piece
    return data


@pytest.mark.parametrize(
    ("size", "head"), [(5, b"\x82\x85"), (126, b"\x82\xfe\0\x7e"), (70000, b"\x82\xff\0\0\0\0\0\x01\x11\x70")]
)
def test_websocket_messages_are_masked_frames_and_replies_are_not(native, size, head):
    with socket.socket() as listener:
        listener.settimeout(20)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        words = ["--websocket", "--conns", "1", "--messages", "2", "--size", str(size)]
        port = str(listener.getsockname()[1])
        with Child([native.load, "127.0.0.1", port, *words], None) as generator:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(20)
                request = b""
                while not request.endswith(b"\r\n\r\n"):
                    request += connection.recv(4096)
                assert b"Upgrade: websocket" in request
                connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
                for _ in range(2):
                    assert receive_exactly(connection, len(head) + 4) == head + bytes(4)
                    payload = receive_exactly(connection, size)
                    connection.sendall(bytes([head[0], head[1] & 0x7F]) + head[2:] + payload)
                figures = generator.read_figures(20)
    assert (figures["requests"], figures["errors"]) == (2, 0)


def test_server_without_websockets_is_told(native):
    with echo_server(native, "--http") as port, pytest.raises(ChildError, match="connect: Protocol error"):
        load(native, port, "--websocket")


def test_held_connections_close_when_the_input_ends(native):
    words = ["--conns", "2", "--messages", "1", "--hold"]
    with echo_server(native) as port, Child([native.load, "127.0.0.1", port, *words], core=None) as generator:
        assert generator.read_figures(10)["requests"] == 2
        with pytest.raises(ChildError, match="did not end"):
            generator.wait(0.01)
        generator.end_input()
        generator.wait(10)


def test_server_that_refuses_is_told(native):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(
            ChildError, match="load ended with exit code 2: load: connect: Connection refused"
        ):
            load(native, str(unused.getsockname()[1]))


def test_server_that_hangs_up_is_told(native):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with Child(
            [native.load, "127.0.0.1", str(listener.getsockname()[1]), "--conns", "1"], None
        ) as generator:
            listener.accept()[0].close()
            with pytest.raises(ChildError, match="every connection was lost"):
                generator.read_line(10)


def test_unknown_option_is_refused(native):
    with pytest.raises(ChildError, match="exit code 1"):
        load(native, "1", "--nonsense")


def test_tls_echo_and_handshakes(tmp_path):
    certificate, key = str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem")
    request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    try:
        subprocess.run(
            ["openssl", *request.split(), "-keyout", key, "-out", certificate],
            capture_output=True,
            check=True,
        )
        native = build_native(tls=True)
    except (FileNotFoundError, BuildError) as error:
        pytest.skip(f"TLS needs the openssl command and OpenSSL's headers: {error}")
    with echo_server(native, "--tls", certificate, key) as port:
        figures = load(native, port, *SECONDS, "--tls", "--verify", "--size", "40000", "--pipeline", "3")
        assert figures["requests"] > 0
        assert figures["errors"] == 0
        assert load(native, port, *LONGER, "--tls", "--churn")["requests"] > 0
        # Records are counted without being decrypted: neither the tickets before them nor their seams count.
        for size in ("1", "40000"):
            words = ("--tls", "--size", size, "--conns", "5", "--messages", "300")
            figures = load(native, port, *words)
            assert figures["requests"] == 5 * 300
            assert figures["errors"] == 0


def test_tls_must_be_compiled_in(native):
    with pytest.raises(ChildError, match="built without TLS"):
        load(native, "1", "--tls")


def test_second_build_compiles_nothing(native):
    times = [path.stat().st_mtime_ns for path in (native.load, native.echo)]
    again = build_native()
    assert again == native
    assert [path.stat().st_mtime_ns for path in (again.load, again.echo)] == times


def test_extension_is_built_once_for_each_python(tmp_path):
    try:
        first = build_floor(tmp_path)
    except BuildError as error:
        pytest.skip(str(error))
    time_ns = first.stat().st_mtime_ns
    assert build_floor(tmp_path) == first
    assert first.stat().st_mtime_ns == time_ns
    assert first.name.endswith(sysconfig.get_config_var("EXT_SUFFIX"))


def test_extension_with_tls_stands_beside_the_one_without(tmp_path):
    try:
        plain, secure = build_floor(tmp_path), build_floor(tmp_path, tls=True)
    except BuildError as error:
        pytest.skip(str(error))
    assert plain != secure
    assert plain.exists()
    assert secure.exists()


def test_missing_compiler_is_named_with_a_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(BuildError, match="variable CC is not there: no-such-compiler"):
        build_native(directory=tmp_path)
    monkeypatch.delenv("CC")
    monkeypatch.setenv("PATH", str(tmp_path))
    for build in (build_native, build_floor):
        with pytest.raises(BuildError, match="no C compiler was found"):
            build(directory=tmp_path)


def test_missing_headers_of_python_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    with pytest.raises(BuildError, match=f"Python's headers are not in {tmp_path}"):
        build_floor(directory=tmp_path)


def test_compiler_that_fails_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "false")
    with pytest.raises(BuildError, match="false could not build load"):
        build_native(directory=tmp_path)
