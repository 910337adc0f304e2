cdef class Runnable:
    # One entry of the ready queue. run() returns -1 only with KeyboardInterrupt or SystemExit set: everything else
    # has gone to the exception handler.
    cdef int run(self) except -1

cdef class LoopState:
    # What a handle asks of its loop, where the loop is one of ours.
    cdef readonly bint _debug

cdef class HandleNotes:
    # What few handles have: debug mode, and times that are no floats. Handles are many, so each of them is small.
    cdef object source_traceback
    cdef object cancelled_repr         # what the callback was, when it is gone
    cdef object when_given             # the time as the caller wrote it

cdef class Handle(Runnable):
    cdef readonly object _loop
    cdef readonly object _callback     # None once cancelled
    cdef readonly tuple _args          # None once cancelled
    cdef object context                # that the callback runs in, or its variables (late_context.pxd)
    cdef readonly bint _cancelled
    cdef HandleNotes notes             # None until there is one
    cdef object __weakref__

    # Called when its descriptor is ready. False: it has yet to run, and wants to be queued.
    cdef bint wake(self) except -1
    cdef int revoke(self) except -1      # what cancel() does, but for its overriders
    cdef int failed(self, object callback, tuple args) except -1
    cdef HandleNotes keep_notes(self)

cdef Handle new_handle(object callback, tuple args, object loop, object context)
