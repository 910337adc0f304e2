"""What `wait` takes for its futures."""

import asyncio

import pytest


@pytest.mark.library_since(3, 12)
def test_a_generator_may_give_the_tasks(run, library):
    async def number(value):
        return value

    async def main():
        tasks = (asyncio.ensure_future(number(value)) for value in range(3))
        done, pending = await library.wait(tasks)
        assert sorted(task.result() for task in done) == [0, 1, 2]
        assert pending == set()

    run(main())


def test_a_coroutine_in_the_place_of_the_futures_is_refused(run, library):
    async def nothing():
        pass

    async def main():
        coroutine = nothing()
        with pytest.raises(TypeError, match="expect a list of futures, not coroutine"):
            await library.wait(coroutine)
        with pytest.raises(TypeError, match="Passing coroutines is forbidden"):
            await library.wait([coroutine])
        coroutine.close()

    run(main())
