from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject
from libc.stdint cimport int64_t, uint64_t

from ouroloop.loop.handle cimport Handle, LoopState, Runnable
from ouroloop.loop.spare_memory cimport track
from ouroloop.loop.timers cimport TimerHandle, TimerHeap
from ouroloop.poller.poller cimport Poller

cdef extern from "Python.h":
    # Pointers, because an object's field that is passed on is held once more meanwhile.
    PyObject *ring_item "PyList_GET_ITEM"(PyObject *ring, Py_ssize_t place)
    void ring_put "PyList_SET_ITEM"(PyObject *ring, Py_ssize_t place, PyObject *entry)
    void Py_INCREF_pointer "Py_INCREF"(PyObject *entry)
    void Py_DECREF_pointer "Py_DECREF"(PyObject *entry)

cdef class LoopCore(LoopState):
    cdef list ring                    # the ready queue: a ring of Runnable, None in its free places
    cdef Py_ssize_t head              # place of the entry that runs next
    cdef Py_ssize_t count             # entries that wait
    cdef Py_ssize_t mask              # the ring's length - 1; the length is a power of two
    cdef Py_ssize_t batch_left        # entries of the current iteration that have yet to run
    cdef bint is_in_batch             # an entry runs, or has raised
    cdef Py_ssize_t run_since_poll    # entries run since the last look at the poller
    cdef uint64_t polled_at_ticks     # the last look at the poller
    cdef uint64_t ticks_between_polls  # at most, while something is ready
    cdef double measured_at           # seconds on the loop's clock, when the ticks were measured; 0: never
    cdef uint64_t measured_at_ticks
    cdef double resolution            # of the clock, seconds
    cdef readonly Poller poller
    cdef TimerHeap timers
    cdef PyObject **transports        # by descriptor: its transport (borrowed: it says when it goes), or NULL
    cdef Py_ssize_t transport_capacity
    cdef char *scratch                # where reads land before their size is known; NULL until the first
    cdef Py_ssize_t scratch_size      # bytes
    cdef object record_buffers        # where TLS connections work, one at a time; None until there is one
    cdef Watcher first_corked         # to settle within a few entries, in order; None: nobody
    cdef Watcher last_corked
    cdef uint64_t settled_at_ticks    # the last time, or the start of the current iteration
    cdef unsigned long thread_ident   # of the thread that runs the loop, 0 while none does
    cdef readonly bint _stopping
    cdef bint closed
    cdef int home                     # fork depth of the process that made it
    cdef object running_entry         # the entry that runs now, kept in debug mode only
    cdef PyObject *running_task       # whose step runs now, where `records_late`; NULL: nobody's. Who runs it holds it
    cdef PyObject *recorded_task      # whom the standard library's record has for us; NULL: nobody. The record holds it
    cdef bint records_late            # a task enters that record when somebody looks there
    cdef bint has_last_step           # the step that ran last is still on the record: only another step may find it so
    cdef PyTypeObject *step_type      # of the entries that are such steps; NULL where there are none
    cdef public object slow_callback_duration  # seconds an entry may run before debug mode reports it
    cdef bint has_own_clock           # a subclass or the instance overrides time()
    cdef bint has_own_call_at         # a subclass or the instance overrides call_at()
    cdef bint has_own_call_soon       # a subclass or the instance overrides call_soon(): nothing may go round it

    cdef inline int push(self, Runnable entry) except -1:
        # The place's None is overwritten without a decref, and put back without an incref when the entry leaves.
        if self.count > self.mask:
            self.grow_ring()
        Py_INCREF_pointer(<PyObject *>entry)
        ring_put(<PyObject *>self.ring, (self.head + self.count) & self.mask, <PyObject *>entry)
        self.count += 1
        return 0

    cdef inline int push_new(self, Handle handle) except -1:
        # What nobody else holds yet, and the garbage collector does not know.
        if self.thread_ident == 0:
            track(<PyObject *>handle)
        return self.push(handle)

    cdef inline int cork(self, Watcher watcher) except -1:
        if watcher.next_corked is not None or self.last_corked is watcher:
            return 0  # it stands in the line since an earlier write, which has gone out meanwhile
        if self.first_corked is None:
            self.first_corked = watcher
        else:
            self.last_corked.next_corked = watcher
        self.last_corked = watcher
        return 0

    cdef inline int poller_watches(self, int fd) noexcept:
        # READABLE | WRITABLE
        return self.poller.interest[fd] if fd < self.poller.capacity else 0

    cdef int own(self, int fd, Watcher transport) except -1
    cdef int disown(self, int fd) noexcept
    cdef char *scratch_buffer(self) except NULL
    cdef double now(self) except? -1.0
    cdef Handle soon(self, object callback, tuple args, object context)
    cdef int check_open(self) except -1
    cdef int check_thread(self) except -1
    cdef int check_callback(self, object callback, str method) except -1
    cdef TimerHandle at(self, double when, object when_given, object callback, tuple args, object context)
    cdef int grow_ring(self) except -1
    cdef int run_iterations(self, bint once) except -1
    cdef int run_once(self) except -1
    cdef int ask_poller_next(self) noexcept
    cdef int poll(self, int64_t timeout_ns) except -1
    cdef int measure_ticks(self, double now) except -1
    cdef int collect_due(self, double now) except -1
    cdef PyObject *take(self) noexcept
    cdef int run_batch(self) except -1
    cdef int run_rest_of_batch(self) except -1
    cdef int run_entries(self) except -1
    cdef int run_entries_timed(self) except -1
    cdef int forget_last_step(self) except -1
    cdef int track_all(self) except -1
    cdef int settle(self) except -1
    cdef int watch(self, int fd, int interest, Watcher owner, bint refresh=*) except -1

cdef class Watcher(Runnable):
    # Who is told that a descriptor is ready: it puts what must run into the core's ready queue.
    cdef Watcher next_corked          # in the core's line of those to settle

    cdef int notify(self, int events, LoopCore core) except -1
    cdef int settle(self) except -1
