"""fork: the child cannot use the parent's loop, and the parent does not notice."""

import asyncio
import os
import signal
import socket
import traceback

import pytest

CHILD_SECONDS = 3


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
