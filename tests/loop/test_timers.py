"""call_later and call_at: when a timer runs, in which order, and what it costs."""

import asyncio
import gc
import math
import random
import threading
import time
import weakref
from unittest import mock

import pytest


def run_until_due(loop, delay_seconds=0.02):
    """Run the loop long enough for every timer of a few milliseconds."""
    loop.call_later(delay_seconds, loop.stop)
    loop.run_forever()


def test_loop_time_is_the_monotonic_clock(loop):
    before = time.monotonic()
    now = loop.time()
    assert isinstance(now, float)
    assert before <= now <= time.monotonic()


def test_timer_never_runs_before_it_is_due(loop):
    ran_at = []
    started = loop.time()
    for milliseconds in (0, 1, 2, 5, 9):
        loop.call_later(
            milliseconds / 1000, lambda due=milliseconds / 1000: ran_at.append((due, loop.time()))
        )
    run_until_due(loop)
    assert [due for due, _ in ran_at] == [0, 0.001, 0.002, 0.005, 0.009]
    resolution = time.get_clock_info("monotonic").resolution
    assert all(now >= started + due - resolution for due, now in ran_at)


def test_timers_run_in_the_order_they_are_due(loop):
    ran = []
    base = loop.time() + 0.001
    for number in (7, 3, 9, 1, 5, 0, 8, 2, 6, 4):
        loop.call_at(base + number / 10_000, ran.append, number)
    run_until_due(loop)
    assert ran == list(range(10))


def test_timers_due_at_different_times_in_the_past_run_in_order_in_one_iteration(loop, run_once):
    ran = []
    now = loop.time()
    for number in (3, 1, 4, 2, 5):
        loop.call_at(now - 10 + number, ran.append, number)
    run_once(loop)
    assert ran == [1, 2, 3, 4, 5]


@pytest.mark.only_ouroloop
def test_timers_due_at_the_same_time_run_in_the_order_they_were_made(loop, run_once):
    ran = []
    when = loop.time() - 1
    for number in range(1000):
        loop.call_at(when, ran.append, number)
        if number % 3 == 0:
            loop.call_at(when, ran.append, "cancelled").cancel()
    run_once(loop)
    assert ran == list(range(1000))


def test_negative_delay_runs_in_the_next_iteration(loop, run_once):
    ran = []
    loop.call_later(-5, ran.append, "negative")
    loop.call_later(-math.inf, ran.append, "infinitely negative")
    run_once(loop)
    assert sorted(ran) == ["infinitely negative", "negative"]


def test_timer_made_by_a_callback_waits_for_the_next_iteration(loop, run_once):
    ran = []
    loop.call_soon(loop.call_later, 0, ran.append, "timer")
    run_once(loop)
    assert ran == []
    run_once(loop)
    assert ran == ["timer"]


def test_ready_callbacks_run_before_timers_that_came_due(loop, run_once):
    ran = []
    loop.call_later(0, ran.append, "timer")
    loop.call_soon(ran.append, "callback")
    run_once(loop)
    assert ran == ["callback", "timer"]


@pytest.mark.reference_since(3, 13)
@pytest.mark.parametrize("now", [math.inf, math.nan])
def test_clock_that_says_no_time_ends_the_run(loop, now):
    loop.time = lambda: now
    with pytest.raises(ValueError, match="NaN"):
        loop.run_until_complete(asyncio.sleep(0.1))
    del loop.time
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))


@pytest.mark.parametrize("delay", [1e6, 1e9, 1e18, 1e300, math.inf, 10**400])
def test_huge_delay_neither_fails_nor_runs(loop, run_once, delay):
    if isinstance(delay, int):
        with pytest.raises(OverflowError):
            loop.call_later(delay, print)
        return
    ran = []
    handle = loop.call_later(delay, ran.append, "never")
    assert handle.when() == pytest.approx(loop.time() + delay)
    loop.call_later(0.002, loop.stop)
    loop.run_forever()
    assert ran == []
    handle.cancel()


def test_huge_delay_alone_lets_the_loop_sleep_and_be_woken(loop):
    loop.call_later(math.inf, print)
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(loop.stop,))
    thread.start()
    loop.run_forever()
    thread.join()


def test_none_is_refused_as_delay_and_as_time(loop):
    with pytest.raises(TypeError, match=r"^delay must not be None$"):
        loop.call_later(None, print)
    with pytest.raises(TypeError, match=r"^when cannot be None$"):
        loop.call_at(None, print)


def test_text_is_refused_as_delay(loop):
    with pytest.raises(TypeError):
        loop.call_later("1", print)


@pytest.mark.only_ouroloop
@pytest.mark.parametrize("when", ["soon", object(), [1]])
def test_time_that_is_no_number_is_refused_at_once(loop, when):
    with pytest.raises(TypeError):
        loop.call_at(when, print)


@pytest.mark.only_ouroloop
def test_time_that_is_not_a_number_is_refused_and_disturbs_no_other_timer(loop):
    ran = []
    loop.call_later(0.001, ran.append, "due")
    for schedule in (loop.call_later, loop.call_at):
        with pytest.raises(ValueError, match=r"NaN|nan"):
            schedule(math.nan, ran.append, "never")
    run_until_due(loop)
    assert ran == ["due"]


def test_time_may_be_an_integer_or_a_boolean(loop, run_once):
    ran = []
    loop.call_at(0, ran.append, "integer")
    loop.call_at(True, ran.append, "boolean")
    run_once(loop)
    assert ran == ["integer", "boolean"]


def test_cancelled_timer_never_runs(loop):
    ran = []
    loop.call_later(0.001, ran.append, "cancelled").cancel()
    loop.call_later(0.002, ran.append, "kept")
    run_until_due(loop)
    assert ran == ["kept"]


