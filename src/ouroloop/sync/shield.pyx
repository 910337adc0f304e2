"""`shield`: a future that can be cancelled in the place of another."""

from ouroloop.task.follower cimport Follower
from ouroloop.task.registry cimport current_task_of

from ouroloop.task.adopt import ensure_future, loop_of


def shield(arg):
    """A future with the outcome of `arg`, which goes on when that future is cancelled; `asyncio.shield`.

    arg: a future, a coroutine or another awaitable. When it is done already it is given back itself. Should it fail
    after nobody waits any more, the loop's exception handler hears of it.
    """
    cdef ShieldedEnd shielded
    cdef ShieldEnd end
    inner = ensure_future(arg)
    if inner.done():
        return inner
    loop = loop_of(inner)
    shielded = ShieldedEnd.__new__(ShieldedEnd)
    shielded.outer = loop.create_future()
    shielded.awaiting = current_task_of(loop)
    shielded.follow(inner)
    end = ShieldEnd.__new__(ShieldEnd)
    end.shielded = shielded
    end.follow(shielded.outer)
    return shielded.outer


cdef class ShieldedEnd(Follower):
    """Passes the outcome on."""

    cdef int run(self) except -1:
        inner, outer = self.followed, self.outer
        if outer.done():
            return 0
        if inner.cancelled():
            outer.cancel()
            return 0
        error = inner.exception()
        if error is None:
            outer.set_result(inner.result())
        else:
            outer.set_exception(error)
        return 0


cdef class ShieldEnd(Follower):
    """Nobody waits for the shielded future any more, at least not here."""

    cdef int run(self) except -1:
        inner = self.shielded.followed
        if not inner.done():
            self.shielded.unfollow()
            # One report is enough, however many shields were given up.
            inner.remove_done_callback(report_failure)
            inner.add_done_callback(report_failure)
        return 0


def report_failure(inner):
    if inner.cancelled():
        return
    error = inner.exception()
    if error is None:
        return
    report = {
        "message": f"{type(error).__name__} exception in shielded future",
        "exception": error,
        "future": inner,
    }
    if inner._source_traceback:
        report["source_traceback"] = inner._source_traceback
    loop_of(inner).call_exception_handler(report)
