"""Records by OpenSSL itself: when a connection may, and that nobody can tell it from one through `ssl`."""

from __future__ import annotations

import _ssl
import ctypes
import gc
import os
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ouroloop.tls import openssl
from ouroloop.tls.machine import TlsMachine
from ouroloop.tls.states import State

from .test_machine import OwnObject, talk

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Certificate

pytestmark = pytest.mark.skipif(
    not openssl.is_open(), reason="OpenSSL cannot be reached here, or shall not be"
)

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def machines(
    certificate: Certificate,
    version: ssl.TLSVersion = TLS_1_3,
    prepare: Callable[[ssl.SSLContext], object] | None = None,
) -> tuple[TlsMachine, TlsMachine]:
    """A client and a server after their handshake; `prepare` is shown both contexts first."""
    contexts = (
        certificate.client_context(minimum_version=version, maximum_version=version),
        certificate.server_context(minimum_version=version, maximum_version=version),
    )
    for context in contexts:
        if prepare is not None:
            prepare(context)
    client = TlsMachine(contexts[0], server_hostname="localhost")
    server = TlsMachine(contexts[1], server_side=True)
    server.begin()
    client.begin()
    talk(client, server)
    assert client.state == server.state == State.OPEN
    return client, server


def take_own_class(context: ssl.SSLContext) -> None:
    context.sslobject_class = OwnObject


# Which connections


def test_plain_connection_asks_openssl_itself(certificate):
    assert all(machine.is_direct for machine in machines(certificate))


def test_class_of_the_programs_own_keeps_its_connections(certificate):
    assert not any(machine.is_direct for machine in machines(certificate, prepare=take_own_class))


def test_context_that_logs_keys_keeps_its_connections(certificate, tmp_path):
    log = tmp_path / "keys"

    def prepare(context: Any) -> None:
        context.keylog_filename = str(log)

    assert not any(machine.is_direct for machine in machines(certificate, prepare=prepare))
    assert log.read_text()


def test_callback_for_each_message_is_called_and_what_it_raises_is_raised(certificate):
    seen: list[str] = []

    def callback(_connection: object, direction: str, *_: object) -> None:
        seen.append(direction)
        if fails:
            raise ZeroDivisionError

    def prepare(context: Any) -> None:
        context._msg_callback = callback

    fails = False
    client, server = machines(certificate, prepare=prepare)
    assert not client.is_direct
    client.send(b"hello")
    seen.clear()
    flight = client.to_send()
    assert server.receive(flight) == b"hello"
    assert "read" in seen
    client.send(b"hello")
    fails = True
    with pytest.raises(ZeroDivisionError):
        server.receive(client.to_send())


def test_objects_are_recognized_only_where_all_three_belong_together():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    incoming, outgoing, other = ssl.MemoryBIO(), ssl.MemoryBIO(), ssl.MemoryBIO()
    wrapped = context.wrap_bio(incoming, outgoing)
    engine = wrapped._sslobj  # type: ignore[attr-defined]
    wrong: Any = object()
    assert openssl.has_session(engine, incoming, outgoing)
    assert not openssl.has_session(engine, outgoing, incoming)
    assert not openssl.has_session(engine, other, outgoing)
    assert not openssl.has_session(engine, incoming, other)
    assert not openssl.has_session(wrapped, incoming, outgoing)
    assert not openssl.has_session(wrong, incoming, outgoing)
    assert not openssl.has_session(engine, wrong, outgoing)
    assert not openssl.has_session(engine, incoming, wrong)


def test_variable_sends_everything_through_the_module():
    program = "from ouroloop.tls import openssl; print(openssl.is_open())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "OUROLOOP_TLS": "ssl"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "False\n"


# What it looks like from outside


def change_last_byte(client: TlsMachine, server: TlsMachine) -> None:
    client.send(b"x" * 100)
    flight = bytearray(client.to_send())
    flight[-1] ^= 1
    server.receive(flight)


def send_alert(client: TlsMachine, server: TlsMachine) -> None:
    server.send(b"x" * 100)
    flight = bytearray(server.to_send())
    flight[-1] ^= 1
    with pytest.raises(ssl.SSLError):
        client.receive(flight)
    server.receive(client.to_send())


def send_no_tls(_client: TlsMachine, server: TlsMachine) -> None:
    server.receive(b"GET / HTTP/1.1\r\n\r\n")


def send_long_record(_client: TlsMachine, server: TlsMachine) -> None:
    server.receive(b"\x17\x03\x03\xff\xff" + b"x" * 0xFFFF)


