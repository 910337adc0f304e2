"""close: what a closed loop refuses, what still answers, and that it owns nothing any more."""

import asyncio
import gc
import os
import re
import signal
import socket
import threading
import warnings
import weakref

import pytest

CLOSED = r"^Event loop is closed$"


def test_close_may_be_called_again(loop):
    assert not loop.is_closed()
    loop.close()
    loop.close()
    assert loop.is_closed()
    assert not loop.is_running()


def test_running_loop_refuses_to_close(loop, run_once):
    refused = []

    def close():
        with pytest.raises(RuntimeError, match=r"^Cannot close a running event loop$"):
            loop.close()
        refused.append(loop.is_closed())

    loop.call_soon(close)
    run_once(loop)
    assert refused == [False]


CALLS = {
    "call_soon": lambda loop: loop.call_soon(print),
    "call_soon_threadsafe": lambda loop: loop.call_soon_threadsafe(print),
    "call_later": lambda loop: loop.call_later(1, print),
    "call_at": lambda loop: loop.call_at(1, print),
    "run_forever": lambda loop: loop.run_forever(),
    "run_in_executor": lambda loop: loop.run_in_executor(None, print),
    "add_reader": lambda loop: loop.add_reader(0, print),
    "add_writer": lambda loop: loop.add_writer(0, print),
    "add_signal_handler": lambda loop: loop.add_signal_handler(signal.SIGUSR1, print),
}


@pytest.mark.parametrize("name", CALLS)
def test_closed_loop_refuses_new_work(loop, name):
    loop.close()
    with pytest.raises(RuntimeError, match=CLOSED):
        CALLS[name](loop)


@pytest.mark.parametrize("method", ["create_task", "run_until_complete"])
def test_closed_loop_refuses_a_coroutine(loop, method):
    async def main():
        pass

    loop.close()
    coroutine = main()
    with pytest.raises(RuntimeError, match=CLOSED):
        getattr(loop, method)(coroutine)
    coroutine.close()


def test_closed_loop_refuses_a_task_constructed_on_it(loop, task_class, capture_errors):
    async def main():
        pass

    loop.close()
    coroutine = main()
    with pytest.raises(RuntimeError, match=CLOSED):
        task_class(coroutine, loop=loop)
    coroutine.close()


def test_closed_loop_still_answers_questions(loop):
    loop.close()
    assert loop.remove_reader(0) is False
    assert loop.remove_writer(0) is False
    assert loop.remove_signal_handler(signal.SIGUSR1) is False
    assert loop.stop() is None
    assert isinstance(loop.time(), float)
    assert loop.create_future().get_loop() is loop
    assert loop.get_debug() is False
    assert "closed=True" in repr(loop)


def test_done_callback_on_a_closed_loop_is_refused_when_the_future_is_done(loop):
    pending, done = loop.create_future(), loop.create_future()
    done.set_result(None)
    pending.add_done_callback(print)
    loop.close()
    with pytest.raises(RuntimeError, match=CLOSED):
        done.add_done_callback(print)
    with pytest.raises(RuntimeError, match=CLOSED):
        pending.set_result(None)


def test_close_drops_callbacks_that_never_ran(loop):
    class Callback:
        def __call__(self):
            pytest.fail("a closed loop ran a callback")

    callback = Callback()
    reference = weakref.ref(callback)
    loop.call_soon(callback)
    loop.call_soon_threadsafe(callback)
    loop.call_later(0, callback)
    loop.call_later(1000, callback)
    loop.close()
    del callback
    gc.collect()
    assert reference() is None


def test_close_lets_go_of_watched_descriptors_but_leaves_them_open(loop):
    class Callback:
        def __call__(self):
            pass

    left, right = socket.socketpair()
    with left, right:
        callback = Callback()
        reference = weakref.ref(callback)
        loop.add_reader(left, callback)
        loop.add_writer(right, callback)
        loop.close()
        del callback
        gc.collect()
        assert reference() is None
        left.send(b"still open")
        assert right.recv(100) == b"still open"


def test_close_puts_signal_handlers_back(loop):
    loop.add_signal_handler(signal.SIGUSR1, print)
    loop.add_signal_handler(signal.SIGINT, print)
    loop.close()
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.set_wakeup_fd(-1) == -1


def test_close_ends_the_threads_of_the_default_executor(loop):
    thread_ids = loop.run_until_complete(loop.run_in_executor(None, threading.get_ident))
    loop.close()
    for thread in threading.enumerate():
        if thread.ident == thread_ids:
            thread.join(5)
            assert not thread.is_alive()


def test_close_does_not_wait_for_work_in_the_default_executor(loop):
    release = threading.Event()
    future = loop.run_in_executor(None, release.wait, 10)
    loop.close()
    assert not release.is_set()
    release.set()
    assert not future.done()


def test_closed_loop_can_be_collected(loop_factory):
    loop = loop_factory()

    async def main():
        await asyncio.sleep(0)

    loop.run_until_complete(main())
    loop.close()
    reference = weakref.ref(loop)
    del loop
    gc.collect()
    assert reference() is None


def test_hundreds_of_loops_made_and_closed_leave_no_descriptor(loop_factory):
    loop = loop_factory()
    loop.close()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(300):
        loop = loop_factory()
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_loop_that_nobody_closed_warns_and_closes_itself(implementation):
    loop = implementation.new_event_loop()
    descriptors = len(os.listdir("/proc/self/fd"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del loop
        gc.collect()
    (warning,) = caught
    assert warning.category is ResourceWarning
    expected = r"unclosed event loop <\w+ running=False closed=False debug=False>"
    assert re.fullmatch(expected, str(warning.message))
    assert len(os.listdir("/proc/self/fd")) < descriptors


def test_closed_loop_does_not_warn_when_it_is_collected(implementation):
    loop = implementation.new_event_loop()
    loop.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del loop
        gc.collect()


@pytest.mark.only_ouroloop
def test_closing_goes_on_after_a_report_that_fails(loop_factory):
    def fail(loop, context):
        reported.append(context["message"])
        raise KeyboardInterrupt

    async def main():
        tasks.extend(asyncio.create_task(asyncio.sleep(100)) for _ in range(3))
        await asyncio.to_thread(int)

    reported, tasks = [], []
    loop = loop_factory()
    loop.run_until_complete(main())
    loop.set_exception_handler(fail)
    with pytest.raises(KeyboardInterrupt):
        loop.close()
    assert loop.is_closed()
    assert reported == ["Task was destroyed but it is pending!"] * 3
