"""Signal handlers of the loop, and Python's own signal handlers while the loop runs."""

import asyncio
import contextvars
import os
import signal
import sys
import threading
import time
import warnings

import pytest


@pytest.fixture(autouse=True)
def signals_are_put_back():
    numbers = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT)
    handlers = {number: signal.getsignal(number) for number in numbers}
    yield
    wakeup = signal.set_wakeup_fd(-1)
    left = {number: signal.getsignal(number) for number in numbers}
    for number, handler in handlers.items():
        signal.signal(number, handler)
    assert wakeup == -1, "a test left the wake-up descriptor of signals set"
    assert left == handlers, "a test left a signal handler behind"


@pytest.fixture
def signal_later():
    """Send a signal to this thread after a moment, so that it comes while the loop sleeps.

    One that interrupts is asked for by a callback: on a busy machine it would else come before the loop runs.
    """
    timers = []

    def signal_later(number, delay_seconds=0.01):
        timers.append(threading.Timer(delay_seconds, signal.pthread_kill, (threading.get_ident(), number)))
        timers[-1].start()

    yield signal_later
    for timer in timers:
        timer.join()


def test_handler_runs_with_its_arguments(loop, run_once):
    ran = []
    assert loop.add_signal_handler(signal.SIGUSR1, lambda *arguments: ran.append(arguments), 1, "two") is None
    signal.raise_signal(signal.SIGUSR1)
    loop.call_later(1, pytest.fail, "the handler never ran")
    while not ran:
        run_once(loop)
    assert ran == [(1, "two")]
    assert loop.remove_signal_handler(signal.SIGUSR1) is True


def test_signal_wakes_a_sleeping_loop(loop, signal_later):
    loop.add_signal_handler(signal.SIGUSR1, loop.stop)
    signal_later(signal.SIGUSR1)
    loop.run_forever()
    loop.remove_signal_handler(signal.SIGUSR1)


def test_signal_sent_by_another_thread_wakes_a_sleeping_loop(loop):
    loop.add_signal_handler(signal.SIGUSR1, loop.stop)
    thread = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGUSR1))
    thread.start()
    loop.run_forever()
    thread.join()
    loop.remove_signal_handler(signal.SIGUSR1)


def test_handler_is_called_by_the_loop_and_not_in_the_middle_of_a_callback(loop):
    ran = []
    loop.add_signal_handler(signal.SIGUSR1, lambda: (ran.append("handler"), loop.stop()))

    def callback():
        signal.raise_signal(signal.SIGUSR1)
        for _ in range(1000):
            pass
        ran.append("callback")

    loop.call_soon(callback)
    loop.run_forever()
    assert ran == ["callback", "handler"]
    loop.remove_signal_handler(signal.SIGUSR1)


def test_signal_that_came_before_the_loop_ran_is_not_lost(loop):
    loop.add_signal_handler(signal.SIGUSR1, loop.stop)
    signal.raise_signal(signal.SIGUSR1)
    loop.run_forever()
    loop.remove_signal_handler(signal.SIGUSR1)


def test_each_signal_reaches_its_own_handler(loop, run_once):
    ran = []
    loop.add_signal_handler(signal.SIGUSR1, ran.append, "one")
    loop.add_signal_handler(signal.SIGUSR2, ran.append, "two")
    for number in (signal.SIGUSR2, signal.SIGUSR1):
        signal.raise_signal(number)
        while not ran or ran[-1] != {signal.SIGUSR1: "one", signal.SIGUSR2: "two"}[number]:
            run_once(loop)
    assert ran == ["two", "one"]
    assert loop.remove_signal_handler(signal.SIGUSR1) is True
    signal.raise_signal(signal.SIGUSR2)
    while len(ran) < 3:
        run_once(loop)
    assert ran == ["two", "one", "two"]
    assert loop.remove_signal_handler(signal.SIGUSR2) is True


def test_adding_again_replaces_the_handler(loop, run_once):
    ran = []
    loop.add_signal_handler(signal.SIGUSR1, ran.append, "first")
    loop.add_signal_handler(signal.SIGUSR1, ran.append, "second")
    signal.raise_signal(signal.SIGUSR1)
    while not ran:
        run_once(loop)
    assert ran == ["second"]
    assert loop.remove_signal_handler(signal.SIGUSR1) is True
    assert loop.remove_signal_handler(signal.SIGUSR1) is False


