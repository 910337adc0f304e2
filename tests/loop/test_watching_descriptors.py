"""add_reader and add_writer: readiness, what the calls answer, and whose event it is."""

import asyncio
import contextlib
import contextvars
import os
import socket
import threading
import weakref

import pytest


@pytest.fixture
def pair():
    """Two connected sockets that do not block."""
    left, right = socket.socketpair()
    left.setblocking(False)
    right.setblocking(False)
    yield left, right
    left.close()
    right.close()


def close_and_reuse_number(old):
    """Close a socket and return a connected pair, the first of which has the number that it had."""
    number = old.fileno()
    old.close()
    made, peer = socket.socketpair()
    assert number in (made.fileno(), peer.fileno())
    return (made, peer) if made.fileno() == number else (peer, made)


def test_reader_runs_when_there_is_something_to_read(loop, pair, run_once):
    left, right = pair
    received = []
    assert (
        loop.add_reader(left, lambda *arguments: received.append((arguments, left.recv(100))), "a", 2) is None
    )
    run_once(loop)
    assert received == []
    right.send(b"data")
    run_once(loop)
    assert received == [(("a", 2), b"data")]
    assert loop.remove_reader(left) is True


def test_reader_runs_again_while_data_is_left(loop, pair, run_once):
    left, right = pair
    received = []
    loop.add_reader(left, lambda: received.append(left.recv(1)))
    right.send(b"abc")
    for expected in ([b"a"], [b"a", b"b"], [b"a", b"b", b"c"], [b"a", b"b", b"c"]):
        run_once(loop)
        assert received == expected
    loop.remove_reader(left)


def test_reader_runs_at_end_of_file(loop, pair):
    left, right = pair
    loop.add_reader(left, loop.stop)
    right.close()
    loop.run_forever()
    assert left.recv(1) == b""
    loop.remove_reader(left)


def test_writer_runs_when_there_is_room(loop, pair, run_once):
    left, right = pair
    with contextlib.suppress(BlockingIOError):
        while True:
            left.send(bytes(65536))
    ran = []
    loop.add_writer(left, ran.append, "room")
    run_once(loop)
    assert ran == []
    while ran == []:
        right.recv(65536)
        run_once(loop)
    assert loop.remove_writer(left) is True


def test_writer_runs_when_the_reader_of_its_pipe_is_gone(loop):
    read_end, write_end = os.pipe()
    loop.add_writer(write_end, loop.stop)
    os.close(read_end)
    loop.run_forever()
    loop.remove_writer(write_end)
    os.close(write_end)


def test_readiness_wakes_a_sleeping_loop(loop, pair):
    left, right = pair
    thread = threading.Timer(0.01, right.send, [b"x"])
    loop.add_reader(left, loop.stop)
    thread.start()
    loop.run_forever()
    loop.remove_reader(left)
    thread.join()


def test_both_directions_of_one_descriptor_are_independent(loop, pair, run_once):
    left, right = pair
    ran = []
    right.send(b"x")
    loop.add_reader(left, ran.append, "read")
    loop.add_writer(left, ran.append, "write")
    run_once(loop)
    assert sorted(ran) == ["read", "write"]
    assert loop.remove_reader(left) is True
    ran.clear()
    run_once(loop)
    assert ran == ["write"]
    loop.add_reader(left, ran.append, "read")
    assert loop.remove_writer(left) is True
    ran.clear()
    run_once(loop)
    assert ran == ["read"]
    assert loop.remove_reader(left) is True


def test_removing_what_is_not_watched_answers_false(loop, pair):
    left, _right = pair
    assert loop.remove_reader(left) is False
    assert loop.remove_writer(left) is False
    loop.add_reader(left, print)
    assert loop.remove_writer(left) is False
    assert loop.remove_reader(left) is True
    assert loop.remove_reader(left) is False
    loop.add_writer(left, print)
    assert loop.remove_reader(left) is False
    assert loop.remove_writer(left) is True
    assert loop.remove_reader(5000) is False


