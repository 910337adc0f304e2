"""What a poller makes of the system's events, seen through the loop on each poller."""

import os
import socket

import pytest


@pytest.fixture
def ready(loop, run_once):
    """Run an iteration and return which of the watched directions were ready."""
    found = []

    def ready():
        found.clear()
        run_once(loop)
        return sorted(found)

    ready.watch_reading = lambda file: loop.add_reader(file, found.append, "read")
    ready.watch_writing = lambda file: loop.add_writer(file, found.append, "write")
    return ready


def test_hang_up_is_readable(loop, ready):
    read_end, write_end = os.pipe()
    ready.watch_reading(read_end)
    assert ready() == []
    os.close(write_end)
    assert ready() == ["read"]
    assert os.read(read_end, 1) == b""
    loop.remove_reader(read_end)
    os.close(read_end)


def test_error_is_readable_and_writable(loop, ready):
    read_end, write_end = os.pipe()
    os.close(read_end)
    ready.watch_reading(write_end)
    ready.watch_writing(write_end)
    assert ready() == ["read", "write"]
    loop.remove_reader(write_end)
    loop.remove_writer(write_end)
    os.close(write_end)


def test_refused_connection_is_writable(loop, ready):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = listener.getsockname()
    with socket.socket() as client:
        client.setblocking(False)
        client.connect_ex(address)
        ready.watch_writing(client)
        for _ in range(100):
            if ready():
                break
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
        loop.remove_writer(client)


def test_listening_socket_is_readable_when_somebody_connects(loop, ready):
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        ready.watch_reading(listener)
        assert ready() == []
        client.connect(listener.getsockname())
        assert ready() == ["read"]
        loop.remove_reader(listener)


def test_changing_one_direction_leaves_the_other_in_force(loop, ready):
    left, right = socket.socketpair()
    with left, right:
        for _ in range(3):
            ready.watch_reading(left)
            ready.watch_writing(left)
            assert ready() == ["write"]
            right.send(b"x")
            assert ready() == ["read", "write"]
            loop.remove_writer(left)
            assert ready() == ["read"]
            left.recv(1)
            assert ready() == []
            loop.remove_reader(left)


def test_direction_nobody_watches_any_more_is_silent(loop, ready):
    left, right = socket.socketpair()
    with left, right:
        right.send(b"x")
        ready.watch_reading(left)
        assert ready() == ["read"]
        loop.remove_reader(left)
        assert ready() == []
        assert ready() == []


def test_descriptors_with_high_numbers_are_watched(loop, ready):
    left, right = socket.socketpair()
    with left, right:
        high = os.dup2(left.fileno(), 900)
        right.send(b"x")
        ready.watch_reading(high)
        assert ready() == ["read"]
        loop.remove_reader(high)
        os.close(high)


def test_same_file_under_two_numbers_is_watched_twice(loop, ready):
    left, right = socket.socketpair()
    with left, right:
        second = os.dup(left.fileno())
        right.send(b"x")
        ready.watch_reading(left)
        ready.watch_reading(second)
        assert ready() == ["read", "read"]
        loop.remove_reader(left)
        assert ready() == ["read"]
        loop.remove_reader(second)
        os.close(second)


@pytest.mark.only_ouroloop
def test_poller_is_closed_with_its_loop(loop):
    assert not loop.poller.is_closed
    loop.close()
    assert loop.poller.is_closed
