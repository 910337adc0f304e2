"""The default executor's pool: what every thread pool promises, tested on the standard library's too, and
abandonment, which only ours has.
"""

from __future__ import annotations

import concurrent.futures
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.thread import BrokenThreadPool
from typing import TYPE_CHECKING, Any

import pytest

from ouroloop.service.worker_threads import WorkerThreads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT_SECONDS = 20.0
BROKEN = r"^A thread initializer failed, the thread pool is not usable anymore$"
SHUT = r"^cannot schedule new futures after shutdown$"


@pytest.fixture(params=[ThreadPoolExecutor, WorkerThreads], ids=lambda each: each.__name__)
def pool_class(request: pytest.FixtureRequest) -> type[ThreadPoolExecutor]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """An event for calls to wait for; set at the end, whatever happens."""
    event = threading.Event()
    yield event
    event.set()


def block(pool: ThreadPoolExecutor, release: threading.Event) -> concurrent.futures.Future[bool]:
    """Keeps one thread of the pool busy, from now on."""
    started = threading.Event()

    def call() -> bool:
        started.set()
        return release.wait(LIMIT_SECONDS)

    future = pool.submit(call)
    assert started.wait(LIMIT_SECONDS)
    return future


def threads_named(prefix: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(prefix)]


def join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(LIMIT_SECONDS)
        assert not thread.is_alive()


def test_our_pool_is_what_checks_of_the_type_ask_for() -> None:
    with WorkerThreads() as pool:
        assert isinstance(pool, ThreadPoolExecutor)


def test_arguments_and_result_pass_through(pool_class: type[ThreadPoolExecutor]) -> None:
    with pool_class() as pool:
        future = pool.submit(lambda *args, **kwargs: (args, kwargs), 1, "two", fn=3, self=4)
        assert future.result(LIMIT_SECONDS) == ((1, "two"), {"fn": 3, "self": 4})


def test_every_exception_comes_back_and_the_thread_goes_on(pool_class: type[ThreadPoolExecutor]) -> None:
    def fail(error: BaseException) -> None:
        raise error

    with pool_class(1) as pool:
        for error in (ArithmeticError(), SystemExit(), KeyboardInterrupt(), GeneratorExit()):
            assert pool.submit(fail, error).exception(LIMIT_SECONDS) is error
        assert pool.submit(int).result(LIMIT_SECONDS) == 0


@pytest.mark.parametrize("wrong", [0, -1, "two"])
def test_number_of_threads_must_be_positive(pool_class: type[ThreadPoolExecutor], wrong: Any) -> None:
    with pytest.raises((ValueError, TypeError)) as ours:
        pool_class(wrong)
    with pytest.raises((ValueError, TypeError)) as reference:
        ThreadPoolExecutor(wrong)
    assert repr(ours.value) == repr(reference.value)


def test_initializer_must_be_callable(pool_class: type[ThreadPoolExecutor]) -> None:
    not_callable: Any = 1
    with pytest.raises(TypeError, match=r"^initializer must be a callable$"):
        pool_class(initializer=not_callable)


@pytest.mark.parametrize("threads_max", [None, 3])
def test_pool_grows_to_its_limit_while_all_threads_are_busy(
    pool_class: type[ThreadPoolExecutor], threads_max: int | None, release: threading.Event
) -> None:
    expected = threads_max or min(32, (getattr(os, "process_cpu_count", os.cpu_count)() or 1) + 4)
    with pool_class(threads_max, thread_name_prefix="grown") as pool:
        futures = [block(pool, release) for _ in range(expected)]
        extra = pool.submit(int)
        assert sorted(thread.name for thread in threads_named("grown_")) == sorted(
            f"grown_{number}" for number in range(expected)
        )
        assert not extra.done()
        release.set()
        assert [future.result(LIMIT_SECONDS) for future in futures] == [True] * expected
        assert extra.result(LIMIT_SECONDS) == 0


def test_threads_are_named_after_asyncio_unless_told_otherwise() -> None:
    with WorkerThreads() as pool:
        assert pool.submit(lambda: threading.current_thread().name).result(LIMIT_SECONDS) == "asyncio_0"


def test_thread_that_has_finished_takes_the_next_call(pool_class: type[ThreadPoolExecutor]) -> None:
    # Between a result and the thread's being free a call may find no thread free, so few are allowed, not one.
    with pool_class(32) as pool:
        identities = {pool.submit(threading.get_ident).result(LIMIT_SECONDS) for _ in range(300)}
    assert len(identities) <= 8


