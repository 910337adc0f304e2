"""What native code leaves with a future to hear that it is done.

Where a Python callback costs a bound method, a context, a tuple and a handle, a follower is one object: the future
stores it as it stores an awaiting task, and queues it as itself. A kind of follower overrides `run`, and finds the
future in `followed`. With a future of another make it is an ordinary callback.
"""

from ouroloop.loop.handle cimport Runnable
from ouroloop.task.future cimport Future
from ouroloop.task.task cimport Task


cdef class Follower(Runnable):
    """Runs once the future that it follows is done."""

    def __call__(self, future, /):
        self.run()

    def __repr__(self):
        return type(self).__name__

    @property
    def awaiting_task(self):
        """The task on whose behalf it follows, or None."""
        return self.awaiting

    cdef int follow(self, object future) except -1:
        """Has `run()` called by the loop once `future` is done: in the next iteration when it is done already."""
        self.followed = future
        if (type(future) is Future or type(future) is Task) and (<Future>future).core is not None:
            return (<Future>future).add_waiter(self)
        future.add_done_callback(self)
        return 0

    cdef int unfollow(self) except -1:
        """Takes `follow` back, unless the loop has queued it already."""
        future = self.followed
        if (type(future) is Future or type(future) is Task) and (<Future>future).core is not None:
            return (<Future>future).remove_waiter(self)
        future.remove_done_callback(self)
        return 0
