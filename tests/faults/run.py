"""Runs scenarios, each once for every system call that it makes and every way in which that can fail.

    LD_PRELOAD=inject.so python run.py POLLER [SCENARIO ...]

Prints a line of JSON for each run that went wrong, and the totals last. Exits with 1 when any did.

    LD_PRELOAD=inject.so python run.py --calls POLLER [SCENARIO ...]

Prints how often the scenarios make each call that can fail, as JSON.
"""

from __future__ import annotations

import argparse
import errno
import faulthandler
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING

import rarer_scenarios  # noqa: F401 - it adds to them
from injector import Fault, Injector
from report import Report, watching
from scenarios import ALL

import ouroloop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scenarios import LoopFactory

RUN_SECONDS_MAX = 30

AGAIN = (errno.EINTR, errno.EAGAIN)
NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)
NO_ROOM = (errno.ENOBUFS, errno.ENOMEM)
# How each call may fail, by its man page; 0 is a short read or write.
FAILURES: dict[str, tuple[int, ...]] = {
    "accept4": (*AGAIN, *NO_DESCRIPTOR, *NO_ROOM, errno.ECONNABORTED, errno.EPERM, errno.EPROTO),
    "bind": (errno.EADDRINUSE, errno.ENOMEM),
    # Whatever it answers, the descriptor is closed.
    "close": (errno.EINTR, errno.EIO),
    "connect": (*AGAIN, errno.EADDRNOTAVAIL, errno.ECONNREFUSED, errno.ENETUNREACH, *NO_ROOM),
    "epoll_create1": (*NO_DESCRIPTOR, errno.ENOMEM),
    "epoll_ctl": (errno.ENOMEM, errno.ENOSPC),
    "epoll_pwait2": (errno.EINTR,),
    "epoll_wait": (errno.EINTR,),
    "fcntl64": (errno.EMFILE,),
    "fork": (errno.EAGAIN, errno.ENOMEM),
    "fstat64": (errno.ENOMEM,),
    "getpeername": (errno.ENOBUFS, errno.ENOTCONN),
    "getsockname": (errno.ENOBUFS,),
    "getsockopt": NO_ROOM,
    "ioctl": (errno.EAGAIN, errno.ENOTTY),
    "listen": (errno.EADDRINUSE,),
    "pidfd_open": (*NO_DESCRIPTOR, errno.ENOMEM, errno.ENOSYS, errno.EPERM),
    "pidfd_send_signal": (errno.ENOSYS, errno.EPERM),
    "pipe2": NO_DESCRIPTOR,
    "poll": (errno.EINTR,),
    "read": (*AGAIN, errno.EIO, errno.ENOMEM, 0),
    "recv": (*AGAIN, errno.ECONNRESET, errno.ENOMEM, 0),
    "recvfrom": (*AGAIN, errno.ECONNREFUSED, errno.ENOMEM),
    "send": (*AGAIN, errno.EPIPE, errno.ECONNRESET, *NO_ROOM, 0),
    "sendfile": (*AGAIN, errno.EIO, errno.ENOMEM, 0),
    "sendmsg": (*AGAIN, errno.EPIPE, errno.ECONNRESET, *NO_ROOM, 0),
    "sendto": (*AGAIN, errno.ECONNREFUSED, errno.EPERM, *NO_ROOM),
    "setsockopt": (errno.ENOBUFS,),
    "shutdown": (errno.ENOTCONN,),
    "socket": (*NO_DESCRIPTOR, *NO_ROOM),
    "waitid": (errno.ECHILD, errno.EINVAL),
    "write": (*AGAIN, errno.EPIPE, errno.EIO, errno.ENOMEM, 0),
    "writev": (*AGAIN, errno.EPIPE, errno.EIO, errno.ENOMEM, 0),
}


def faults_of(call: str, count: int) -> Iterator[Fault]:
    """Each way in which a call may fail, at the first places where it is made, in the middle, and at the last."""
    places = sorted({place for place in (0, 1, 2, 3, count // 2, count - 1) if 0 <= place < count})
    for error in FAILURES[call]:
        # A listener waits for a second after it met a shortage.
        is_slow = call == "accept4" and error in (*NO_DESCRIPTOR, *NO_ROOM)
        for place in places[:1] if is_slow else places:
            yield Fault(call, error, place)
        often = Fault(call, error, 0, times=7)
        if count and often.is_harmless:
            yield often


def run_scenario(name: str, factory: LoopFactory, injector: Injector, fault: Fault | None) -> list[str]:
    report = Report()
    faulthandler.dump_traceback_later(RUN_SECONDS_MAX, exit=True)
    with watching(report):
        if fault is None:
            with injector.counting():
                ALL[name](factory, report)
            fault = Fault("none", -1)
        else:
            with injector.injecting(fault):
                ALL[name](factory, report)
    faulthandler.cancel_dump_traceback_later()
    return report.judge(fault)


def count_calls(name: str, factory: LoopFactory, injector: Injector) -> Counter[str]:
    """How often a scenario makes each call. Raises RuntimeError when it goes wrong by itself."""
    wrong = run_scenario(name, factory, injector, None)
    if wrong:
        raise RuntimeError(f"{name} fails without a fault: {wrong}")
    return Counter({call: injector.calls(call) for call in FAILURES})


def run_each_fault(name: str, factory: LoopFactory, injector: Injector) -> tuple[int, int]:
    """How many runs there were, and how many went wrong."""
    runs = failed = 0
    for call, count in count_calls(name, factory, injector).items():
        for fault in faults_of(call, count):
            print(f"{name}: {fault}", file=sys.stderr)
            wrong = run_scenario(name, factory, injector, fault)
            runs += 1
            if wrong:
                failed += 1
                print(json.dumps({"scenario": name, "fault": str(fault), "wrong": wrong}), flush=True)
    return runs, failed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", action="store_true")
    parser.add_argument("poller")
    parser.add_argument("names", nargs="*", default=list(ALL))
    arguments = parser.parse_args()

    def factory() -> ouroloop.EventLoop:
        return ouroloop.EventLoop(poller=arguments.poller)

    injector = Injector()
    if arguments.calls:
        total: Counter[str] = Counter()
        for name in arguments.names:
            total += count_calls(name, factory, injector)
        print(json.dumps(total))
        return 0
    runs = failed = 0
    for name in arguments.names:
        more_runs, more_failed = run_each_fault(name, factory, injector)
        runs += more_runs
        failed += more_failed
    print(json.dumps({"runs": runs, "failed": failed}))
    return 1 if failed or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
