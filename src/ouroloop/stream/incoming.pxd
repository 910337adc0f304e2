from ouroloop.loop.core cimport LoopCore
from ouroloop.stream.read_buffer cimport ReadBuffer
from ouroloop.task.future cimport Future

cdef class Incoming:
    cdef readonly ReadBuffer _buffer
    cdef public object _loop
    cdef LoopCore core                # `_loop`, where its futures are ours; else None
    cdef Future spare_waiter          # a waiter that is done and may be used again, once nobody else holds it
    cdef object limit_given           # as the user gave it
    cdef Py_ssize_t limit             # bytes of a line at most; twice as many unread ones stop the transport
    cdef public object _waiter        # the future of whoever waits for bytes, or None
    cdef Py_ssize_t wanted            # unread bytes from which on the waiter is woken
    cdef public object _exception     # why nothing more will come, or None
    cdef public object _transport     # paused and resumed; None where there is none, or it cannot be
    cdef public object _source_traceback
    cdef public bint _eof             # the last byte has come
    cdef public bint _paused          # the transport was told to stop
    cdef dict __dict__
    cdef object __weakref__

    cdef str limit_note(self)
    cdef int feed(self, const char *data, Py_ssize_t count) except -1
    cdef int fed(self) except -1
    cdef int end(self) except -1
    cdef int fail(self, object error) except -1
    cdef int wake(self) except -1
    cdef object next_waiter(self)
    cdef object wait(self, str function, Py_ssize_t wanted)
    cdef int stop_waiting(self, object waiter) except -1
    cdef int pause_if_full(self) except -1
    cdef int resume(self) except -1
    cdef int resume_if_low(self) except -1