def test_call_may_wait_for_a_call_that_a_callback_submits(pool_class: type[ThreadPoolExecutor]) -> None:
    results = []
    with pool_class(2) as pool:
        started = threading.Event()
        future = pool.submit(started.wait, LIMIT_SECONDS)
        future.add_done_callback(lambda _: results.append(pool.submit(int).result(LIMIT_SECONDS)))
        started.set()
        future.result(LIMIT_SECONDS)
    assert results == [0]


def test_map_keeps_the_order_and_raises(pool_class: type[ThreadPoolExecutor]) -> None:
    with pool_class() as pool:
        assert list(pool.map(pow, [2, 3, 4], [1, 2, 3], timeout=LIMIT_SECONDS)) == [2, 9, 64]
        with pytest.raises(ZeroDivisionError):
            list(pool.map(divmod, [1, 1], [1, 0], timeout=LIMIT_SECONDS))


def test_initializer_runs_first_in_each_thread(
    pool_class: type[ThreadPoolExecutor], release: threading.Event
) -> None:
    initialized: list[tuple[int, str]] = []

    def initialize(word: str) -> None:
        initialized.append((threading.get_ident(), word))

    with pool_class(2, initializer=initialize, initargs=("word",)) as pool:
        block(pool, release)
        block(pool, release)
        assert len(dict(initialized)) == 2
        assert {word for _, word in initialized} == {"word"}
        release.set()


def test_failed_initializer_breaks_the_pool(
    pool_class: type[ThreadPoolExecutor], caplog: pytest.LogCaptureFixture
) -> None:
    is_ready = threading.Event()

    def initialize() -> None:
        is_ready.wait(LIMIT_SECONDS)
        raise ArithmeticError("no")

    pool = pool_class(1, initializer=initialize)
    futures = [pool.submit(int) for _ in range(3)]
    is_ready.set()
    for future in futures:
        with pytest.raises(BrokenThreadPool, match=BROKEN):
            future.result(LIMIT_SECONDS)
    with pytest.raises(BrokenThreadPool, match=BROKEN):
        pool.submit(int)
    pool.shutdown()
    with pytest.raises(BrokenThreadPool, match=BROKEN):
        pool.submit(int)
    [record] = caplog.records
    assert (record.name, record.levelname) == ("concurrent.futures", "CRITICAL")
    assert record.getMessage() == "Exception in initializer:"


def test_shutdown_waits_for_every_call_and_refuses_more(pool_class: type[ThreadPoolExecutor]) -> None:
    pool = pool_class(1, thread_name_prefix="ended")
    ran: list[int] = []
    for number in range(20):
        pool.submit(ran.append, number)
    pool.shutdown()
    assert ran == list(range(20))
    assert threads_named("ended") == []
    with pytest.raises(RuntimeError, match=SHUT):
        pool.submit(int)
    pool.shutdown()


def test_shutdown_without_waiting_still_runs_every_call(
    pool_class: type[ThreadPoolExecutor], release: threading.Event
) -> None:
    pool = pool_class(1)
    running, waiting = block(pool, release), pool.submit(int)
    pool.shutdown(wait=False)
    assert not running.done()
    release.set()
    assert waiting.result(LIMIT_SECONDS) == 0


def test_shutdown_may_cancel_what_waits(
    pool_class: type[ThreadPoolExecutor], release: threading.Event
) -> None:
    pool = pool_class(1)
    running, waiting = block(pool, release), [pool.submit(int) for _ in range(3)]
    waiting[0].cancel()
    pool.shutdown(wait=False, cancel_futures=True)
    assert all(future.cancelled() for future in waiting)
    assert not running.done()
    release.set()
    pool.shutdown()
    assert running.result(0) is True


def test_who_waits_for_a_future_hears_that_shutdown_cancelled_it(release: threading.Event) -> None:
    pool = WorkerThreads(1)
    block(pool, release)
    waiting = pool.submit(int)
    pool.shutdown(wait=False, cancel_futures=True)
    assert list(concurrent.futures.as_completed([waiting], timeout=LIMIT_SECONDS)) == [waiting]
    release.set()
    pool.shutdown()


