"""Counts the futures of a `wait` that are done, and completes its waiter when they are enough."""

import asyncio

from ouroloop.task.follower cimport Follower


cdef class Arrivals:
    """Arrivals(futures, waiter, task, return_when)
--

    Follows `futures` on behalf of `task`, and completes `waiter` as `return_when` says.
    """

    def __init__(self, futures, waiter, task, return_when):
        cdef Arrival follower
        self.followers = []
        self.waiter = waiter
        self.pending = len(futures)
        self.first = return_when == asyncio.FIRST_COMPLETED
        self.first_error = return_when == asyncio.FIRST_EXCEPTION
        for future in futures:
            follower = Arrival.__new__(Arrival)
            follower.arrivals = self
            follower.awaiting = task
            follower.follow(future)
            self.followers.append(follower)

    def unfollow(self):
        """Follows none of them any more."""
        cdef Arrival follower
        for follower in self.followers:
            follower.arrivals = None
            follower.unfollow()
        self.followers = []

    cdef int arrived(self, object future) except -1:
        self.pending -= 1
        if (
            self.pending <= 0
            or self.first
            or (self.first_error and not future.cancelled() and future.exception() is not None)
        ):
            if not self.waiter.done():
                self.waiter.set_result(None)
        return 0


cdef class Arrival(Follower):
    """Says that one of the futures is done."""

    cdef int run(self) except -1:
        return 0 if self.arrivals is None else self.arrivals.arrived(self.followed)
