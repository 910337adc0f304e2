"""add_reader and add_writer: what cannot be watched, and the words that say so."""

import asyncio
import re
import socket
import tempfile

import pytest


@pytest.fixture(params=["add_reader", "add_writer"])
def add(loop, request):
    return getattr(loop, request.param)


@pytest.fixture(params=["remove_reader", "remove_writer"])
def remove(loop, request):
    return getattr(loop, request.param)


class WithFileno:
    def __init__(self, answer):
        self.answer = answer

    def fileno(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def closed_socket():
    made = socket.socket()
    made.close()
    return made


@pytest.mark.parametrize(
    "refused",
    [
        object(),
        "text",
        1.5,
        None,
        b"1",
        WithFileno("text"),
        WithFileno(ValueError("refused")),
        WithFileno(None),
    ],
    ids=["object", "text", "float", "none", "bytes", "text-fileno", "failing-fileno", "none-fileno"],
)
def test_what_has_no_descriptor_is_refused(add, remove, refused):
    expected = re.escape(f"Invalid file object: {refused!r}")
    with pytest.raises(ValueError, match=f"^{expected}$"):
        add(refused, print)
    with pytest.raises(ValueError, match=f"^{expected}$"):
        remove(refused)


def test_closed_file_is_refused(add, remove):
    with tempfile.TemporaryFile() as file:
        pass
    for call in (lambda: add(file, print), lambda: remove(file)):
        with pytest.raises(ValueError, match=r"^Invalid file object: <_io\."):
            call()


@pytest.mark.parametrize("negative", [-1, WithFileno(-1)], ids=["number", "object"])
def test_negative_descriptor_is_refused(add, remove, negative):
    with pytest.raises(ValueError, match=r"^Invalid file descriptor: -1$"):
        add(negative, print)
    with pytest.raises(ValueError, match=r"^Invalid file descriptor: -1$"):
        remove(negative)


def test_closed_socket_is_refused(add, remove, closed_socket):
    with pytest.raises(ValueError, match=r"^Invalid file descriptor: -1$"):
        add(closed_socket, print)
    with pytest.raises(ValueError, match=r"^Invalid file descriptor: -1$"):
        remove(closed_socket)


def test_error_of_fileno_is_passed_on(add):
    with pytest.raises(OSError, match=r"^from fileno$"):
        add(WithFileno(OSError("from fileno")), print)


@pytest.mark.parametrize("number", [2**31, 2**63, 2**100], ids=["2**31", "2**63", "2**100"])
def test_descriptor_out_of_range_is_refused(add, remove, number):
    for given in (number, WithFileno(number)):
        with pytest.raises(OverflowError, match="Python int too large to convert to C int"):
            add(given, print)
        assert remove(given) is False


def test_descriptor_that_is_not_open_is_refused(add, remove):
    made = socket.socket()
    number = made.fileno()
    made.close()
    for closed in (number, 2**31 - 1):
        with pytest.raises(OSError, match=r"^\[Errno 9\] Bad file descriptor$"):
            add(closed, print)
        assert remove(closed) is False


def test_regular_file_cannot_be_watched_by_epoll(add, remove, implementation, loop, run_once):
    with tempfile.TemporaryFile() as file:
        if implementation.poller == "poll":
            # poll(2) can: POSIX says that a regular file is always ready.
            ran = []
            add(file, ran.append, "ready")
            run_once(loop)
            assert ran == ["ready"]
            loop.remove_reader(file)
            loop.remove_writer(file)
            return
        with pytest.raises(PermissionError, match=r"^\[Errno 1\] Operation not permitted$"):
            add(file, print)
        assert remove(file) is False


def test_refused_descriptor_leaves_the_others_watched(loop, run_once, closed_socket):
    left, right = socket.socketpair()
    ran = []
    loop.add_reader(left, ran.append, "ready")
    for refused in (-1, 2**31, 2**31 - 1, "text", closed_socket):
        with pytest.raises((ValueError, OverflowError, OSError)):
            loop.add_reader(refused, print)
    right.send(b"x")
    run_once(loop)
    assert ran == ["ready"]
    loop.remove_reader(left)
    left.close()
    right.close()


def test_callback_is_not_checked_until_it_runs(loop, run_once, capture_errors):
    left, right = socket.socketpair()
    right.send(b"x")
    loop.add_reader(left, None)
    run_once(loop)
    assert str(capture_errors[0]["exception"]) == "'NoneType' object is not callable"
    loop.remove_reader(left)
    left.close()
    right.close()


def test_socket_of_a_transport_is_refused(loop):
    left, right = socket.socketpair()

    async def main():
        transport, _protocol = await loop.create_connection(asyncio.Protocol, sock=left)
        calls = {
            "add_reader": lambda given: loop.add_reader(given, print),
            "add_writer": lambda given: loop.add_writer(given, print),
            "remove_reader": loop.remove_reader,
            "remove_writer": loop.remove_writer,
        }
        for call in calls.values():
            for given in (left, left.fileno()):
                expected = re.escape(f"File descriptor {given!r} is used by transport {transport!r}")
                with pytest.raises(RuntimeError, match=f"^{expected}$"):
                    call(given)
        transport.abort()
        await asyncio.sleep(0)

    loop.run_until_complete(main())
    left.close()
    right.close()


def test_number_that_a_closed_transport_had_may_be_watched_again(loop, run_once):
    left, right = socket.socketpair()
    number = left.fileno()

    async def main():
        transport, _protocol = await loop.create_connection(asyncio.Protocol, sock=left)
        transport.abort()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    loop.run_until_complete(main())
    right.close()
    made, peer = socket.socketpair()
    assert number in (made.fileno(), peer.fileno())
    for each in (made, peer):
        loop.add_reader(each, print)
        assert loop.remove_reader(each) is True
        each.close()
