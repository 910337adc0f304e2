"""Asynchronous generators: the loop knows those that are being iterated, and closes them."""

import asyncio
import gc
import sys
import warnings

import pytest


async def count(finished, label="generator"):
    try:
        for number in range(100):
            yield number
    finally:
        await asyncio.sleep(0)
        finished.append(label)


def test_hooks_are_installed_only_while_the_loop_runs(loop):
    before = sys.get_asyncgen_hooks()

    async def main():
        return sys.get_asyncgen_hooks()

    inside = loop.run_until_complete(main())
    assert sys.get_asyncgen_hooks() == before
    assert inside.firstiter is not None
    assert inside.finalizer is not None
    assert inside != before


def test_hooks_of_the_caller_are_put_back(loop, run_once):
    def own_hook(_generator):
        pass

    before = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(own_hook, own_hook)
    try:
        run_once(loop)
        assert sys.get_asyncgen_hooks() == (own_hook, own_hook)
        loop.call_soon(sys.exit, "leaves by an exception")
        with pytest.raises(SystemExit):
            loop.run_forever()
        assert sys.get_asyncgen_hooks() == (own_hook, own_hook)
    finally:
        sys.set_asyncgen_hooks(*before)


def test_generator_that_nobody_holds_any_more_is_closed_by_the_loop(loop):
    finished = []

    async def main():
        async for number in count(finished):
            if number == 3:
                break
        gc.collect()
        for _ in range(5):
            await asyncio.sleep(0)
        return list(finished)

    assert loop.run_until_complete(main()) == ["generator"]


def test_generator_dropped_in_another_thread_is_closed_on_the_loop(loop):
    finished = []

    async def main():
        generator = count(finished)
        await anext(generator)
        holder = [generator]
        del generator
        await loop.run_in_executor(None, holder.clear)
        while not finished:
            await asyncio.sleep(0)

    loop.run_until_complete(main())
    assert finished == ["generator"]


def test_generator_dropped_after_the_loop_closed_does_no_harm(loop_factory):
    loop = loop_factory()
    finished = []

    async def main():
        generator = count(finished)
        await anext(generator)
        return generator

    generator = loop.run_until_complete(main())
    loop.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        del generator
        gc.collect()
    assert finished == []


def test_shutdown_closes_every_generator_that_was_begun(loop):
    finished = []

    async def main():
        generators = [count(finished, label) for label in range(5)]
        for generator in generators[:4]:
            await anext(generator)
        return generators

    generators = loop.run_until_complete(main())
    assert loop.run_until_complete(loop.shutdown_asyncgens()) is None
    assert sorted(finished) == [0, 1, 2, 3]
    del generators


def test_shutdown_with_no_generator_does_nothing(loop):
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_asyncgens())


def test_shutdown_reports_a_generator_that_fails_to_close(loop, capture_errors):
    error = ZeroDivisionError("while closing")

    async def fails_to_close():
        try:
            yield 1
        finally:
            raise error

    async def main():
        generator = fails_to_close()
        await anext(generator)
        return generator

    generator = loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_asyncgens())
    (context,) = capture_errors
    assert context["message"] == f"an error occurred during closing of asynchronous generator {generator!r}"
    assert context["exception"] is error
    assert context["asyncgen"] is generator


def test_generator_begun_after_shutdown_is_warned_of(loop):
    finished = []

    async def main():
        await loop.shutdown_asyncgens()
        generator = count(finished)
        expected = (
            f"^asynchronous generator {generator!r} was scheduled after loop.shutdown_asyncgens\\(\\) call$"
        )
        with pytest.warns(ResourceWarning, match=expected.replace("count at", ".*count at")):
            await anext(generator)
        await generator.aclose()

    loop.run_until_complete(main())
    assert finished == ["generator"]


def test_generator_that_ran_to_its_end_is_forgotten(loop):
    async def main():
        return [number async for number in count([])]

    assert loop.run_until_complete(main()) == list(range(100))
    loop.run_until_complete(loop.shutdown_asyncgens())


def test_runner_closes_generators_at_the_end(loop_factory):
    finished = []

    async def main():
        generator = count(finished)
        await anext(generator)
        return generator

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        generator = runner.run(main())
        assert finished == []
    assert finished == ["generator"]
    del generator