def test_callback_of_a_cancelled_call_may_use_the_pool(release: threading.Event) -> None:
    pool = WorkerThreads(1)
    block(pool, release)
    refused: list[str] = []

    def submit_again(_: object) -> None:
        try:
            pool.submit(int)
        except RuntimeError as error:
            refused.append(str(error))

    pool.submit(int).add_done_callback(submit_again)
    pool.shutdown(wait=False, cancel_futures=True)
    assert refused == ["cannot schedule new futures after shutdown"]
    release.set()
    pool.shutdown()


def test_thread_cannot_wait_for_its_own_end(pool_class: type[ThreadPoolExecutor]) -> None:
    pool = pool_class(1)
    with pytest.raises(RuntimeError, match=r"^cannot join current thread$"):
        pool.submit(pool.shutdown).result(LIMIT_SECONDS)
    pool.shutdown()


def test_threads_of_a_dropped_pool_end(pool_class: type[ThreadPoolExecutor]) -> None:
    pool = pool_class(3, thread_name_prefix="dropped")
    barrier = threading.Barrier(3)
    futures = [pool.submit(barrier.wait, LIMIT_SECONDS) for _ in range(3)]
    concurrent.futures.wait(futures, LIMIT_SECONDS)
    threads, reference = threads_named("dropped"), weakref.ref(pool)
    assert len(threads) == 3
    del pool
    assert reference() is None
    join(threads)


def test_calls_of_a_dropped_pool_are_still_made(
    pool_class: type[ThreadPoolExecutor], release: threading.Event
) -> None:
    pool = pool_class(1, thread_name_prefix="dropped")
    futures = [block(pool, release), pool.submit(bool, 1)]
    threads = threads_named("dropped")
    del pool
    release.set()
    assert [future.result(LIMIT_SECONDS) for future in futures] == [True, True]
    join(threads)


def test_thread_keeps_nothing_of_a_call_that_is_over(pool_class: type[ThreadPoolExecutor]) -> None:
    class Argument:
        def __call__(self, *_: object) -> Argument:
            return self

        def fail(self, *_: object) -> None:
            raise ArithmeticError

    with pool_class(1) as pool:
        for name in ("__call__", "fail"):
            argument = Argument()
            reference = weakref.ref(argument)
            concurrent.futures.wait([pool.submit(getattr(argument, name), argument)], LIMIT_SECONDS)
            del argument
            deadline = time.monotonic() + LIMIT_SECONDS
            while reference() is not None and time.monotonic() < deadline:
                gc.collect()
            assert reference() is None


def test_callback_that_raises_to_end_the_thread_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    # The standard library's pool loses the thread, and with the last one every later call.
    def leave(_: object) -> None:
        raise SystemExit

    started = threading.Event()
    with WorkerThreads(1) as pool:
        future = pool.submit(started.wait, LIMIT_SECONDS)
        future.add_done_callback(leave)
        started.set()
        assert pool.submit(int).result(LIMIT_SECONDS) == 0
    [record] = caplog.records
    assert (record.name, record.getMessage()) == ("concurrent.futures", "Exception in worker")


def test_system_without_threads_is_reported_and_the_call_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    ran: list[str] = []
    with WorkerThreads(2) as pool:
        with monkeypatch.context() as context:
            context.setattr(threading.Thread, "start", start)
            with pytest.raises(RuntimeError, match=r"^can't start new thread$"):
                pool.submit(ran.append, "first")
        pool.submit(ran.append, "second")
    assert ran == ["second"]


