from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject

cdef enum:
    # What an operation does after an exception was thrown in.
    WAITS = 0
    OVER = 1
    PASSES_ON = 2    # raises that exception

cdef extern from *:
    """
    #ifndef OUROLOOP_SPARES
    #define OUROLOOP_SPARES
    typedef struct {
        PyObject *kept[8];
        int count;
        PyTypeObject *kind;
        destructor dealloc;
    } ouroloop_spares;

    static inline PyObject *ouroloop_take_spare(ouroloop_spares *spares) {
        return spares->kept[--spares->count];
    }
    #endif
    """
    # Operations of one kind that are over, kept for the next one: making an object costs more than most operations.
    ctypedef struct Spares "ouroloop_spares":
        int count
        PyTypeObject *kind
    # One of them, when there is one.
    object take_spare "ouroloop_take_spare"(Spares *spares)

# Keeps what is over of one kind in `spares`, which `spares()` of that kind gives.
cdef int keep_spares(PyTypeObject *kind, Spares *spares) noexcept

cdef class Operation:
    cdef object waits_on     # the future that the last step yielded; None before the first step, and for a bare yield
    cdef object value        # what the await gives, once go_on() or interrupt() said that it is over
    cdef bint is_started
    cdef bint is_running
    cdef bint is_over
    cdef bint is_used_up         # not to be kept for the next one: its finalizer has run, or a step of it has failed
    cdef bint has_handed_over    # its value was raised as the StopIteration that is used again
    cdef bint is_relay       # what it waits for was yielded by what it awaits itself, and goes on as it is
    cdef object __weakref__

    cdef bint is_suspended(self) noexcept
    # For the kinds of operation. True: over, with `value`. False: wait for `waits_on`.
    cdef bint go_on(self) except -1
    # Returns PASSES_ON when it has cleaned up; OVER and WAITS are as above, and swallow the exception.
    cdef int interrupt(self, object error) except -1
    # As in a coroutine's repr: "Lock.acquire". It reads no field: those of a subtype are gone when a warning asks.
    cdef str name(self)
    # Where those of this kind are kept, or NULL; and before one is, drops what else it refers to.
    cdef Spares *spares(self) noexcept
    cdef int let_go(self) except -1

    cdef int finalize(self) except -1
    cdef bint become_spare(self) noexcept
