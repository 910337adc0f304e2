"""Futures of threads and of loops that are chained: who hears of the end of the other, and when."""

import asyncio

import pytest


@pytest.mark.library_since(3, 15)
def test_a_future_cancelled_in_the_loops_own_thread_cancels_its_task_at_once(run, library):
    started = []

    async def waits():
        started.append(asyncio.current_task())
        await asyncio.Event().wait()

    async def main():
        future = library.run_coroutine_threadsafe(waits(), asyncio.get_running_loop())
        while not started:
            await asyncio.sleep(0)
        future.cancel()
        assert started[0].cancelling() == 1
        with pytest.raises(asyncio.CancelledError):
            await started[0]

    run(main())
