"""What a scenario notes while it runs, and what must hold of that whatever system call failed."""

from __future__ import annotations

import errno
import gc
import os
import ssl
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from injector import Fault


class Report:
    """errors: that reached an owner. problems: what must never happen. is_whole: every byte and call arrived."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self.problems: list[str] = []
        self.is_whole = False
        self.missing: list[str] = []

    @contextmanager
    def owning(self) -> Iterator[None]:
        """Whoever calls is the owner of an OSError raised inside; other exceptions are problems."""
        try:
            yield
        except OSError as error:
            # Frames of the traceback would keep open what nobody owns any more.
            self.errors.append(error.with_traceback(None))
        except Exception as error:
            self.problems.append(f"raised {error!r}")

    def handle(self, loop: Any, context: dict[str, Any]) -> None:
        """The loop's exception handler."""
        error = context.get("exception")
        if isinstance(error, OSError):
            self.errors.append(error)
        else:
            self.problems.append(f"reported {context!r}")

    def compare(self, what: str, sent: bytes, received: bytes) -> None:
        """Each byte arrives once and in order; how many arrive is judged together with the errors."""
        if not sent.startswith(received):
            self.problems.append(f"{what}: {len(received)} bytes received, which are not what was sent")
        elif len(received) != len(sent):
            self.missing.append(f"{what}: {len(received)} of {len(sent)} bytes")

    def judge(self, fault: Fault) -> list[str]:
        """What is wrong, in words; empty when all is well."""
        wrong = list(self.problems)
        strange = [error for error in self.errors if not caused_by(error, fault)]
        if strange:
            wrong.append(f"errors that nobody injected: {strange!r}")
        if fault.is_harmless and self.errors:
            wrong.append(f"a harmless fault was noticed: {self.errors!r}")
        if not self.errors and not self.is_whole:
            wrong.append("it did not come to its end, and no error reached anybody")
        if not self.errors and self.missing:
            wrong.append(f"lost without an error: {self.missing}")
        return wrong


def caused_by(error: BaseException, fault: Fault) -> bool:
    """Whether an error is the injected one, or what the other end makes of it."""
    if isinstance(error, BaseExceptionGroup):
        return all(caused_by(each, fault) for each in error.exceptions)
    if isinstance(error, ConnectionAbortedError | EOFError):
        return True
    if (
        isinstance(error, ssl.SSLError | ConnectionResetError | BrokenPipeError)
        or type(error) is ConnectionError
    ):
        return not fault.is_harmless
    number = getattr(error, "errno", None)
    if number is None and error.__cause__ is not None:
        return caused_by(error.__cause__, fault)
    if number is None and fault.error and os.strerror(fault.error) in str(error):
        return True
    return number == fault.error or (number == errno.ECONNREFUSED and not fault.is_harmless)


def open_descriptors() -> set[str]:
    found = set()
    for entry in list(Path("/proc/self/fd").iterdir()):
        try:
            found.add(f"{entry.name} -> {entry.readlink()}")
        except FileNotFoundError:
            # The one that listed the folder.
            continue
    return found


@contextmanager
def watching(report: Report) -> Iterator[None]:
    """Notes what is left open, and every exception that went nowhere."""

    def unraisable(found: Any) -> None:
        report.problems.append(f"went nowhere: {found.exc_value!r} in {found.object!r}")

    before = open_descriptors()
    outer, sys.unraisablehook = sys.unraisablehook, unraisable
    try:
        yield
        gc.collect()
    finally:
        sys.unraisablehook = outer
    left = open_descriptors() - before
    if left:
        report.problems.append(f"left open: {sorted(left)}")
