"""The life of a TLS connection as one table: which event moves it from which state to which.

The machine (`machine.pyx`) does what a state asks for and reports events; nothing else decides where a connection
stands. An event that a state's row does not name changes nothing: it came too late, or too early to matter.
"""

from __future__ import annotations

import enum


class State(enum.IntEnum):
    """Where a TLS connection stands."""

    NEW = 0  # nothing was sent
    HANDSHAKE = 1
    OPEN = 2  # both directions carry the user's bytes
    FLUSHING = 3  # closed by the user: what was written goes out first, then our close_notify
    ANSWERING = 4  # closed by the peer: the same, but nobody waits for the peer afterwards
    CLOSE_SENT = 5  # our close_notify is out, the peer's is awaited, what it still sends is dropped
    ENDED = 6  # nothing more goes in or out


class Event(enum.IntEnum):
    """What can happen to a TLS connection."""

    START = 0
    HANDSHAKE_DONE = 1
    CLOSE = 2  # the user closes
    FLUSHED = 3  # all that the user wrote is encrypted, and close_notify behind it
    PEER_CLOSED = 4  # the peer's close_notify was read
    PEER_GONE = 5  # the stream below has ended, with close_notify or without
    LOST = 6  # the transport below is gone, a limit has passed, the peer broke the protocol, or abort()


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.NEW: {
        Event.START: State.HANDSHAKE,
        Event.CLOSE: State.ENDED,
        Event.PEER_GONE: State.ENDED,
        Event.LOST: State.ENDED,
    },
    State.HANDSHAKE: {
        Event.HANDSHAKE_DONE: State.OPEN,
        Event.CLOSE: State.ENDED,
        Event.PEER_GONE: State.ENDED,
        Event.LOST: State.ENDED,
    },
    State.OPEN: {
        Event.CLOSE: State.FLUSHING,
        Event.PEER_CLOSED: State.ANSWERING,
        Event.PEER_GONE: State.ANSWERING,
        Event.LOST: State.ENDED,
    },
    State.FLUSHING: {
        Event.FLUSHED: State.CLOSE_SENT,
        Event.PEER_CLOSED: State.ANSWERING,
        Event.PEER_GONE: State.ANSWERING,
        Event.LOST: State.ENDED,
    },
    State.ANSWERING: {
        Event.FLUSHED: State.ENDED,
        Event.LOST: State.ENDED,
    },
    State.CLOSE_SENT: {
        Event.PEER_CLOSED: State.ENDED,
        Event.PEER_GONE: State.ENDED,
        Event.LOST: State.ENDED,
    },
    State.ENDED: {},
}
