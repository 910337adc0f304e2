"""call_soon_threadsafe: calls from other threads arrive, in order, wake the loop, and cost little."""

import asyncio
import contextlib
import contextvars
import os
import signal
import threading
import time
from pathlib import Path

import pytest

HAS_WRITE_COUNTS = Path("/proc/thread-self/io").exists()


def in_thread(function, *arguments):
    """Run a function in a thread of its own and pass on what it raised."""
    failures = []

    def target():
        try:
            function(*arguments)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def write_calls_of_this_thread():
    """How many write system calls this thread has made, as the kernel counts them."""
    fields = dict(line.split(": ") for line in Path("/proc/thread-self/io").read_text().splitlines())
    return int(fields["syscw"])


def wait_until_asleep(thread_id, timeout_seconds=5.0):
    """Return once the kernel shows a thread of this process sleeping, for a little while on end."""
    status = Path(f"/proc/self/task/{thread_id}/stat")
    deadline = time.monotonic() + timeout_seconds
    seen = 0
    while seen < 20:
        assert time.monotonic() < deadline, "the loop's thread never went to sleep"
        seen = seen + 1 if status.read_text().rpartition(")")[2].split()[0] == "S" else 0
        time.sleep(0.0005)


def test_call_from_another_thread_wakes_a_sleeping_loop(loop):
    thread_id = threading.get_native_id()

    def wake():
        wait_until_asleep(thread_id)
        loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=wake)
    loop.call_later(30, pytest.fail, "the loop slept on")
    thread.start()
    loop.run_forever()
    thread.join()


def test_calls_of_one_thread_arrive_in_their_order(loop):
    ran = []

    def schedule():
        for number in range(5000):
            loop.call_soon_threadsafe(ran.append, number)
        loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=schedule)
    thread.start()
    loop.run_forever()
    thread.join()
    assert ran == list(range(5000))


def test_calls_of_many_threads_all_arrive_each_thread_in_its_order(loop):
    threads_count, calls_count = 8, 1500
    ran = []
    left = threads_count
    start = threading.Barrier(threads_count)

    def ended():
        nonlocal left
        left -= 1
        if not left:
            loop.stop()

    def schedule(label):
        start.wait()
        for number in range(calls_count):
            loop.call_soon_threadsafe(ran.append, (label, number))
        loop.call_soon_threadsafe(ended)

    threads = [threading.Thread(target=schedule, args=(label,)) for label in range(threads_count)]
    for thread in threads:
        thread.start()
    loop.run_forever()
    for thread in threads:
        thread.join()
    assert len(ran) == threads_count * calls_count
    for label in range(threads_count):
        assert [number for who, number in ran if who == label] == list(range(calls_count))


def test_wake_up_is_never_lost_in_a_game_of_ping_pong(loop):
    rounds = 2000
    turn = threading.Semaphore(0)
    done = 0

    def answer():
        nonlocal done
        done += 1
        if done == rounds:
            loop.stop()
        turn.release()

    def play():
        for _ in range(rounds):
            loop.call_soon_threadsafe(answer)
            assert turn.acquire(timeout=10)

    thread = threading.Thread(target=play)
    thread.start()
    loop.run_forever()
    thread.join()
    assert done == rounds


@pytest.mark.only_ouroloop
def test_descriptor_that_a_thread_is_about_to_write_to_outlives_the_loop(loop_factory):
    """The thread is held in its write: in the place of the loop's pipe stands one that is full."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    loop = loop_factory()
    calls = []

    def wake():
        with contextlib.suppress(RuntimeError):
            while True:
                calls.append(None)
                loop.call_soon_threadsafe(int)
                time.sleep(0.001)

    async def main():
        own = signal.set_wakeup_fd(-1)
        os.dup2(writer, own)
        thread.start()
        seen = -1
        while len(calls) != seen:
            seen = len(calls)
            await asyncio.sleep(0.2)
        return own

    thread = threading.Thread(target=wake, daemon=True)
    own = loop.run_until_complete(main())
    loop.close()
    assert os.path.sameopenfile(own, writer)
    while thread.is_alive():
        os.read(reader, 65536)
        thread.join(0.01)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(own)
    os.close(reader)
    os.close(writer)


def test_calls_made_before_the_loop_runs_are_kept(loop, run_once):
    ran = []
    in_thread(lambda: [loop.call_soon_threadsafe(ran.append, number) for number in range(100)])
    run_once(loop)
    assert ran == list(range(100))


def test_call_from_the_own_thread_keeps_its_place_in_the_queue(loop, run_once):
    ran = []
    loop.call_soon(ran.append, 1)
    loop.call_soon_threadsafe(ran.append, 2)
    loop.call_soon(ran.append, 3)
    run_once(loop)
    assert ran == [1, 2, 3]


def test_call_made_while_the_loop_runs_callbacks_waits_for_the_next_iteration(loop, run_once):
    ran = []

    def schedule():
        in_thread(loop.call_soon_threadsafe, ran.append, "from a thread")
        ran.append("callback")

    loop.call_soon(schedule)
    loop.call_soon(ran.append, "rest of the batch")
    run_once(loop)
    assert ran == ["callback", "rest of the batch"]
    run_once(loop)
    assert ran[2:] == ["from a thread"]


def test_threadsafe_handle_can_be_cancelled_from_the_other_thread(loop, run_once):
    ran = []

    def schedule_and_cancel():
        handle = loop.call_soon_threadsafe(ran.append, "cancelled")
        assert isinstance(handle, asyncio.Handle)
        handle.cancel()
        assert handle.cancelled()

    in_thread(schedule_and_cancel)
    run_once(loop)
    assert ran == []


def order_of_ends(loop, ask, outcome=lambda: None):
    """Has three threads call `ask(handle)` while the handle's callback runs: who was done, in order."""
    ends = []
    is_running, are_asking = threading.Event(), threading.Barrier(4)

    def callback():
        loop.call_soon(loop.stop)
        is_running.set()
        are_asking.wait(timeout=10)
        # A thread that does not wait is done before this.
        time.sleep(0.02)
        ends.append("callback")
        outcome()

    def ask_meanwhile():
        assert is_running.wait(timeout=10)
        are_asking.wait(timeout=10)
        ask(handle)
        ends.append("thread")

    handle = loop.call_soon_threadsafe(callback)
    threads = [threading.Thread(target=ask_meanwhile) for _ in range(3)]
    for thread in threads:
        thread.start()
    loop.run_forever()
    for thread in threads:
        thread.join(timeout=10)
    return ends