def test_removing_puts_the_default_back(loop):
    for number, default in ((signal.SIGUSR1, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        loop.add_signal_handler(number, print)
        assert signal.getsignal(number) is not default
        assert loop.remove_signal_handler(number) is True
        assert signal.getsignal(number) is default
        assert loop.remove_signal_handler(number) is False


def test_wake_up_descriptor_is_given_back_with_the_last_handler(loop):
    loop.add_signal_handler(signal.SIGUSR1, print)
    loop.add_signal_handler(signal.SIGUSR2, print)
    loop.remove_signal_handler(signal.SIGUSR1)
    descriptor = signal.set_wakeup_fd(-1)
    assert descriptor != -1
    signal.set_wakeup_fd(descriptor)
    loop.remove_signal_handler(signal.SIGUSR2)
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "blocking"])
def test_wake_up_descriptor_that_is_no_longer_one_keeps_no_loop_from_running(loop, is_closed):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    os.set_blocking(writer, True)  # as a file may do that has got its number
    try:
        if is_closed:
            os.close(writer)
        assert loop.run_until_complete(asyncio.sleep(0, "ran")) == "ran"
    finally:
        signal.set_wakeup_fd(-1)
        os.close(reader)
        if not is_closed:
            os.close(writer)


def test_handler_of_sigint_replaces_keyboard_interrupt(loop):
    loop.add_signal_handler(signal.SIGINT, loop.stop)
    loop.call_soon(signal.raise_signal, signal.SIGINT)
    loop.run_forever()
    loop.remove_signal_handler(signal.SIGINT)


def test_exception_in_a_handler_is_reported(loop, run_once, capture_errors):
    def fail():
        raise ZeroDivisionError

    loop.add_signal_handler(signal.SIGUSR1, fail)
    signal.raise_signal(signal.SIGUSR1)
    while not capture_errors:
        run_once(loop)
    assert isinstance(capture_errors[0]["exception"], ZeroDivisionError)
    loop.remove_signal_handler(signal.SIGUSR1)


def test_interrupt_raised_by_a_handler_leaves_run_forever(loop):
    def fail():
        raise SystemExit("asked to")

    loop.add_signal_handler(signal.SIGUSR1, fail)
    signal.raise_signal(signal.SIGUSR1)
    with pytest.raises(SystemExit, match="asked to"):
        loop.run_forever()
    loop.remove_signal_handler(signal.SIGUSR1)


def test_handler_runs_in_the_context_it_was_added_in(loop):
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []
    variable.set("added")
    loop.add_signal_handler(signal.SIGUSR1, lambda: (seen.append(variable.get()), loop.stop()))
    variable.set("later")
    signal.raise_signal(signal.SIGUSR1)
    loop.run_forever()
    assert seen == ["added"]
    loop.remove_signal_handler(signal.SIGUSR1)


@pytest.mark.parametrize("number", [0, -1, 1000, 2**40])
def test_number_that_is_no_signal_is_refused(loop, number):
    with pytest.raises(ValueError, match=f"^invalid signal number {number}$"):
        loop.add_signal_handler(number, print)
    with pytest.raises(ValueError, match=f"^invalid signal number {number}$"):
        loop.remove_signal_handler(number)


@pytest.mark.parametrize("wrong", ["SIGINT", None, 1.0])
def test_signal_that_is_no_integer_is_refused(loop, wrong):
    with pytest.raises(TypeError, match=f"^sig must be an int, not {wrong!r}$"):
        loop.add_signal_handler(wrong, print)
    with pytest.raises(TypeError, match=f"^sig must be an int, not {wrong!r}$"):
        loop.remove_signal_handler(wrong)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_signal_that_cannot_be_caught_is_refused(loop, number):
    with pytest.raises(RuntimeError, match=f"^sig {int(number)} cannot be caught$"):
        loop.add_signal_handler(number, print)
    assert loop.remove_signal_handler(number) is False
    assert signal.set_wakeup_fd(-1) == -1


