"""Ctrl-C in whole programs: exit codes, tracebacks and how soon they end."""

import signal
import subprocess
import sys
import time

import pytest


@pytest.fixture
def interrupted(implementation):
    """Start a program, send it SIGINT once it has printed a line, and return how it ended."""

    def interrupted(source, *, interrupts=1, timeout_seconds=10.0):
        command = [sys.executable, "-c", implementation.script_preamble + source]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, text=True, **pipes) as process:
            try:
                for _ in range(interrupts):
                    assert process.stdout.readline() == "ready\n"
                    process.send_signal(signal.SIGINT)
                started = time.monotonic()
                output, errors = process.communicate(timeout=timeout_seconds)
                return process.returncode, output, errors, time.monotonic() - started
            finally:
                process.kill()

    return interrupted


def test_program_on_a_bare_loop_ends_like_any_other(interrupted):
    code, _output, errors, _seconds = interrupted(
        """
loop = new_event_loop()
loop.call_soon(lambda: print("ready", flush=True))
loop.run_forever()
"""
    )
    assert code == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")


def test_runner_cancels_the_main_task_and_then_raises_keyboard_interrupt(interrupted):
    code, output, errors, _seconds = interrupted(
        """
async def main():
    try:
        print("ready", flush=True)
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        print("cleaned up", flush=True)
        raise

with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(main())
"""
    )
    assert code == -signal.SIGINT
    assert output == "cleaned up\n"
    assert errors.rstrip().endswith("KeyboardInterrupt")
    # The traceback shows where the program was waiting.
    assert ", in main\n" in errors


def test_second_control_c_interrupts_clean_up_that_takes_too_long(interrupted):
    code, output, errors, _seconds = interrupted(
        """
async def main():
    try:
        print("ready", flush=True)
        await asyncio.sleep(30)
    finally:
        print("ready", flush=True)
        await asyncio.sleep(30)
        print("never", flush=True)

with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(main())
""",
        interrupts=2,
    )
    assert code == -signal.SIGINT
    assert "never" not in output
    assert errors.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.only_ouroloop
def test_control_c_ends_the_program_promptly_although_executor_threads_are_busy(interrupted):
    code, output, errors, seconds = interrupted(
        """
import time

async def main():
    work = asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
    print("ready", flush=True)
    await work

ouroloop.run(main(), loop_factory=new_event_loop)
"""
    )
    assert code == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert seconds < 5
    assert output == ""


@pytest.mark.only_ouroloop
def test_control_c_ends_a_program_that_waits_for_its_executor_threads(interrupted):
    code, output, errors, seconds = interrupted(
        """
import time

def work():
    print("ready", flush=True)
    time.sleep(60)

async def main():
    asyncio.get_running_loop().run_in_executor(None, work)

ouroloop.run(main(), loop_factory=new_event_loop)
"""
    )
    assert code == -signal.SIGINT
    # What was cut short may be reported after it.
    assert "KeyboardInterrupt" in errors.splitlines()
    assert seconds < 10
    assert output == ""


@pytest.mark.only_ouroloop
def test_clean_up_after_control_c_may_use_the_executor_and_is_finished(interrupted):
    code, output, _errors, seconds = interrupted(
        """
import threading, time

busy = threading.Event()

def save():
    time.sleep(0.1)
    print("saved", flush=True)

async def background():
    try:
        await asyncio.to_thread(lambda: (busy.set(), time.sleep(60)))
    finally:
        await asyncio.to_thread(save)

async def main():
    task = asyncio.create_task(background())
    while not busy.is_set():
        await asyncio.sleep(0.001)
    print("ready", flush=True)
    await asyncio.sleep(30)

ouroloop.run(main(), loop_factory=new_event_loop)
"""
    )
    assert code == -signal.SIGINT
    assert output == "saved\n"
    assert seconds < 10


@pytest.mark.only_ouroloop
def test_second_control_c_ends_clean_up_in_executor_threads_too(interrupted):
    code, output, errors, seconds = interrupted(
        """
import time

def save():
    print("ready", flush=True)
    time.sleep(60)
    print("never", flush=True)

async def background():
    try:
        await asyncio.sleep(30)
    finally:
        await asyncio.to_thread(save)

async def main():
    task = asyncio.create_task(background())
    await asyncio.sleep(0)
    print("ready", flush=True)
    await asyncio.sleep(30)

ouroloop.run(main(), loop_factory=new_event_loop)
""",
        interrupts=2,
    )
    assert code == -signal.SIGINT
    # What was cut short may be reported after it.
    assert "KeyboardInterrupt" in errors.splitlines()
    assert seconds < 10
    assert output == ""