def test_timer_cancelled_by_one_that_is_due_with_it_never_runs(loop, run_once):
    ran = []
    when = loop.time() - 1
    loop.call_at(when - 1, lambda: later.cancel())
    later = loop.call_at(when, ran.append, "cancelled")
    run_once(loop)
    run_once(loop)
    assert ran == []


def test_waiting_for_a_timer_uses_no_processor_time(loop):
    used = time.thread_time()
    run_until_due(loop, 0.1)
    assert time.thread_time() - used < 0.05


def test_cancelled_timer_does_not_keep_the_loop_awake_or_asleep(loop):
    for _ in range(10):
        loop.call_later(30, print).cancel()
    started = time.monotonic()
    run_until_due(loop, 0.005)
    assert time.monotonic() - started < 5


def test_timer_can_be_cancelled_after_it_ran_and_after_the_loop_closed(loop, run_once):
    due = loop.call_later(0, int)
    pending = loop.call_later(1000, int)
    run_once(loop)
    due.cancel()
    loop.close()
    pending.cancel()
    assert due.cancelled()
    assert pending.cancelled()


def test_cancelling_lets_go_of_callback_and_arguments_at_once(loop):
    class Argument:
        pass

    argument = Argument()
    reference = weakref.ref(argument)
    handle = loop.call_later(1000, print, argument)
    handle.cancel()
    del argument
    assert reference() is None


def test_timers_made_and_cancelled_in_any_order_leave_the_rest_in_order(loop, run_once):
    seed = random.randrange(2**32)
    generator = random.Random(seed)
    now = loop.time() - 1000
    ran = []
    kept = []
    handles = []
    for _ in range(2000):
        when = now + generator.random() * 900
        handles.append((when, loop.call_at(when, ran.append, when)))
        if generator.random() < 0.6:
            handles.pop(generator.randrange(len(handles)))[1].cancel()
    kept = sorted(when for when, _ in handles)
    run_once(loop)
    assert ran == kept, f"seed {seed}"


@pytest.mark.only_ouroloop
def test_one_hundred_thousand_timers_made_and_cancelled_leave_no_growth(run_script):
    process = run_script(
        """
        import resource
        def peak_kib(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        loop = new_event_loop()
        for _ in range(1000):
            loop.call_later(3600, print).cancel()
        before = peak_kib()
        for _ in range(100_000):
            loop.call_later(3600, print).cancel()
        print(peak_kib() - before)
        loop.close()
        """
    )
    # One hundred thousand handles that nobody freed would be more than ten megabytes.
    assert int(process.stdout) < 2048, process.stderr


@pytest.mark.only_ouroloop
def test_cancelled_timer_is_freed_although_a_later_one_waits_behind_it(loop):
    blocker = loop.call_later(1, print)
    handles = [loop.call_later(1000 + number, print) for number in range(1000)]
    references = [weakref.ref(handle) for handle in handles]
    for handle in handles:
        handle.cancel()
    del handles, handle
    freed = sum(reference() is None for reference in references)
    # Cleaning up may be put off until half of the heap is cancelled, but no further.
    assert freed >= 900
    blocker.cancel()


def test_one_hundred_thousand_pending_timers_are_dropped_by_close(loop_factory):
    loop = loop_factory()

    class Callback:
        def __call__(self):
            pass

    callback = Callback()
    reference = weakref.ref(callback)
    for number in range(100_000):
        loop.call_later(1000 + number % 977, callback)
    loop.close()
    del callback
    gc.collect()
    assert reference() is None


def test_timers_follow_the_clock_of_a_subclass(implementation):
    class Shifted(implementation.loop_class):
        shift = 0.0

        def time(self):
            return super().time() + self.shift

    loop = Shifted(**implementation.loop_arguments)
    try:
        ran = []
        loop.call_later(1000, ran.append, "due")
        loop.shift = 999.0
        loop.call_soon(loop.stop)
        loop.run_forever()
        assert ran == []
        loop.shift = 1001.0
        loop.call_soon(loop.stop)
        loop.run_forever()
        assert ran == ["due"]
    finally:
        loop.close()


def test_call_later_of_a_subclass_goes_through_its_call_at(implementation):
    asked = []

    class Recording(implementation.loop_class):
        def call_at(self, when, callback, *args, context=None):
            asked.append((callback, args))
            return super().call_at(when, callback, *args, context=context)

    loop = Recording(**implementation.loop_arguments)
    try:
        handle = loop.call_later(1, print, "argument")
        assert isinstance(handle, asyncio.TimerHandle)
        assert asked == [(print, ("argument",))]
    finally:
        loop.close()


@pytest.mark.parametrize("delay", ["1", [], object()], ids=["text", "list", "object"])
def test_delay_that_is_no_number_is_refused_in_pythons_words(loop, delay):
    words = rf"^unsupported operand type\(s\) for \+: 'float' and '{type(delay).__name__}'$"
    with pytest.raises(TypeError, match=words):
        loop.call_later(delay, print)


def in_an_hour(clock):
    return lambda: clock() + 3600


def test_clock_that_is_replaced_on_one_loop_says_what_is_due(loop):
    """As tests of programs do, which do not want to wait."""

    async def main():
        fired = loop.create_future()
        loop.call_later(1800, fired.set_result, "fired")
        await asyncio.sleep(0.01)
        with mock.patch.object(loop, "time", side_effect=in_an_hour(loop.time)):
            for _ in range(1000):
                await asyncio.sleep(0)
                if fired.done():
                    break
            due = loop.call_later(1, print).when()
        assert due - loop.time() > 3500
        return await fired

    assert loop.run_until_complete(main()) == "fired"