def send_unknown_type(_client: TlsMachine, server: TlsMachine) -> None:
    server.receive(b"\x18\x03\x03\x00\x20" + b"x" * 0x20)


def send_again(client: TlsMachine, server: TlsMachine) -> None:
    client.send(b"x" * 100)
    flight = client.to_send()
    server.receive(flight)
    server.receive(flight)


def write_after_failure(client: TlsMachine, server: TlsMachine) -> None:
    with pytest.raises(ssl.SSLError):
        change_last_byte(client, server)
    server.send(b"x")


def write_after_close(_client: TlsMachine, server: TlsMachine) -> None:
    server.close()
    server.send(b"x")


FAILURES = [
    change_last_byte,
    send_alert,
    send_no_tls,
    send_long_record,
    send_unknown_type,
    send_again,
    write_after_failure,
    write_after_close,
]


def outcome(certificate: Certificate, version: ssl.TLSVersion, fail: Any, prepare: Any) -> tuple[object, ...]:
    client, server = machines(certificate, version, prepare)
    assert server.is_direct == (prepare is None)
    with pytest.raises(ssl.SSLError) as caught:
        fail(client, server)
    error = caught.value
    return type(error), error.args, error.reason, error.library, server.state, server.to_send() != b""


@pytest.mark.parametrize("fail", FAILURES)
@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_failures_are_those_of_the_module(certificate, version, fail):
    direct = outcome(certificate, version, fail, None)
    assert direct == outcome(certificate, version, fail, take_own_class)
    # After a failure `ssl` itself has no reason for the next one.
    assert direct[2] or fail is write_after_failure


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_failure_of_one_connection_does_not_reach_another(certificate, version):
    client, server = machines(certificate, version)
    for fail in FAILURES:
        with pytest.raises(ssl.SSLError):
            fail(*machines(certificate, version))
        client.send(b"ping")
        first, *rest = client.to_send()
        assert server.receive(bytes([first])) == b""
        assert server.receive(bytes(rest)) == b"ping"


@pytest.mark.parametrize("prepare", [None, take_own_class])
def test_close_notify_ends_the_peers_bytes(certificate, prepare):
    client, server = machines(certificate, prepare=prepare)
    client.send(b"last words")
    client.close()
    assert server.receive(client.to_send()) == b"last words"
    assert server.state == State.ANSWERING
    assert server.send(b"answer") == 6
    server.finish()
    assert client.receive(server.to_send()) == b""
    assert client.state == State.ENDED


@pytest.mark.parametrize("prepare", [None, take_own_class])
def test_session_tickets_are_read_with_the_first_bytes(certificate, prepare):
    client, server = machines(certificate, prepare=prepare)
    server.send(b"hello")
    assert client.receive(server.to_send()) == b"hello"
    assert client.ssl_object.session.has_ticket


def leave_an_error() -> None:
    """Has OpenSSL note an error in the thread's queue that nobody takes from there."""
    library = ctypes.CDLL(getattr(_ssl, "__file__", None))
    library.BIO_new_file.restype = ctypes.c_void_p
    assert library.BIO_new_file(b"/there is/no such file", b"r") is None
    assert library.ERR_peek_error() != 0


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_errors_that_others_have_left_are_not_the_connections(certificate, version):
    client, server = machines(certificate, version)
    leave_an_error()
    client.send(b"ping")
    first, *rest = client.to_send()
    assert server.receive(bytes([first])) == b""
    assert server.receive(bytes(rest)) == b"ping"
    leave_an_error()
    client.close()
    assert server.receive(client.to_send()) == b""
    assert server.state == State.ANSWERING
    leave_an_error()
    server.finish()
    client.receive(server.to_send())
    assert client.state == State.ENDED
    leave_an_error()
    machines(certificate, version)


def test_what_ssl_has_made_may_outlive_the_machine(certificate):
    client, server = machines(certificate)
    client.send(b"ping")
    server.receive(client.to_send()[:10])
    kept = server.ssl_object
    del client, server
    gc.collect()
    with pytest.raises(ssl.SSLWantReadError):
        kept.read()
    assert kept.write(b"into the void") == 13


def test_a_machine_has_one_connection(certificate):
    client, _ = machines(certificate)
    with pytest.raises(RuntimeError, match="has a connection already"):
        client.__init__(certificate.client_context(), server_hostname="localhost")  # type: ignore[misc]
