"""The TLS machine without a socket: its table, and what two machines say to each other in any portions."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ouroloop.tls import openssl
from ouroloop.tls.machine import TlsMachine
from ouroloop.tls.states import TRANSITIONS, Event, State

if TYPE_CHECKING:
    from collections.abc import Callable

    Pair = Callable[[], "tuple[TlsMachine, TlsMachine]"]

EVENTS_TO = {
    State.NEW: [],
    State.HANDSHAKE: [Event.START],
    State.OPEN: [Event.START, Event.HANDSHAKE_DONE],
    State.FLUSHING: [Event.START, Event.HANDSHAKE_DONE, Event.CLOSE],
    State.ANSWERING: [Event.START, Event.HANDSHAKE_DONE, Event.PEER_CLOSED],
    State.CLOSE_SENT: [Event.START, Event.HANDSHAKE_DONE, Event.CLOSE, Event.FLUSHED],
    State.ENDED: [Event.LOST],
}


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls1.2", "tls1.3"])
def version(request) -> ssl.TLSVersion:
    return request.param


class OwnObject(ssl.SSLObject):
    """A class of the program's: all that its connections do goes through it."""


@pytest.fixture(params=[True, False], ids=["openssl", "ssl"])
def is_direct(request) -> bool:
    """Whether records go to OpenSSL itself, or through the module."""
    if request.param and not openssl.is_open():
        pytest.skip("OpenSSL cannot be reached here, or shall not be")
    return request.param


@pytest.fixture
def pair(certificate, version, is_direct) -> Pair:
    """Makes a client and a server, both before their handshake."""
    server_context = certificate.server_context(minimum_version=version, maximum_version=version)
    client_context = certificate.client_context(minimum_version=version, maximum_version=version)
    if not is_direct:
        server_context.sslobject_class = client_context.sslobject_class = OwnObject

    def pair():
        return (
            TlsMachine(client_context, server_hostname="localhost"),
            TlsMachine(server_context, server_side=True),
        )

    return pair


def in_portions(data: bytes, sizes: list[int]):
    """`data` cut into pieces of these sizes, over and over."""
    place = turn = 0
    while place < len(data):
        size = sizes[turn % len(sizes)]
        yield data[place : place + size]
        place += size
        turn += 1


def talk(first: TlsMachine, second: TlsMachine, sizes: list[int] | None = None) -> tuple[bytes, bytes]:
    """Carry bytes both ways until neither has more to say; returns the plain text that each has read."""
    read = {first: bytearray(), second: bytearray()}
    while True:
        said = [(sender.to_send(), receiver) for sender, receiver in ((first, second), (second, first))]
        if not any(data for data, _ in said):
            return bytes(read[first]), bytes(read[second])
        for data, receiver in said:
            for portion in in_portions(data, sizes or [len(data) or 1]):
                read[receiver] += receiver.receive(portion)


def shake_hands(pair: Pair, sizes: list[int] | None = None) -> tuple[TlsMachine, TlsMachine]:
    client, server = pair()
    assert (
        client.is_direct
        == server.is_direct
        == (type(client.ssl_object) is ssl.SSLObject and openssl.is_open())
    )
    server.begin()
    client.begin()
    assert client.state == server.state == State.HANDSHAKE
    assert talk(client, server, sizes) == (b"", b"")
    assert client.state == server.state == State.OPEN
    return client, server


# The table


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", State)
def test_each_event_in_each_state_does_what_the_table_says(pair, state, event):
    machine, _ = pair()
    for earlier in EVENTS_TO[state]:
        machine.happened(earlier)
    assert machine.state == state
    assert machine.happened(event) == TRANSITIONS[state].get(event, state)


def test_every_state_is_reached_and_can_end():
    reached = {State.NEW}
    for _ in State:
        reached |= {target for state in reached for target in TRANSITIONS[state].values()}
    assert reached == set(State)
    assert all(row[Event.LOST] == State.ENDED for state, row in TRANSITIONS.items() if state != State.ENDED)
    assert TRANSITIONS[State.ENDED] == {}


def test_nothing_opens_a_connection_that_is_closing():
    closing = {State.FLUSHING, State.ANSWERING, State.CLOSE_SENT, State.ENDED}
    assert all(target in closing for state in closing for target in TRANSITIONS[state].values())


