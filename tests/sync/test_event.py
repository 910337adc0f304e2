"""The event: who is woken, and what is left of a wait that was ended."""

import asyncio
import gc

import pytest


def test_a_raised_flag_is_not_waited_for(run, library):
    async def main():
        event = library.Event()
        assert not event.is_set()
        event.set()
        assert event.is_set()
        waiting = event.wait()
        with pytest.raises(StopIteration) as stop:
            waiting.send(None)
        assert stop.value.value is True
        event.clear()
        assert not event.is_set()

    run(main())


def test_set_wakes_all_in_the_order_they_came(run, library):
    async def main():
        event, order = library.Event(), []

        async def waiter(number):
            assert await event.wait() is True
            order.append(number)

        tasks = [asyncio.ensure_future(waiter(number)) for number in range(5)]
        await asyncio.sleep(0)
        event.set()
        assert order == []
        await asyncio.gather(*tasks)
        assert order == [0, 1, 2, 3, 4]

    run(main())


def test_a_woken_waiter_returns_although_the_flag_was_lowered(run, library):
    async def main():
        event = library.Event()
        waiter = asyncio.ensure_future(event.wait())
        await asyncio.sleep(0)
        event.set()
        event.clear()
        assert await waiter is True
        assert not event._waiters

    run(main())


def test_a_cancelled_waiter_leaves_the_line(run, library):
    async def main():
        event = library.Event()
        one, two = (asyncio.ensure_future(event.wait()) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        event.set()
        await asyncio.wait([one, two])
        assert one.cancelled()
        assert two.result() is True
        assert not event._waiters

    run(main())


@pytest.mark.only_our_library
def test_a_waiter_that_is_dropped_leaves_the_line(run, library):
    async def main():
        event = library.Event()
        dropped = event.wait()
        dropped.send(None)
        del dropped
        gc.collect()
        assert not event._waiters

    run(main())


def test_repr(run, library):
    async def main():
        event = library.Event()
        assert repr(event).startswith(f"<{library.Event.__module__}.Event object at 0x")
        assert repr(event).endswith(" [unset]>")
        waiter = asyncio.ensure_future(event.wait())
        await asyncio.sleep(0)
        assert repr(event).endswith(" [unset, waiters:1]>")
        event.set()
        assert repr(event).endswith(" [set, waiters:1]>")
        await waiter
        assert repr(event).endswith(" [set]>")

    run(main())


def test_a_second_loop_is_refused(loop_factory, library):
    event = library.Event()

    async def wait():
        waiter = asyncio.ensure_future(event.wait())
        await asyncio.sleep(0)
        event.set()
        await waiter
        event.clear()

    first, second = loop_factory(), loop_factory()
    try:
        first.run_until_complete(wait())
        with pytest.raises(
            RuntimeError, match=r"<.*Event object at .* \[unset\]> is bound to a different event loop"
        ):
            second.run_until_complete(wait())
    finally:
        first.close()
        second.close()


def test_a_subclass_may_choose_the_loop(run, library):
    async def main():
        asked = []

        class Own(library.Event):
            def _get_loop(self):
                asked.append(True)
                return super()._get_loop()

        event = Own()
        waiter = asyncio.ensure_future(event.wait())
        await asyncio.sleep(0)
        event.set()
        await waiter
        assert asked == [True]

    run(main())
