"""Who awaits a future: the edges of the call graph.

Nothing is noted while tasks run. A task that awaits stands among the future's callbacks, and so does a follower, which
knows its task: the edges are found when somebody asks. Only what the user names is kept, in the future itself.
"""

import asyncio

from ouroloop.task.follower cimport Follower
from ouroloop.task.future cimport Future

cdef object add_to_others = getattr(asyncio, "future_add_to_awaited_by", None)           # from Python 3.14 on
cdef object discard_from_others = getattr(asyncio, "future_discard_from_awaited_by", None)


def awaited_by(future):
    """The tasks and futures that await `future`, a future of any make; each once."""
    cdef dict waiters = {}
    if isinstance(future, Future):
        if (<Future>future).named_waiters is not None:
            waiters.update((<Future>future).named_waiters)
    else:
        waiters.update(dict.fromkeys(getattr(future, "_asyncio_awaited_by", None) or ()))
    for callback, _ in getattr(future, "_callbacks", None) or ():
        if isinstance(callback, Follower):
            if (<Follower>callback).awaiting is not None:
                waiters[(<Follower>callback).awaiting] = None
            continue
        # A task, of any make, leaves a method of its own.
        owner = getattr(callback, "__self__", None)
        if owner is not None and getattr(owner, "_fut_waiter", None) is future:
            waiters[owner] = None
    return list(waiters)


def future_add_to_awaited_by(fut, waiter, /):
    """Notes that `waiter` awaits `fut`, for call graphs. As in asyncio, futures of another make are passed over."""
    cdef Future future
    if isinstance(fut, Future):
        if asyncio.isfuture(waiter):
            future = fut
            if future.named_waiters is None:
                future.named_waiters = {}
            future.named_waiters[waiter] = None
    elif add_to_others is not None:
        add_to_others(fut, waiter)


def future_discard_from_awaited_by(fut, waiter, /):
    """Takes `future_add_to_awaited_by` back."""
    cdef Future future
    if isinstance(fut, Future):
        future = fut
        if future.named_waiters is not None:
            future.named_waiters.pop(waiter, None)
    elif discard_from_others is not None:
        discard_from_others(fut, waiter)
