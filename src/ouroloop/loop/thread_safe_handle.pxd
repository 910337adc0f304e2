from ouroloop.loop.handle cimport Handle

cdef class ThreadSafeHandle(Handle):
    cdef unsigned long running_in      # the thread that runs the callback now, 0 while none does
    cdef object over                   # the event that other threads wait for meanwhile; None until one does

    cdef int wait_while_running(self) except -1

cdef ThreadSafeHandle new_thread_safe_handle(object callback, tuple args, object loop, object context)
