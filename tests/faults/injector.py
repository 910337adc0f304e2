"""Makes system calls fail on order, in a process that was started with the library of `inject.c` in front of libc.

`python injector.py FOLDER` compiles the library into FOLDER and prints its path.
"""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).with_name("inject.c")


def build(folder: Path) -> Path:
    """Compiles the library into `folder`, once for each version of its source, and returns its path.

    Each version of the C library has its own: Debian's newer Pythons run in another system, on the same folder.
    """
    libc = os.confstr("CS_GNU_LIBC_VERSION").replace(" ", "-")
    library = folder / f"inject-{SOURCE.stat().st_mtime_ns:x}-{libc}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            fresh = Path(scratch) / library.name
            command = [
                "gcc",
                "-shared",
                "-fPIC",
                "-O1",
                "-Wall",
                "-Wextra",
                "-Werror",
                SOURCE,
                "-o",
                fresh,
                "-ldl",
            ]
            subprocess.run(command, check=True)
            fresh.rename(library)
    return library


@dataclass(frozen=True)
class Fault:
    """What happens to one system call, or to several in a row.

    call: its name. error: an errno, or 0 for moving at most `limit` bytes. skip: calls that pass before. times: calls
    that it happens to.
    """

    call: str
    error: int
    skip: int = 0
    times: int = 1
    limit: int = 1

    @property
    def is_harmless(self) -> bool:
        """The call may simply be made again, or goes on by itself, so nobody may notice."""
        if self.error == errno.EAGAIN and self.call in ("connect", "fork"):
            return False  # it says that the system has no room
        return self.error in (0, errno.EINTR, errno.EAGAIN)

    def __str__(self) -> str:
        what = errno.errorcode[self.error] if self.error else f"at most {self.limit} bytes"
        return f"{self.call} number {self.skip}: {what}" + (f", {self.times} times" if self.times > 1 else "")


class Injector:
    """The library as this process has it loaded. Raises RuntimeError where it is not."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL(None)
        if not hasattr(self.library, "fault_arm"):
            raise RuntimeError(f"start this process with LD_PRELOAD={SOURCE.with_suffix('.so').name}")
        self.library.fault_calls.restype = ctypes.c_long
        self.library.fault_hits.restype = ctypes.c_long
        self.library.fault_arm.argtypes = [ctypes.c_int, *[ctypes.c_long] * 2, ctypes.c_int, ctypes.c_long]

    def number(self, call: str) -> int:
        number: int = self.library.fault_number(call.encode())
        if number < 0:
            raise ValueError(f"inject.c knows no system call {call!r}")
        return number

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Counts the calls of this thread, for `calls()`, and lets them pass."""
        self.library.fault_arm(-1, 0, 0, 0, 0)
        yield
        self.library.fault_disarm()

    @contextmanager
    def injecting(self, fault: Fault) -> Iterator[None]:
        """Has the calls of this thread fail as `fault` says."""
        self.library.fault_arm(self.number(fault.call), fault.skip, fault.times, fault.error, fault.limit)
        try:
            yield
        finally:
            self.library.fault_disarm()

    def calls(self, call: str) -> int:
        """How often the call was made under `counting`."""
        return int(self.library.fault_calls(self.number(call)))

    @property
    def hits(self) -> int:
        """How often the last fault happened."""
        return int(self.library.fault_hits())


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
