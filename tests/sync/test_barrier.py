"""The barrier: rounds, and what breaks them."""

import asyncio

import pytest


async def steps(count=1):
    for _ in range(count):
        await asyncio.sleep(0)


def test_all_go_on_once_enough_have_come(run, library):
    async def main():
        barrier = library.Barrier(3)
        early = [asyncio.ensure_future(barrier.wait()) for _ in range(2)]
        await steps(5)
        assert barrier.n_waiting == 2
        assert not any(each.done() for each in early)
        assert await barrier.wait() == 2
        assert sorted(await asyncio.gather(*early)) == [0, 1]
        assert barrier.n_waiting == 0

    run(main())


def test_rounds_do_not_mix(run, library):
    async def main():
        barrier, rounds = library.Barrier(3), []

        async def member():
            for number in range(5):
                async with barrier as place:
                    assert 0 <= place < 3
                    rounds.append(number)

        await asyncio.gather(*(member() for _ in range(3)))
        assert rounds == [number for number in range(5) for _ in range(3)]

    run(main())


def test_too_few_parties_are_refused(library):
    with pytest.raises(ValueError, match=r"^parties must be"):
        library.Barrier(0)


@pytest.mark.parametrize("way", ["abort", "reset"])
def test_breaking_a_round_ends_the_waits(run, library, way):
    async def main():
        barrier = library.Barrier(3)
        waiters = [asyncio.ensure_future(barrier.wait()) for _ in range(2)]
        await steps(5)
        await getattr(barrier, way)()
        for each in waiters:
            with pytest.raises(asyncio.BrokenBarrierError, match=r"^Abort or reset of barrier$"):
                await each
        assert barrier.broken is (way == "abort")
        if way == "abort":
            with pytest.raises(asyncio.BrokenBarrierError, match=r"^Barrier aborted$"):
                await barrier.wait()
            await barrier.reset()
        assert sorted(await asyncio.gather(*(barrier.wait() for _ in range(3)))) == [0, 1, 2]

    run(main())


def test_who_comes_during_a_reset_waits_for_the_next_round(run, library):
    async def main():
        barrier = library.Barrier(2)
        early = asyncio.ensure_future(barrier.wait())
        await steps(3)
        reset = asyncio.ensure_future(barrier.reset())
        late = [asyncio.ensure_future(barrier.wait()) for _ in range(2)]
        with pytest.raises(asyncio.BrokenBarrierError):
            await early
        await reset
        assert sorted(await asyncio.gather(*late)) == [0, 1]

    run(main())


def test_a_cancelled_member_leaves_the_round(run, library):
    async def main():
        barrier = library.Barrier(2)
        cancelled = asyncio.ensure_future(barrier.wait())
        await steps(3)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        assert cancelled.cancelled()
        assert barrier.n_waiting == 0
        assert sorted(await asyncio.gather(barrier.wait(), barrier.wait())) == [0, 1]

    run(main())


def test_repr(run, library):
    async def main():
        barrier = library.Barrier(2)
        assert repr(barrier).startswith(f"<{library.Barrier.__module__}.Barrier object at 0x")
        assert repr(barrier).endswith(" [filling, waiters:0/2]>")
        await barrier.abort()
        assert repr(barrier).endswith(" [broken]>")
        assert barrier.parties == 2

    run(main())