# Two machines


def test_handshake_opens_both_ends(pair):
    client, server = shake_hands(pair)
    assert client.ssl_object.version() == server.ssl_object.version()
    assert client.ssl_object.getpeercert()["subjectAltName"] == (
        ("DNS", "localhost"),
        ("IP Address", "127.0.0.1"),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=6),
    messages=st.lists(
        st.tuples(st.booleans(), st.integers(1, 70_000)), max_size=8
    ),
)  # fmt: skip
def test_any_portions_give_the_same_plain_text(pair, sizes, messages):
    client, server = shake_hands(pair, sizes)
    sent = {client: bytearray(), server: bytearray()}
    for number, (is_client, size) in enumerate(messages):
        sender = client if is_client else server
        data = bytes([number % 251]) * size
        assert sender.send(data) == size
        sent[sender] += data
    assert talk(client, server, sizes) == (bytes(sent[server]), bytes(sent[client]))
    client.close()
    assert talk(client, server, sizes) == (b"", b"")
    server.finish()
    assert talk(client, server, sizes) == (b"", b"")
    assert client.state == server.state == State.ENDED


def test_record_that_comes_byte_by_byte_is_read_once_it_is_whole(pair):
    client, server = shake_hands(pair)
    client.send(b"hello")
    *most, last = in_portions(client.to_send(), [1])
    assert [server.receive(byte) for byte in most] == [b""] * len(most)
    assert server.receive(last) == b"hello"


def test_close_is_answered_and_ends_both(pair):
    client, server = shake_hands(pair)
    client.close()
    assert client.state == State.CLOSE_SENT
    talk(client, server)
    assert server.state == State.ANSWERING
    server.send(b"last words")
    server.finish()
    assert server.state == State.ENDED
    assert talk(client, server) == (b"", b"")  # what comes after close() is dropped
    assert client.state == State.ENDED


def test_close_while_the_peer_sends_reads_over_its_bytes(pair):
    client, server = shake_hands(pair)
    server.send(b"x" * 100_000)
    flight = server.to_send()
    assert client.receive(flight[:50_000])
    client.close()
    assert client.state == State.CLOSE_SENT
    assert client.receive(flight[50_000:]) == b""
    talk(client, server)
    server.finish()
    talk(client, server)
    assert client.state == State.ENDED


def test_both_close_at_once(pair):
    client, server = shake_hands(pair)
    client.close()
    server.close()
    talk(client, server)
    assert client.state == server.state == State.ENDED


def test_peer_that_is_gone_gets_no_close_notify(pair):
    client, _ = shake_hands(pair)
    assert client.happened(Event.PEER_GONE) == State.ANSWERING
    client.finish()
    assert client.state == State.ENDED
    assert client.to_send() == b""


def test_nothing_is_sent_before_the_handshake_is_over(pair):
    client, _ = pair()
    client.begin()
    client.to_send()
    assert client.send(b"early") == 0


def test_bytes_that_are_no_tls_fail_the_handshake(pair):
    _, server = pair()
    server.begin()
    with pytest.raises(ssl.SSLError, match="HTTP_REQUEST"):
        server.receive(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")


def test_changed_byte_fails_the_connection_after_what_came_before_it(pair):
    client, server = shake_hands(pair)
    client.send(b"good")
    assert server.receive(client.to_send()) == b"good"
    client.send(b"bad")
    flight = bytearray(client.to_send())
    flight[-1] ^= 1
    with pytest.raises(ssl.SSLError, match=r"(?i)mac|record layer failure"):
        server.receive(flight)
    assert server.to_send()  # the alert


def test_untrusted_certificate_fails_the_handshake(certificate, foreign_certificate):
    client = TlsMachine(certificate.client_context(), server_hostname="localhost")
    server = TlsMachine(foreign_certificate.server_context(), server_side=True)
    server.begin()
    client.begin()
    with pytest.raises(ssl.SSLCertVerificationError):
        talk(client, server)
    assert client.to_send()  # the alert


def test_context_of_another_kind_is_refused():
    with pytest.raises(AttributeError, match="wrap_bio"):
        TlsMachine(object())
