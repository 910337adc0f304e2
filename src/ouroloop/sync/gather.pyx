"""`gather`: one future for the results of many.

The gathering future follows each child and is done with the last of them, or with the first exception. Cancelling it
cancels the children; it is itself done only when they are, as a cancelled task is.
"""

import asyncio

from ouroloop.task.follower cimport Follower
from ouroloop.task.future cimport CANCELLED, FINISHED, PENDING, Future
from ouroloop.task.registry cimport current_task_of
from ouroloop.task.task cimport Task, TaskCore

from ouroloop.task.adopt import ensure_future, loop_of
from ouroloop.task.current import current_loop

cdef extern from "Python.h":
    bint PyCoro_CheckExact(object coro)

cdef object CancelledError = asyncio.CancelledError
cdef object get_running_loop_or_none = asyncio._get_running_loop


def gather(*coros_or_futures, return_exceptions=False):
    """A future for the results of all, in the order of the arguments; `asyncio.gather`.

    Coroutines and other awaitables run as tasks. return_exceptions: True puts exceptions among the results; else the
    first one is raised, and the others go on.
    """
    cdef _GatheringFuture outer
    cdef dict future_of = {}
    cdef list children = []
    cdef list done = []
    cdef GatheredChild follower
    cdef bint is_new
    if not coros_or_futures:
        future = current_loop().create_future()
        future.set_result([])
        return future
    loop = get_running_loop_or_none()
    waiter = None if loop is None else current_task_of(loop)
    cdef bint is_native = isinstance(loop, TaskCore) and (<TaskCore>loop).spawns_natively()
    outer = _GatheringFuture.__new__(_GatheringFuture)
    for argument in coros_or_futures:
        child = future_of.get(argument)
        if child is None:
            is_new = is_native and PyCoro_CheckExact(argument)
            child = new_task(<TaskCore>loop, argument) if is_new else child_future(argument, loop)
            if loop is None:
                loop = loop_of(child)
            future_of[argument] = child
            if not is_new and child.done():
                done.append(child)
            else:
                follower = GatheredChild.__new__(GatheredChild)
                follower.gathering = outer
                follower.awaiting = waiter
                follower.follow(child)
        children.append(child)
    outer.bind(loop)
    outer.children = children
    outer.pending = len(future_of)
    outer.returns_exceptions = return_exceptions
    for child in done:
        outer.child_done(child)
    return outer


cdef Task new_task(TaskCore core, object coroutine):
    cdef Task task = core.spawn(coroutine, None, None, False)
    task.log_destroy_pending = False
    return task


cdef object child_future(object argument, object loop):
    child = ensure_future(argument, loop=loop)
    if child is not argument:
        # The caller cannot reach it, so nobody could have waited for it.
        child._log_destroy_pending = False
    return child


cdef class GatheredChild(Follower):
    """Tells the gathering future that a child is done."""

    cdef int run(self) except -1:
        return self.gathering.child_done(self.followed)


cdef class _GatheringFuture(Future):
    """What `gather` gives."""

    def cancel(self, msg=None):
        """Cancels every child that is not done. False when it is done already, or when no child could be cancelled."""
        cdef bint any_cancelled = False
        if self.state != PENDING:
            return False
        for child in self.children:
            if child.cancel(msg=msg):
                any_cancelled = True
        if any_cancelled:
            self.cancel_requested = True
        return any_cancelled

    cdef bint needs(self, object future) except -1:
        if self.children is not None:
            for child in self.children:
                if child is future:
                    return True
        return False

    cdef int child_done(self, object child) except -1:
        cdef Future future
        self.pending -= 1
        if type(child) is Task and self.state == PENDING and self.children is not None:
            future = <Future>child
            if future.state == FINISHED and future.error is None:
                return self.finish_all() if self.pending == 0 else 0
        if self.state != PENDING or self.children is None:
            # It is over, or gather() itself has failed: nobody else will look at the child's exception.
            if not child.cancelled():
                child.exception()
            return 0
        if not self.returns_exceptions:
            if child.cancelled():
                return self.give_up(child._make_cancelled_error())
            error = child.exception()
            if error is not None:
                return self.give_up(error)
        if self.pending == 0:
            return self.finish_all()
        return 0

    cdef int finish_all(self) except -1:
        cdef list results
        if self.cancel_requested:
            # What the children made of the request does not matter: who asked must see that it was cancelled.
            for child in self.children:
                if not child.cancelled():
                    child.exception()
            return self.give_up(self.children[len(self.children) - 1]._make_cancelled_error())
        results = [outcome_of(child) for child in self.children]
        self.children = None
        return self.finish(results)

    cdef int give_up(self, object error) except -1:
        self.let_go_of_survivors()
        self.children = None
        self.set_exception(error)
        return 0

    cdef int let_go_of_survivors(self) except -1:
        """Nobody awaits any more what goes on: call graphs must not say so."""
        for child in self.children:
            if child.done():
                continue
            for callback, _ in getattr(child, "_callbacks", None) or ():
                if isinstance(callback, GatheredChild) and (<GatheredChild>callback).gathering is self:
                    (<GatheredChild>callback).awaiting = None
        return 0


cdef object outcome_of(object child):
    """The result or the exception of a future that is done; a CancelledError for a cancelled one."""
    cdef Future future
    if type(child) is Task or type(child) is Future:
        future = <Future>child
        if future.state != CANCELLED:
            future.log_traceback = False
            return future.value if future.error is None else future.error
    if child.cancelled():
        return CancelledError("" if child._cancel_message is None else child._cancel_message)
    error = child.exception()
    return child.result() if error is None else error
