"""`python -m ouroloop.asyncio`: an interactive Python in which `await` may stand anywhere, as `python -m asyncio`.

The loop runs in the main thread all the time, so what was started goes on while the user types. A thread reads, and
has each statement run in the loop's thread; a statement that awaits becomes a task. All statements share one context.
"""

from __future__ import annotations

import ast
import code
import concurrent.futures
import contextlib
import contextvars
import inspect
import os
import sys
import threading
import traceback
import types
from typing import Any

import ouroloop
from ouroloop import asyncio

_BANNER = """\
ouroloop {version}, asyncio on Python {python}
Use "await" directly instead of "asyncio.run()".
Type "help", "copyright", "credits" or "license" for more information.
>>> from ouroloop import asyncio"""


class Console(code.InteractiveConsole):
    """Reads statements, and runs them in the thread of `loop`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__({"__name__": "__main__", "asyncio": asyncio}, filename="<stdin>")
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self.status: Any = None
        self._loop = loop
        self._context = contextvars.copy_context()
        self._task: asyncio.Task[Any] | None = None
        self._was_interrupted = False

    def read(self) -> None:
        """Reads to the end, or until `exit()`; then stops the loop."""
        try:
            self._run_startup_file()
            self.interact("" if sys.flags.quiet else _banner(), exitmsg="")
        except SystemExit as ending:
            self.status = ending.code
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)

    def runcode(self, code: types.CodeType) -> None:
        """Runs one statement to its end, and shows the exception that it leaves."""
        outcome: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._loop.call_soon_threadsafe(self._start, code, outcome, context=self._context)
        try:
            outcome.result()
        except SystemExit:
            raise
        except KeyboardInterrupt:
            self.write("\nKeyboardInterrupt\n")
        except BaseException as error:
            self._leave_out_own_frames(error)
            self.showtraceback()

    def interrupt(self) -> None:
        """Ends the statement that awaits now; called in the loop's thread."""
        if self._task is not None:
            self._was_interrupted = True
            self._task.cancel()

    def _start(self, code: types.CodeType, outcome: concurrent.futures.Future[None]) -> None:
        self._was_interrupted = False
        try:
            result = types.FunctionType(code, self.locals)()
        except BaseException as error:
            outcome.set_exception(error)
            return
        if not inspect.iscoroutine(result):
            outcome.set_result(None)
            return
        self._task = self._loop.create_task(result, context=self._context)
        self._task.add_done_callback(lambda task: self._end(task, outcome))

    def _end(self, task: asyncio.Task[Any], outcome: concurrent.futures.Future[None]) -> None:
        self._task = None
        try:
            task.result()
        except BaseException as error:
            outcome.set_exception(
                KeyboardInterrupt() if task.cancelled() and self._was_interrupted else error
            )
        else:
            outcome.set_result(None)

    def _leave_out_own_frames(self, error: BaseException) -> None:
        """Has the traceback begin with the statement. One frame stays before it, which `showtraceback` leaves out."""
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            if place.tb_next.tb_frame.f_code.co_filename == self.filename:
                error.__traceback__ = place
                return
            place = place.tb_next

    def _run_startup_file(self) -> None:
        path = os.environ.get("PYTHONSTARTUP")
        if not path or sys.flags.ignore_environment:
            return
        try:
            with open(path, "rb") as file:
                exec(compile(file.read(), path, "exec"), self.locals)
        except Exception:
            traceback.print_exc()


def main() -> Any:
    """Runs the session; returns the status that it was left with."""
    if hasattr(sys, "__interactivehook__"):
        # Its line editing and its file of earlier lines.
        sys.__interactivehook__()
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        console = Console(loop)
        with contextlib.suppress(ImportError):
            import readline
            import rlcompleter

            readline.set_completer(rlcompleter.Completer(console.locals).complete)
        # One that waits for a line cannot be ended, when a statement ends the session: it must not keep the process.
        threading.Thread(target=console.read, name="console", daemon=True).start()
        while True:
            try:
                loop.run_forever()
                return console.status
            except KeyboardInterrupt:
                console.interrupt()


def _banner() -> str:
    return _BANNER.format(version=ouroloop.__version__, python=sys.version.partition(" ")[0])


if __name__ == "__main__":
    sys.exit(main())