def test_adding_again_replaces_the_callback(loop, pair, run_once):
    left, right = pair
    ran = []
    right.send(b"x")
    for label in ("first", "second"):
        loop.add_reader(left, ran.append, label)
        loop.add_writer(left, ran.append, label)
    run_once(loop)
    assert ran == ["second", "second"]
    assert loop.remove_reader(left) is True
    assert loop.remove_reader(left) is False
    assert loop.remove_writer(left) is True


def test_number_object_and_socket_name_the_same_descriptor(loop, pair):
    left, _right = pair

    class Wrapped:
        def fileno(self):
            return left.fileno()

    loop.add_reader(left, print)
    assert loop.remove_reader(left.fileno()) is True
    loop.add_reader(left.fileno(), print)
    assert loop.remove_reader(Wrapped()) is True
    loop.add_writer(Wrapped(), print)
    assert loop.remove_writer(left) is True


def test_watcher_may_remove_itself(loop, pair, run_once):
    left, right = pair
    ran = []
    right.send(b"x")
    loop.add_reader(left, lambda: ran.append(loop.remove_reader(left)))
    run_once(loop)
    run_once(loop)
    assert ran == [True]


def test_ready_callback_runs_before_input_and_input_before_timers(loop, pair, run_once):
    left, right = pair
    ran = []
    right.send(b"x")
    loop.add_reader(left, ran.append, "input")
    loop.call_later(0, ran.append, "timer")
    loop.call_soon(ran.append, "callback")
    run_once(loop)
    assert ran == ["callback", "input", "timer"]
    loop.remove_reader(left)


def test_busy_callbacks_do_not_starve_input(loop, pair):
    left, right = pair
    iterations = 0

    def busy():
        nonlocal iterations
        iterations += 1
        assert iterations < 1000, "the descriptor was ready for a thousand iterations"
        loop.call_soon(busy)

    loop.add_reader(left, loop.stop)
    right.send(b"x")
    loop.call_soon(busy)
    loop.run_forever()
    loop.remove_reader(left)


def test_reader_removed_by_a_callback_of_the_same_batch_does_not_run(loop, run_once):
    pairs = [socket.socketpair() for _ in range(2)]
    ran = []

    def remove_the_other(own, other):
        ran.append(own)
        loop.remove_reader(pairs[other][0])

    for index in range(2):
        pairs[index][1].send(b"x")
        loop.add_reader(pairs[index][0], remove_the_other, index, 1 - index)
    run_once(loop)
    assert len(ran) == 1
    loop.remove_reader(pairs[ran[0]][0])
    for left, right in pairs:
        left.close()
        right.close()


def test_reader_replaced_by_a_callback_of_the_same_batch_does_not_run(loop, run_once):
    pairs = [socket.socketpair() for _ in range(2)]
    ran = []

    def replace_the_other(other):
        ran.append("old")
        loop.add_reader(pairs[other][0], ran.append, "new")

    for index in range(2):
        pairs[index][1].send(b"x")
        loop.add_reader(pairs[index][0], replace_the_other, 1 - index)
    run_once(loop)
    assert ran == ["old"]
    for left, right in pairs:
        loop.remove_reader(left)
        left.close()
        right.close()


def test_event_of_a_closed_descriptor_is_not_delivered_to_the_next_user_of_its_number(loop, run_once):
    pairs = [socket.socketpair() for _ in range(2)]
    ran, opened = [], []

    def close_the_other_and_open_a_new_one(own, other):
        ran.append(own)
        loop.remove_reader(pairs[own][0])
        old = pairs[other][0]
        loop.remove_reader(old)
        opened.extend(close_and_reuse_number(old))
        loop.add_reader(opened[0], ran.append, "wrong: nothing was sent to the new one")

    for index in range(2):
        pairs[index][1].send(b"x")
        loop.add_reader(pairs[index][0], close_the_other_and_open_a_new_one, index, 1 - index)
    for _ in range(3):
        run_once(loop)
    assert ran in ([0], [1])
    loop.remove_reader(opened[0])
    for each in (*pairs[0], *pairs[1], *opened):
        each.close()


