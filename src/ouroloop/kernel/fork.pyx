"""Tells a forked child from its parent, so that what belongs to the parent can be refused in the child."""

import os

cdef int depth = 0


cdef int fork_depth() noexcept:
    return depth


def _count_fork():
    global depth
    depth += 1


os.register_at_fork(after_in_child=_count_fork)
