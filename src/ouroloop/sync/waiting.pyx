"""Waiting in line: a future stands for who waits, whoever comes next completes it.

The lines are `collections.deque`s of futures, as in the standard library, because its users look into them. A waiter
that is ended in line, by whatever exception, leaves it by `give_up`, which passes on a wake-up that it cannot take.
"""

from collections import deque

from ouroloop.kernel.errors cimport raise_again
from ouroloop.sync.deques cimport append_to, find_deque_methods, remove_from
from ouroloop.sync.loop_bound cimport LoopBound
from ouroloop.task.future cimport CANCELLED, FINISHED, PENDING, Future
from ouroloop.task.operation cimport PASSES_ON, Operation


cdef class Waiting(Operation):
    """An operation that may have to wait in line."""

    cdef bint go_on(self) except -1:
        if self.waiter is None:
            return self.begin()
        error = wait_error(self.waiter)
        if error is not None:
            self.give_up()
            raise_again(error)
        return self.woken()

    cdef int interrupt(self, object error) except -1:
        if self.waiter is not None:
            self.give_up()
        return PASSES_ON

    cdef bint wait_in(self, LoopBound bound, object line) except -1:
        self.waiter = self.waits_on = bound.new_waiter()
        append_to(line, self.waiter)
        return False

    cdef int done_waiting(self, LoopBound bound) except -1:
        """Lets the waiter go. It is made pending again for the next who waits, if nobody else holds it then."""
        waiter = self.waiter
        self.waiter = None
        if type(waiter) is Future and (<Future>waiter).state == FINISHED and (<Future>waiter).error is None:
            bound.spare_waiter = waiter
        return 0

    cdef bint leave(self, object line) except -1:
        """Takes the waiter out of its line. False when it is not there any more."""
        try:
            remove_from(line, self.waiter)
        except ValueError:
            return False
        return True

    cdef bint begin(self) except -1:
        raise NotImplementedError

    cdef bint woken(self) except -1:
        raise NotImplementedError

    cdef int give_up(self) except -1:
        raise NotImplementedError


cdef object new_line():
    return deque()


cdef int wake_all(object line) except -1:
    """Completes all who wait in line with True."""
    if len(line) == 1:
        wake(line[0], True)
    else:
        for waiter in line:
            wake(waiter, True)
    return 0


cdef bint wake(object waiter, object value) except -1:
    """Completes a waiter. False when it is done already."""
    if type(waiter) is Future:
        if (<Future>waiter).state != PENDING:
            return False
        (<Future>waiter).finish(value)
        return True
    if waiter.done():
        return False
    waiter.set_result(value)
    return True


cdef object wait_error(object waiter):
    """None when the waiter was woken; else its exception, or what is wrong with a step that came too early."""
    if type(waiter) is Future and (<Future>waiter).state == FINISHED and (<Future>waiter).error is None:
        return None
    if not waiter.done():
        return RuntimeError("await wasn't used with future")
    try:
        waiter.result()
    except BaseException as error:
        return error
    return None


cdef bint was_woken(object waiter) except -1:
    """True when it was completed, and not cancelled."""
    if type(waiter) is Future:
        return (<Future>waiter).state == FINISHED
    return waiter.done() and not waiter.cancelled()


cdef bint has_live(object line) except -1:
    """True when somebody in the line was not cancelled."""
    for waiter in line:
        if type(waiter) is Future:
            if (<Future>waiter).state != CANCELLED:
                return True
        elif not waiter.cancelled():
            return True
    return False


find_deque_methods(deque)