def test_threads_that_there_are_do_the_work_of_those_that_the_system_refuses(
    monkeypatch: pytest.MonkeyPatch, release: threading.Event
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with WorkerThreads(2) as pool:
        block(pool, release)
        with monkeypatch.context() as context:
            context.setattr(threading.Thread, "start", start)
            waiting = pool.submit(int)
        release.set()
        assert waiting.result(LIMIT_SECONDS) == 0


def test_abandoned_pool_cancels_what_waits_and_leaves_what_runs(release: threading.Event) -> None:
    pool = WorkerThreads(1, thread_name_prefix="abandoned")
    running, waiting = block(pool, release), pool.submit(int)
    threads = threads_named("abandoned")
    pool.abandon()
    assert waiting.cancelled()
    assert not running.done()
    with pytest.raises(RuntimeError, match=SHUT):
        pool.submit(int)
    # Returns although the call still runs.
    pool.shutdown(wait=True)
    assert not running.done()
    release.set()
    assert running.result(LIMIT_SECONDS) is True
    join(threads)


def test_idle_threads_of_an_abandoned_pool_end() -> None:
    pool = WorkerThreads(1, thread_name_prefix="abandoned")
    pool.submit(int).result(LIMIT_SECONDS)
    threads = threads_named("abandoned")
    pool.abandon()
    join(threads)


def test_pool_says_whether_it_has_threads() -> None:
    with WorkerThreads(1) as pool:
        assert not pool.has_threads
        pool.submit(int)
        assert pool.has_threads


@pytest.fixture
def run_program(pool_class: type[ThreadPoolExecutor]) -> Callable[[str], str]:
    """Runs a program, where `Pool` is the class under test, to its good end, and returns what it printed."""
    preamble = f"from {pool_class.__module__} import {pool_class.__name__} as Pool\nimport os, sys, time\n"

    def run_program(source: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-c", preamble + textwrap.dedent(source)],
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout

    return run_program


def test_interpreter_ends_after_the_last_call(run_program: Callable[[str], str]) -> None:
    source = """
        def call(number):
            time.sleep(0.02)
            print(number, flush=True)

        pool, dropped = Pool(1), Pool(1)
        for number in range(3):
            pool.submit(call, number)
        dropped.submit(time.sleep, 0.2).add_done_callback(lambda _: print("dropped", flush=True))
        del dropped
        """
    assert run_program(source).split() == ["0", "1", "2", "dropped"]


def test_exit_handlers_run_after_the_last_call_and_submit_no_more(run_program: Callable[[str], str]) -> None:
    source = """
        import atexit

        pool = Pool(1)

        def refused():
            for each in (pool, Pool(1)):
                try:
                    each.submit(int)
                except RuntimeError as error:
                    print(error)

        atexit.register(refused)
        pool.submit(lambda: (time.sleep(0.05), print("called")))
        """
    called, *refusals = run_program(source).splitlines()
    assert called == "called"
    # The standard library's says of the first that the pool was shut down, which is its way of ending it.
    assert refusals[0].startswith("cannot schedule new futures after ")
    assert refusals[1] == "cannot schedule new futures after interpreter shutdown"


@pytest.mark.parametrize("pool_class", [WorkerThreads], ids=["WorkerThreads"])
def test_interpreter_does_not_wait_for_an_abandoned_pool(run_program: Callable[[str], str]) -> None:
    source = """
        import threading

        started = threading.Event()
        pool = Pool(1)
        pool.submit(lambda: (started.set(), time.sleep(60), print("never")))
        pool.submit(print, "never")
        started.wait()
        pool.abandon()
        """
    started = time.monotonic()
    assert run_program(source) == ""
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("pool_class", [WorkerThreads], ids=["WorkerThreads"])
def test_forked_child_has_a_pool_without_threads_and_calls(run_program: Callable[[str], str]) -> None:
    source = """
        import threading, warnings

        warnings.simplefilter("ignore", DeprecationWarning)
        parent, started, go = os.getpid(), threading.Event(), threading.Event()
        pool = Pool(1)
        busy = pool.submit(lambda: (started.set(), go.wait(30)))
        late = pool.submit(lambda: print("late, in the parent" if os.getpid() == parent else "in the child"))
        started.wait()
        # As when another thread of the parent was just submitting.
        with pool._crew.lock:
            child = os.fork()
        if child == 0:
            print("child", pool.submit(lambda: "works").result(10), flush=True)
            pool.shutdown()
            sys.exit(7)
        print("status", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        go.set()
        """
    assert run_program(source).splitlines() == ["child works", "status 7", "late, in the parent"]


def test_interrupt_while_the_interpreter_waits_ends_it() -> None:
    source = """
        import time
        from ouroloop.service.worker_threads import WorkerThreads

        def call():
            try:
                while True:
                    pool.submit(int)
                    time.sleep(0.001)
            except RuntimeError:
                # Refused: the interpreter has begun to wait.
                print("ready", flush=True)
            time.sleep(60)

        pool = WorkerThreads(1)
        pool.submit(call)
        """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(source)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=LIMIT_SECONDS)
        finally:
            process.kill()
    assert "KeyboardInterrupt" in errors
