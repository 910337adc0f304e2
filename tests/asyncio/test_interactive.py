"""`python -m ouroloop.asyncio`: statements that await, on our loop, until the session ends."""

import os
import re
import signal
import subprocess
import sys
import textwrap

import pytest

COMMAND = [sys.executable, "-q", "-m", "ouroloop.asyncio"]
TIMEOUT_SECONDS = 30


def session(statements, **variables):
    """What a session says to these statements: the lines of its output, its errors and its exit status."""
    done = subprocess.run(
        COMMAND,
        input=textwrap.dedent(statements),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        env={**os.environ, **variables},
        check=False,
    )
    return re.sub(r"(?:>>>|\.\.\.) ", "", done.stdout).split(), done.stderr, done.returncode


def test_statements_await_on_our_loop_and_share_their_names():
    said = session("""
        number = await asyncio.sleep(0, 7)
        number
        type(asyncio.get_running_loop()).__module__
        [await asyncio.sleep(0, each) for each in range(3)]
    """)
    assert said == (["7", "'ouroloop.service.newest_loop'", "[0,", "1,", "2]"], "\n", 0)


def test_what_was_started_goes_on_and_context_stays():
    lines, errors, status = session("""
        import contextvars, time
        variable = contextvars.ContextVar("variable")
        reset = variable.set("kept")
        async def note():
            done.append(variable.get())

        done = []
        task = asyncio.create_task(note())
        while_reading = await asyncio.sleep(0)
        done
        await asyncio.sleep(0, variable.get())
    """)
    assert (lines, errors, status) == (["['kept']", "'kept'"], "\n", 0)


def test_errors_are_shown_and_the_session_goes_on():
    lines, errors, status = session("""
        1 / 0
        await asyncio.wait_for(asyncio.sleep(9), 0.01)
        await no_such_name
        "still here"
    """)
    assert (lines, status) == (["'still", "here'"], 0)
    shown = re.findall(r"^(\w+)", errors, re.MULTILINE)
    names = ["ZeroDivisionError", "TimeoutError", "NameError"]
    assert [each for each in shown if each.endswith("Error")] == names
    assert "__main__.py" not in errors


@pytest.mark.parametrize("end", ["exit(3)", "raise SystemExit(3)", "await leave()"])
def test_the_status_is_what_the_session_is_left_with(end):
    lines, _, status = session(f"""
        async def leave():
            await asyncio.sleep(0)
            raise SystemExit(3)

        async def remain():
            try:
                await asyncio.sleep(60)
            finally:
                print("cleaned up")

        task = asyncio.create_task(remain())
        await asyncio.sleep(0)
        {end}
        print("too late")
    """)
    assert (lines, status) == (["cleaned", "up"], 3)


def test_ctrl_c_ends_what_awaits_and_not_the_session():
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdin.write("import signal; _ = signal.signal(signal.SIGINT, signal.default_int_handler)\n")
        process.stdin.write("print('waits', flush=True); await asyncio.sleep(60)\n")
        process.stdin.flush()
        seen = ""
        while "waits" not in seen:
            seen = process.stdout.readline()
            assert seen
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate("'still here'\n", timeout=TIMEOUT_SECONDS)
    assert "'still here'" in output
    assert "KeyboardInterrupt" in errors
    assert process.returncode == 0


def test_the_startup_file_is_read(tmp_path):
    (tmp_path / "startup.py").write_text("answer = 42\n")
    assert session("answer\n", PYTHONSTARTUP=str(tmp_path / "startup.py")) == (["42"], "\n", 0)
    (tmp_path / "startup.py").write_text("1 / 0\n")
    lines, errors, status = session("'still here'\n", PYTHONSTARTUP=str(tmp_path / "startup.py"))
    assert (lines, status) == (["'still", "here'"], 0)
    assert "ZeroDivisionError" in errors