@pytest.mark.only_ouroloop
def test_descriptor_closed_without_being_removed_gives_its_number_to_the_next(loop, run_once):
    left, right = socket.socketpair()
    ran = []
    loop.add_reader(left, ran.append, "old")
    right.send(b"x")
    made, peer = close_and_reuse_number(left)
    loop.add_reader(made, ran.append, "new")
    run_once(loop)
    assert ran == []
    peer.send(b"x")
    run_once(loop)
    assert ran == ["new"]
    assert loop.remove_reader(made) is True
    for each in (right, made, peer):
        each.close()


@pytest.mark.parametrize("remove", ["remove_reader", "remove_writer"])
def test_closed_loop_watches_no_number(loop, remove):
    with pytest.raises(ValueError, match=r"^Invalid file descriptor: -1$"):
        getattr(loop, remove)(-1)
    loop.close()
    assert getattr(loop, remove)(-1) is False
    with pytest.raises(ValueError, match=r"^Invalid file object: 'x'$"):
        getattr(loop, remove)("x")


@pytest.mark.only_ouroloop
def test_descriptor_closed_without_being_removed_can_still_be_removed(loop, pair):
    left, _right = pair
    number = left.fileno()
    loop.add_reader(left, print)
    loop.add_writer(left, print)
    left.close()
    assert loop.remove_reader(number) is True
    assert loop.remove_writer(number) is True
    assert loop.remove_reader(number) is False


@pytest.mark.parametrize("direction", ["reader", "writer"])
def test_socket_closed_without_being_removed_can_still_be_removed(loop, pair, direction):
    add, remove = getattr(loop, f"add_{direction}"), getattr(loop, f"remove_{direction}")
    left, other = pair
    add(left, print)
    left.close()
    other.close()
    with pytest.raises(ValueError, match=r"^Invalid file descriptor: -1$"):
        remove(other)
    assert remove(left) is True
    with pytest.raises(ValueError, match=r"^Invalid file descriptor: -1$"):
        remove(left)


def test_watched_socket_stays_alive_until_it_is_removed(loop):
    left, right = socket.socketpair()
    number, alive = left.fileno(), weakref.ref(left)
    with right:
        loop.add_reader(left, loop.stop)
        del left
        right.send(b"x")
        loop.run_forever()
        alive().close()
        assert loop.remove_reader(number) is True
        assert alive() is None


def test_thousand_descriptors_ready_at_once_each_reach_their_own_callback(loop, run_once):
    pairs = [socket.socketpair() for _ in range(400)]
    ran = []
    for index, (left, right) in enumerate(pairs):
        right.send(index.to_bytes(2, "big"))
        loop.add_reader(left, lambda index=index, left=left: ran.append((index, left.recv(2))))
    for _ in range(20):
        run_once(loop)
        if len(ran) == len(pairs):
            break
    assert sorted(ran) == [(index, index.to_bytes(2, "big")) for index in range(len(pairs))]
    for left, right in pairs:
        loop.remove_reader(left)
        left.close()
        right.close()


def test_exception_in_a_reader_is_reported_and_it_stays(loop, pair, run_once, capture_errors):
    left, right = pair

    def fail():
        raise ZeroDivisionError

    right.send(b"x")
    loop.add_reader(left, fail)
    run_once(loop)
    run_once(loop)
    assert [type(context["exception"]) for context in capture_errors] == [ZeroDivisionError] * 2
    assert isinstance(capture_errors[0]["handle"], asyncio.Handle)
    assert loop.remove_reader(left) is True


def test_watchers_run_in_the_context_they_were_added_in(loop, pair, run_once):
    left, right = pair
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []
    variable.set("reader")
    loop.add_reader(left, lambda: seen.append(variable.get()))
    variable.set("writer")
    loop.add_writer(left, lambda: seen.append(variable.get()))
    variable.set("later")
    right.send(b"x")
    run_once(loop)
    run_once(loop)
    assert seen == ["reader", "writer"] * 2
    loop.remove_reader(left)
    loop.remove_writer(left)
