"""`async with`: acquires at the start of the block and releases at its end."""

from cpython.object cimport PyTypeObject

from ouroloop.sync.loop_bound cimport LoopBound
from ouroloop.task.operation cimport Operation, Spares, keep_spares, take_spare

from ouroloop.sync.coroutine_mark import coroutine_function
from ouroloop.sync.acquired import acquire_by_method

cdef Spares spare_leaves


cdef class Enterable(LoopBound):
    """What `async with` enters by acquiring and leaves by releasing."""

    def __aenter__(self):
        if self.overrides() & ACQUIRE:
            return acquire_by_method(self)
        return self.enter_operation()

    def __aexit__(self, exc_type, exc, tb):
        cdef Leave leave
        leave = take_spare(&spare_leaves) if spare_leaves.count else Leave.__new__(Leave)
        leave.left = self
        return leave

    cdef object enter_operation(self):
        raise NotImplementedError

    cdef int give_back(self) except -1:
        raise NotImplementedError


cdef class Leave(Operation):
    """The end of an `async with` block."""

    cdef bint go_on(self) except -1:
        if self.left.overrides() & RELEASE:
            self.left.release()
        else:
            self.left.give_back()
        return True

    cdef Spares *spares(self) noexcept:
        return &spare_leaves

    cdef int let_go(self) except -1:
        self.left = None
        return 0

    cdef str name(self):
        return f"{type(self.left).__name__}.__aexit__"


coroutine_function(Enterable.__aenter__)
coroutine_function(Enterable.__aexit__)
keep_spares(<PyTypeObject *>Leave, &spare_leaves)
