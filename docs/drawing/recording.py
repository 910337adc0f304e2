"""Runs a program of a page on our loop and notes, after each step, where everything stands.

A step is what the loop does in one go: a task from where it stood to its next wait, or a callback. What is noted is
read off the run: the lines by a trace function, where a coroutine stands by its frame, what a task waits for by what it
has handed to the loop.
"""

from __future__ import annotations

import collections.abc
import contextlib
import io
import re
import sys
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ouroloop

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
START = "ouroloop.run(main())"


@dataclass
class TaskState:
    """A task after a step: "ready", "waiting" or "done", the text that says more, and the lines where it stands."""

    name: str
    state: str
    text: str
    lines: list[int] = field(default_factory=list)


@dataclass
class Step:
    """What ran, and how everything stood then."""

    title: str
    was_idle: bool
    lines: list[int]
    tasks: list[TaskState]
    ready: list[str]
    output: str


class Watched(collections.abc.Coroutine[Any, Any, Any]):
    """The coroutine of a task, which tells the recording of each of its steps."""

    def __init__(self, coroutine: Any, recording: Recording) -> None:
        self.coroutine = coroutine
        self.recording = recording
        self.name = coroutine.__name__
        self.task: asyncio.Task[Any] | None = None
        self.outcome: str | None = None
        self.waits_for: Any = None
        self.has_begun = False

    def send(self, value: Any) -> Any:
        verb = "goes on" if self.has_begun else "begins"
        self.has_begun = True
        with self.recording.step(f"{self.name} {verb}", self):
            self.waits_for = None
            try:
                self.waits_for = self.coroutine.send(value)
            except StopIteration as end:
                self.outcome = "returned" if end.value is None else f"returned {end.value!r}"
                raise
            return self.waits_for

    def throw(self, *error: Any) -> Any:
        return self.coroutine.throw(*error)

    def close(self) -> None:
        self.coroutine.close()

    def __await__(self) -> Iterator[Any]:
        raise TypeError("only a task runs this")

    def frames(self) -> list[types.FrameType]:
        """The frames of the program that this coroutine stands in, outermost first."""
        found, coroutine = [], self.coroutine
        while isinstance(coroutine, types.CoroutineType):
            if coroutine.cr_frame is not None and coroutine.cr_code.co_filename == self.recording.file:
                found.append(coroutine.cr_frame)
            coroutine = coroutine.cr_await
        return found


class Loop(ouroloop.EventLoop):
    """Our loop, whose timers tell the recording when a function of the program runs."""

    recording: Recording

    def call_later(self, delay: Any, callback: Any, *args: Any, context: Any = None) -> Any:
        if getattr(callback, "__code__", None) and callback.__code__.co_filename == self.recording.file:
            callback = self.recording.watched_callback(callback)
        return super().call_later(delay, callback, *args, context=context)


class Recording:
    """One run of the program that stands as the `number`-th in a page of Markdown, from 1 on."""

    def __init__(self, page: str, number: int) -> None:
        self.source = PROGRAM.findall(page)[number - 1]
        self.file = f"<program {number}>"
        self.lines = self.source.rstrip().split("\n")
        assert self.lines[-1] == START, f"program {number} does not end with {START}"
        self.coroutines: list[Watched] = []
        self.ready: list[str] = []
        self.steps: list[Step] = []
        self.printed = io.StringIO()

    def run(self) -> list[Step]:
        names: dict[str, Any] = {"__name__": "program"}
        exec(compile("\n".join(self.lines[:-1]), self.file, "exec"), names)
        with contextlib.redirect_stdout(self.printed):
            ouroloop.run(names["main"](), loop_factory=self.new_loop)
        return self.steps

    def new_loop(self) -> Loop:
        loop = Loop()
        loop.recording = self
        loop.set_task_factory(self.new_task)
        return loop

    def new_task(self, loop: Any, coroutine: Any, **options: Any) -> Any:
        if coroutine.cr_code.co_filename != self.file:
            return ouroloop.Task(coroutine, loop=loop, **options)
        watched = Watched(coroutine, self)
        watched.task = ouroloop.Task(watched, loop=loop, **options)  # type: ignore[assignment]
        self.coroutines.append(watched)
        if len(self.coroutines) == 1:
            self.note("before the first step", False, [])
        return watched.task

    def watched_callback(self, callback: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            with self.step(f"the callback {callback.__name__} runs", None):
                return callback(*args)

        return run

    @contextlib.contextmanager
    def step(self, title: str, runs: Watched | None) -> Iterator[None]:
        was_idle = bool(self.steps) and not self.steps[-1].ready
        lines: list[int] = []

        def trace(frame: types.FrameType, event: str, _argument: Any) -> Any:
            if frame.f_code.co_filename != self.file:
                return None
            if event in ("call", "line") and frame.f_lineno not in (*lines, frame.f_code.co_firstlineno):
                lines.append(frame.f_lineno)
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            yield
        finally:
            sys.settrace(before)
            self.note(title, was_idle, lines)

    def note(self, title: str, was_idle: bool, lines: list[int]) -> None:
        states = [self.state_of(each) for each in self.coroutines]
        ready = [each.name for each in states if each.state == "ready"]
        # Who was ready before stands before who is so now.
        self.ready = [name for name in self.ready if name in ready]
        self.ready += [name for name in ready if name not in self.ready]
        self.steps.append(Step(title, was_idle, lines, states, list(self.ready), self.printed.getvalue()))

    def state_of(self, watched: Watched) -> TaskState:
        if watched.outcome is not None:
            return TaskState(watched.name, "done", watched.outcome)
        lines = [frame.f_lineno for frame in watched.frames()]
        if not watched.has_begun:
            return TaskState(watched.name, "ready", "has not begun")
        future = watched.waits_for
        ended = next(
            (each for each in self.coroutines if each.task is future and each.outcome is not None), None
        )
        if future is None or future.done() or ended is not None:
            return TaskState(watched.name, "ready", f"{self.name_of(future, watched)} is done", lines)
        return TaskState(watched.name, "waiting", f"waits for {self.name_of(future, watched)}", lines)

    def name_of(self, future: Any, watched: Watched) -> str:
        for each in self.coroutines:
            if each.task is future:
                return f"the task {each.name}"
        frames = watched.frames()
        for frame in frames:
            for name, value in frame.f_locals.items():
                if value is future:
                    return f"the future {name}"
        awaited = re.search(r"await (.*)", self.lines[frames[-1].f_lineno - 1])
        return f"the future of {awaited[1]}" if awaited else "a future"
