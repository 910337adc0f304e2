"""Ctrl-C while `ouroloop.run`, `asyncio.run` or the standard runner runs a coroutine."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]


def test_an_interrupt_cancels_the_coroutine_which_may_clean_up(run: Run) -> None:
    cleaned: list[str] = []

    async def main() -> None:
        signal.raise_signal(signal.SIGINT)
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            cleaned.append("clean")

    with pytest.raises(KeyboardInterrupt):
        run(main())
    assert cleaned == ["clean"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_reaches_a_loop_that_sleeps_in_the_kernel(run: Run) -> None:
    async def main() -> None:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        await asyncio.sleep(3600)

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(main())
    assert time.monotonic() - started < 5


def test_an_interrupt_reaches_a_loop_that_is_never_idle(run: Run) -> None:
    async def main() -> None:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        while True:
            await asyncio.sleep(0)

    with pytest.raises(KeyboardInterrupt):
        run(main())


def test_a_coroutine_may_swallow_the_first_interrupt(run: Run) -> None:
    async def main() -> str:
        signal.raise_signal(signal.SIGINT)
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return "went on"
        return "never"

    assert run(main()) == "went on"


def test_a_second_interrupt_is_immediate(run: Run) -> None:
    async def main() -> None:
        signal.raise_signal(signal.SIGINT)
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("must not get here") from None

    with pytest.raises(KeyboardInterrupt):
        run(main())


def test_a_handler_of_the_programs_own_is_left_alone(run: Run) -> None:
    caught: list[int] = []

    async def main() -> str:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
        return "undisturbed"

    previous = signal.signal(signal.SIGINT, lambda number, _: caught.append(number))
    try:
        assert run(main()) == "undisturbed"
    finally:
        signal.signal(signal.SIGINT, previous)
    assert caught == [signal.SIGINT]


def test_the_standard_runner_turns_an_interrupt_into_cancellation(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    cleaned: list[str] = []

    async def main() -> None:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            await asyncio.sleep(3600)
        finally:
            cleaned.append("clean")

    with asyncio.Runner(loop_factory=loop_factory) as runner, pytest.raises(KeyboardInterrupt):
        runner.run(main())
    assert cleaned == ["clean"]