@pytest.mark.reference_since(3, 14)
def test_threads_that_cancel_a_callback_that_runs_wait_for_its_end(loop):
    assert order_of_ends(loop, lambda handle: handle.cancel()) == ["callback", *["thread"] * 3]


@pytest.mark.reference_since(3, 14)
def test_threads_that_ask_for_a_callback_that_runs_wait_for_its_end(loop):
    answers = []
    ends = order_of_ends(loop, lambda handle: answers.append(handle.cancelled()))
    assert ends == ["callback", *["thread"] * 3]
    assert answers == [False] * 3


@pytest.mark.reference_since(3, 14)
def test_threads_that_cancel_hear_of_a_callback_that_fails(loop):
    reports = []
    loop.set_exception_handler(lambda _loop, report: reports.append(type(report["exception"])))
    ends = order_of_ends(loop, lambda handle: handle.cancel(), lambda: 1 / 0)
    assert ends == ["callback", *["thread"] * 3]
    assert reports == [ZeroDivisionError]


def test_callback_can_cancel_its_own_handle_without_waiting(loop, run_once):
    seen = []

    def callback():
        handle.cancel()
        seen.append(handle.cancelled())

    handle = loop.call_soon_threadsafe(callback)
    run_once(loop)
    assert seen == [True]


def test_call_takes_the_calling_threads_context(loop, run_once):
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []

    def schedule():
        variable.set("of the thread")
        loop.call_soon_threadsafe(lambda: seen.append(variable.get()))
        chosen = contextvars.Context()
        loop.call_soon_threadsafe(lambda: seen.append(variable.get()), context=chosen)

    in_thread(schedule)
    run_once(loop)
    assert seen == ["of the thread", "unset"]


def test_call_on_a_closed_loop_is_refused(loop):
    loop.close()
    with pytest.raises(RuntimeError, match=r"^Event loop is closed$"):
        in_thread(loop.call_soon_threadsafe, print)


def test_threads_that_call_while_the_loop_closes_get_a_clear_error_or_none(loop):
    failures = []
    started = threading.Event()

    def hammer():
        try:
            for _ in range(1_000_000):
                loop.call_soon_threadsafe(int)
                started.set()
        except RuntimeError as error:
            failures.append(str(error))

    thread = threading.Thread(target=hammer)
    thread.start()
    started.wait()
    loop.call_later(0.005, loop.stop)
    loop.run_forever()
    loop.close()
    thread.join()
    assert failures == ["Event loop is closed"]


@pytest.mark.only_ouroloop
@pytest.mark.skipif(not HAS_WRITE_COUNTS, reason="this kernel does not count a thread's system calls")
def test_calls_while_the_loop_is_awake_cost_no_system_call(loop):
    counts = []

    def schedule_many():
        before = write_calls_of_this_thread()
        for _ in range(1000):
            loop.call_soon_threadsafe(int)
        counts.append(write_calls_of_this_thread() - before)

    def stay_awake():
        in_thread(schedule_many)
        loop.stop()

    loop.call_soon(stay_awake)
    loop.run_forever()
    assert counts == [0]


@pytest.mark.only_ouroloop
@pytest.mark.skipif(not HAS_WRITE_COUNTS, reason="this kernel does not count a thread's system calls")
def test_waking_a_sleeping_loop_costs_one_system_call(loop):
    counts = []
    loop_thread_id = threading.get_native_id()

    def wake():
        wait_until_asleep(loop_thread_id)
        before = write_calls_of_this_thread()
        loop.call_soon_threadsafe(int)
        counts.append(write_calls_of_this_thread() - before)
        loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=wake)
    thread.start()
    loop.run_forever()
    thread.join()
    assert counts == [1]


@pytest.mark.only_ouroloop
@pytest.mark.skipif(not HAS_WRITE_COUNTS, reason="this kernel does not count a thread's system calls")
def test_calls_before_the_loop_runs_cost_no_system_call(loop, run_once):
    before = write_calls_of_this_thread()
    for _ in range(100):
        loop.call_soon_threadsafe(int)
    assert write_calls_of_this_thread() == before
    run_once(loop)
