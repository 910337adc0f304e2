"""Runs scenarios, each once for every system call that it makes and every way in which that can fail.

    LD_PRELOAD=inject.so python run.py POLLER [SCENARIO ...]

Prints a line of JSON for each run that went wrong, and the totals last. Exits with 1 when any did.
"""

from __future__ import annotations

import errno
import faulthandler
import json
import sys
from typing import TYPE_CHECKING

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
    "connect": (errno.ECONNREFUSED, errno.ENETUNREACH, errno.ENOBUFS),
    "epoll_create1": (*NO_DESCRIPTOR, errno.ENOMEM),
    "epoll_ctl": (errno.ENOMEM, errno.ENOSPC),
    "epoll_pwait2": (errno.EINTR,),
    "epoll_wait": (errno.EINTR,),
    "fcntl64": (errno.EMFILE,),
    "fork": (errno.EAGAIN, errno.ENOMEM),
    "fstat64": (errno.ENOMEM,),
    "getpeername": (errno.ENOBUFS, errno.ENOTCONN),
    "getsockname": (errno.ENOBUFS,),
    "ioctl": (errno.EAGAIN, errno.ENOTTY),
    "listen": (errno.EADDRINUSE,),
    "pidfd_open": (*NO_DESCRIPTOR, errno.ENOMEM, errno.ENOSYS, errno.EPERM),
    "pidfd_send_signal": (errno.ENOSYS, errno.EPERM),
    "pipe2": NO_DESCRIPTOR,
    "poll": (errno.EINTR,),
    "read": (*AGAIN, 0),
    "recv": (*AGAIN, errno.ECONNRESET, errno.ENOMEM, 0),
    "recvfrom": (*AGAIN, errno.ECONNREFUSED, errno.ENOMEM),
    "recvmmsg": (*AGAIN, errno.ECONNREFUSED, errno.ENOMEM),
    "recvmsg": (*AGAIN, errno.ECONNREFUSED, errno.ENOMEM),
    "send": (*AGAIN, errno.EPIPE, errno.ECONNRESET, *NO_ROOM, 0),
    "sendfile": (*AGAIN, errno.EIO, errno.ENOMEM, 0),
    "sendmmsg": (*AGAIN, *NO_ROOM),
    "sendmsg": (*AGAIN, errno.EPIPE, errno.ECONNRESET, *NO_ROOM, 0),
    "sendto": (*AGAIN, *NO_ROOM),
    "setsockopt": (errno.ENOBUFS,),
    "shutdown": (errno.ENOTCONN,),
    "socket": (*NO_DESCRIPTOR, *NO_ROOM),
    "socketpair": NO_DESCRIPTOR,
    "waitid": (errno.ECHILD, errno.EINVAL),
    "write": (*AGAIN, 0),
    "writev": (*AGAIN, errno.EPIPE, 0),
}


def faults_of(call: str, count: int) -> Iterator[Fault]:
    """Each way in which a call may fail, at the first places where it is made, in the middle, and at the last."""
    places = sorted({place for place in (0, 1, 2, 3, count // 2, count - 1) if 0 <= place < count})
    for error in FAILURES[call]:
        # A listener waits for a second after it met a shortage.
        is_slow = call == "accept4" and error in (*NO_DESCRIPTOR, *NO_ROOM)
        for place in places[:1] if is_slow else places:
            yield Fault(call, error, place)
        if count and error in (0, errno.EINTR, errno.EAGAIN):
            yield Fault(call, error, 0, times=7)


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


def main(poller: str, names: list[str]) -> int:
    def factory() -> ouroloop.EventLoop:
        return ouroloop.EventLoop(poller=poller)

    injector = Injector()
    runs = failed = 0
    for name in names or ALL:
        wrong = run_scenario(name, factory, injector, None)
        if wrong:
            print(json.dumps({"scenario": name, "fault": "none", "wrong": wrong}))
            return 1
        counts = {call: injector.calls(call) for call in FAILURES}
        for call, count in counts.items():
            for fault in faults_of(call, count):
                print(f"{name}: {fault}", file=sys.stderr)
                wrong = run_scenario(name, factory, injector, fault)
                runs += 1
                if wrong:
                    failed += 1
                    print(json.dumps({"scenario": name, "fault": str(fault), "wrong": wrong}), flush=True)
    print(json.dumps({"runs": runs, "failed": failed}))
    return 1 if failed or not runs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