def test_coroutine_is_refused_as_a_handler(loop):
    async def handler():
        pass

    coroutine = handler()
    for refused in (handler, coroutine):
        with pytest.raises(TypeError, match=r"^coroutines cannot be used with add_signal_handler\(\)$"):
            loop.add_signal_handler(signal.SIGUSR1, refused)
    coroutine.close()
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL


def test_handler_can_only_be_added_in_the_main_thread(loop):
    failures = []

    def add():
        try:
            loop.add_signal_handler(signal.SIGUSR1, print)
        except RuntimeError as error:
            failures.append(str(error))

    thread = threading.Thread(target=add)
    thread.start()
    thread.join()
    assert failures == ["set_wakeup_fd only works in main thread of the main interpreter"]
    assert loop.remove_signal_handler(signal.SIGUSR1) is False


def test_handler_of_pythons_own_runs_while_the_loop_sleeps(loop, signal_later):
    previous = signal.signal(signal.SIGUSR1, lambda *_: loop.call_soon_threadsafe(loop.stop))
    signal_later(signal.SIGUSR1)
    loop.run_forever()
    signal.signal(signal.SIGUSR1, previous)


def test_exception_of_pythons_own_handler_leaves_a_sleeping_loop(loop):
    class OutOfTimeError(Exception):
        pass

    def handler(*_):
        raise OutOfTimeError

    # The thread waits for the loop to run. What lets it go is no Python code, in which the handler could fail as a
    # callback does.
    gate = threading.Lock()
    gate.acquire()

    def send(receiver):
        gate.acquire()
        time.sleep(0.01)
        signal.pthread_kill(receiver, signal.SIGUSR1)

    previous = signal.signal(signal.SIGUSR1, handler)
    thread = threading.Thread(target=send, args=(threading.get_ident(),))
    thread.start()
    loop.call_soon(gate.release)
    with pytest.raises(OutOfTimeError):
        loop.run_forever()
    thread.join()
    signal.signal(signal.SIGUSR1, previous)
    assert not loop.is_running()


def test_signal_with_nothing_to_do_lets_the_loop_sleep_on(loop, signal_later):
    ran = []
    previous = signal.signal(signal.SIGUSR1, lambda *_: ran.append("handler"))

    def stop_once_the_signal_came():
        if ran:
            loop.stop()
        else:
            loop.call_later(0.03, stop_once_the_signal_came)

    started = loop.time()
    loop.call_later(0.03, stop_once_the_signal_came)
    signal_later(signal.SIGUSR1, 0.005)
    loop.run_forever()
    assert loop.time() - started >= 0.03
    assert ran == ["handler"]
    signal.signal(signal.SIGUSR1, previous)


