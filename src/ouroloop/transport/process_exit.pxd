from ouroloop.loop.core cimport LoopCore, Watcher
from ouroloop.loop.handle cimport Handle

cdef class ProcessExit(Watcher):
    cdef LoopCore core
    cdef object process               # subprocess.Popen; its returncode is set once the child is reaped
    cdef Handle ended                 # queued once the child is reaped; None from then on
    cdef int pid
    cdef int descriptor               # pidfd, or -1
    cdef readonly bint needs_thread   # the poller cannot tell of the end: a thread must call `look`

    cdef int reap(self) except -1
    cdef int reap_locked(self) except -1
    cdef int finish(self) except -1
