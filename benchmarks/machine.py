"""The machine that is measured on: what it is, which core does what, how many files may be open."""

from __future__ import annotations

import os
import platform
import resource
import time
from dataclasses import dataclass

_WATCH_SECONDS = 0.3
_BUSY_SHARE = 0.1
_IDLE, _WAITING_FOR_DISK = 3, 4


@dataclass(frozen=True)
class Cores:
    """The core of the measured process and the one that the load comes from; None where nothing is pinned."""

    server: int | None
    generator: int | None

    @property
    def note(self) -> str:
        """What a reader must know beyond the usual, or nothing."""
        if self.server is None:
            return "This system cannot pin a process to a core, so the scheduler placed them."
        if self.server == self.generator:
            return "The machine has one core: server and load generator shared it, which lowers every figure."
        return ""

    def __str__(self) -> str:
        if self.server is None:
            return "not pinned"
        return f"server on core {self.server}, load generator on core {self.generator}"


def choose_cores() -> Cores:
    """The first two cores that this process may run on, or the same one twice."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[min(1, len(allowed) - 1)])


def raise_open_files() -> int:
    """Raises the limit of open files as far as it goes, for the children too, and returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = max(soft, 1 << 20)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def describe_machine() -> str:
    """The processor, the number of cores, the memory and the kernel, in one line."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    cores = os.cpu_count() or 1
    count = "1 core" if cores == 1 else f"{cores} cores"
    return f"{_processor()}, {count}, {memory_gib:.0f} GiB, {platform.system()} {platform.release()}"


def describe_python() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"


def describe_other_work() -> str:
    """A warning when others keep the machine busy, or nothing; it takes a moment of doing nothing."""
    share = _busy_share(_WATCH_SECONDS)
    if share < _BUSY_SHARE:
        return ""
    return f"Other work kept the machine's cores {share:.0%} busy at the start: expect a wider spread."


def _busy_share(seconds: float) -> float:
    try:
        first = _core_ticks()
        time.sleep(seconds)
        last = _core_ticks()
    except OSError:  # only Linux tells so
        return 0.0
    passed = [after - before for before, after in zip(first, last, strict=True)]
    return 1 - (passed[_IDLE] + passed[_WAITING_FOR_DISK]) / (sum(passed) or 1)


def _core_ticks() -> list[int]:
    """Ticks that all cores have spent since the start: user, nice, system, idle, waiting for disk, ..."""
    with open("/proc/stat", encoding="ascii") as file:
        return [int(word) for word in file.readline().split()[1:9]]


def resident_bytes(pid: int) -> int:
    """The memory that a process has in use, shared pages included."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith(("model name", "Model")):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