def test_control_c_leaves_a_sleeping_loop_as_keyboard_interrupt(loop, run_once, signal_later):
    loop.call_soon(signal_later, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        loop.run_forever()
    ran = []
    loop.call_soon(ran.append, "goes on")
    run_once(loop)
    assert ran == ["goes on"]


def test_control_c_leaves_a_busy_loop_as_keyboard_interrupt(loop, signal_later):
    async def busy():
        signal_later(signal.SIGINT)
        while True:
            await future

    # A future that is done is awaited without ever going back to the loop.
    future = loop.create_future()
    future.set_result(None)
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(busy())


def test_control_c_leaves_a_loop_that_only_switches_tasks(loop_factory, signal_later):
    async def switch():
        while True:
            await asyncio.sleep(0)

    # An interrupt may strike between two steps of a task, which is then never resumed.
    loop = loop_factory()
    loop.set_exception_handler(lambda *_: None)
    tasks = [loop.create_task(switch()) for _ in range(3)]
    loop.call_soon(signal_later, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        loop.run_forever()
    loop.close()
    for task in tasks:
        task.get_coro().close()


@pytest.mark.only_ouroloop
def test_every_signal_of_a_storm_runs_its_handler(loop):
    """The kernel merges a signal with one of the same number that waits already; these are sent one by one.

    The socket that wakes the standard library's loop has no room for that many.
    """
    counts = dict.fromkeys((signal.SIGUSR1, signal.SIGUSR2, signal.SIGRTMIN, signal.SIGRTMAX), 0)
    rounds = 5000
    for number in counts:

        def count(number=number):
            counts[number] += 1

        loop.add_signal_handler(number, count)

    async def main():
        for sent in range(1, rounds + 1):
            for number in counts:
                signal.raise_signal(number)
            if sent % 50 == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    loop.run_until_complete(main())
    for number in counts:
        loop.remove_signal_handler(number)
    assert set(counts.values()) == {rounds}


@pytest.mark.only_ouroloop
def test_storm_from_another_process_loses_no_signal_that_queues(loop):
    """Real-time signals are not merged by the kernel, so each of them must run its handler."""
    counts = dict.fromkeys((signal.SIGRTMIN, signal.SIGRTMIN + 1, signal.SIGRTMAX), 0)
    rounds = 4000
    for number in counts:

        def count(number=number):
            counts[number] += 1

        loop.add_signal_handler(number, count)

    async def main():
        source = (
            f"import os, time\nfor _ in range({rounds}):\n"
            f"    for number in {[int(number) for number in counts]}:\n"
            "        while True:\n"
            "            try: os.kill(os.getppid(), number); break\n"
            "            except BlockingIOError: time.sleep(0.001)\n"
        )
        process = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", source)
        assert await process.wait() == 0
        while sum(counts.values()) < rounds * len(counts):
            await asyncio.sleep(0.001)

    loop.run_until_complete(asyncio.wait_for(main(), 30))
    for number in counts:
        loop.remove_signal_handler(number)
    assert set(counts.values()) == {rounds}


@pytest.mark.only_ouroloop
def test_signal_whose_number_found_no_room_still_runs_its_handler(loop, run_once):
    """One callback that blocks for long enough to fill the pipe to the poller."""
    ran = {signal.SIGUSR1: 0, signal.SIGUSR2: 0}
    for number in ran:

        def count(number=number):
            ran[number] += 1

        loop.add_signal_handler(number, count)

    def block():
        for _ in range(70_000):
            signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR2)

    loop.call_soon(block)
    for _ in range(4):
        run_once(loop)
    assert ran[signal.SIGUSR1] >= 65_000
    assert ran[signal.SIGUSR2] == 1
    for number in ran:
        loop.remove_signal_handler(number)


def test_every_signal_that_can_be_caught_can_have_a_handler(run_script):
    source = """
    import os, signal

    loop, ran, refused = new_event_loop(), [], []

    async def main():
        for number in sorted(signal.valid_signals()):
            try:
                loop.add_signal_handler(number, ran.append, number)
            except RuntimeError as error:
                refused.append(number)
                assert str(error) == f"sig {number} cannot be caught", error
                continue
            os.kill(os.getpid(), number)
            while number not in ran:
                await asyncio.sleep(0)
            assert loop.remove_signal_handler(number)

    loop.run_until_complete(main())
    loop.close()
    assert refused == [signal.SIGKILL, signal.SIGSTOP], refused
    assert len(ran) == len(signal.valid_signals()) - 2, ran
    """
    result = run_script(source)
    assert (result.returncode, result.stderr) == (0, "")


def test_handler_of_pythons_own_works_again_after_the_loops(loop, run_once):
    ran = []
    loop.add_signal_handler(signal.SIGUSR1, ran.append, "loop")
    signal.raise_signal(signal.SIGUSR1)
    while not ran:
        run_once(loop)
    loop.remove_signal_handler(signal.SIGUSR1)
    previous = signal.signal(signal.SIGUSR1, lambda *_: ran.append("python"))
    signal.raise_signal(signal.SIGUSR1)
    run_once(loop)
    assert ran == ["loop", "python"]
    signal.signal(signal.SIGUSR1, previous)


@pytest.mark.only_ouroloop
def test_signal_for_a_forked_child_is_no_business_of_the_parents_loop(loop, run_once):
    ran = []
    loop.add_signal_handler(signal.SIGUSR1, ran.append, "ran")

    def fork():
        child = os.fork()
        if child == 0:
            try:
                signal.raise_signal(signal.SIGUSR1)
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        loop.call_soon(fork)
        for _ in range(3):
            run_once(loop)
    assert ran == []
    loop.remove_signal_handler(signal.SIGUSR1)
