"""The loop's core: one ready queue, one timer heap, one poller, and the iteration that joins them.

An iteration (`run_once`):

1. find out how long the poller may sleep: not at all when something is ready, else until the first timer;
2. ask the poller, and queue what the ready descriptors' watchers want to run;
3. queue the timers that are due;
4. run what stands in the queue now. What is queued meanwhile waits for the next iteration.

`run_batch` is the one place that runs entries, in the order they were queued. While entries are always ready, the
poller and the clock are asked once `POLL_AFTER_ENTRIES` of them ran or `POLL_AFTER_SECONDS` passed, whichever is first,
because the system call costs as much as several task switches, and reading the clock a tenth of one. How long ago it
was is told by the processor's counter, whose rate is measured as the loop runs. The first iteration of a run and the
last one always ask, so does the next one after `ask_poller_next`, and a timer that became the first to be due is looked
at in the next one.

An entry may cork work (small writes), so that one callback's writes cost one system call. `settle` does what was corked
after each eighth entry of an iteration and after the last, so that the processor runs the same code several times in a
row; and once `POLL_AFTER_SECONDS` have passed since the last time, so that nothing waits for callbacks that take long.

The core knows runnables, not tasks; descriptors' watchers, not transports. Everything but `call_soon_threadsafe` and
`push` under the GIL belongs to the thread that runs the loop.
"""

import asyncio.coroutines
import inspect
import logging
import sys

cimport cython
from cpython.exc cimport PyErr_CheckSignals
from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject
from libc.math cimport ceil, isnan
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memset

from ouroloop.kernel.clock cimport ticks
from ouroloop.kernel.fork cimport fork_depth
from ouroloop.loop.handle cimport Handle, LoopState, Runnable, new_handle
from ouroloop.loop.spare_memory cimport track, untrack
from ouroloop.loop.thread_safe_handle cimport ThreadSafeHandle, new_thread_safe_handle
from ouroloop.loop.timers cimport TimerHandle, TimerHeap, new_timer
from ouroloop.poller.poller cimport Poller

from ouroloop.loop.describe import capture_stack

cdef extern from "Python.h":
    unsigned long PyThread_get_thread_ident()
    int PyObject_GenericSetAttr(object of, object name, object value) except -1
    PyTypeObject *type_of "Py_TYPE"(PyObject *of)

cdef extern from *:
    """
    /* An object that was made long ago is in no cache: it is fetched while those before it run. */
    static inline void ouroloop_fetch(PyObject *entry) {
    #ifdef __GNUC__
        __builtin_prefetch(entry);
        __builtin_prefetch((char *)entry + 64);
    #endif
    }
    #define OUROLOOP_RUN(entry) (((struct __pyx_obj_8ouroloop_4loop_6handle_Runnable *)(entry))->__pyx_vtab->run( \\
        (struct __pyx_obj_8ouroloop_4loop_6handle_Runnable *)(entry)))
    """
    # Runs it with the caller's reference. Its exception is left to the caller.
    int run_quietly "OUROLOOP_RUN"(PyObject *entry) noexcept
    void fetch "ouroloop_fetch"(PyObject *entry) noexcept

cdef enum:
    POLL_AFTER_ENTRIES = 64
    SETTLE_AFTER_ENTRIES = 8
    RING_LENGTH = 256
    FETCH_AHEAD = 4
    SCRATCH_SIZE = 256 * 1024

cdef double POLL_AFTER_SECONDS = 50e-6
cdef double MEASURE_TICKS_AFTER_SECONDS = 1e-3
cdef object logger = logging.getLogger("asyncio")


cdef class Watcher(Runnable):
    """Who is told that a descriptor is ready."""

    cdef int notify(self, int events, LoopCore core) except -1:
        raise NotImplementedError("a kind of watcher queues what must run")

    cdef int settle(self) except -1:
        """Does what was corked."""
        return 0


@cython.no_gc_clear  # who finalizes after the collector has cleared it must still find a whole, closed core
cdef class LoopCore(LoopState):
    """The ready queue, the timers and the poller of one event loop."""

    def __cinit__(self, *args, **kwargs):
        self.ring = [None] * RING_LENGTH
        self.mask = RING_LENGTH - 1
        self.timers = TimerHeap()
        self.scratch_size = SCRATCH_SIZE
        self.home = fork_depth()
        self.closed = True  # until __init__ has given it a poller
        kind = type(self)
        self.has_own_clock = kind.time is not LoopCore.time
        self.has_own_call_at = kind.call_at is not LoopCore.call_at
        self.has_own_call_soon = kind.call_soon is not LoopCore.call_soon

    def __init__(self, Poller poller not None):
        self.poller = poller
        self.resolution = poller.resolution_ns() * 1e-9
        self.closed = False
        self.slow_callback_duration = 0.1

    def __dealloc__(self):
        free(self.scratch)
        free(self.transports)

    def __setattr__(self, name, value):
        if name == "_stopping":  # Sanic takes a stop back before it runs the loop again
            self._stopping = bool(value)
            return
        PyObject_GenericSetAttr(self, name, value)
        # Tests replace these on one loop, and expect that it calls them.
        if name == "call_soon":
            self.has_own_call_soon = True
        elif name == "call_at":
            self.has_own_call_at = True
        elif name == "time":
            self.has_own_clock = True
            self.ticks_between_polls = 0

    # Scheduling

    def call_soon(self, callback, *args, context=None):
        """Queues `callback(*args)` for the next iteration, and returns its `Handle`.

        context: the `contextvars.Context` to run in; None takes a copy of the current one.
        Raises RuntimeError once the loop is closed. As `asyncio.loop.call_soon`.
        """
        self.check_open()
        if self._debug:
            self.check_thread()
            self.check_callback(callback, "call_soon")
        return self.soon(callback, args, context)

    def call_soon_threadsafe(self, callback, *args, context=None):
        """As `call_soon`, from any thread: the loop wakes if it sleeps.

        Cancelling the handle in another thread waits for a callback that runs.
        """
        self.check_open()
        if self._debug:
            self.check_callback(callback, "call_soon_threadsafe")
        cdef ThreadSafeHandle handle = new_thread_safe_handle(callback, args, self, context)
        if self._debug:
            handle._source_traceback = capture_stack(sys._getframe())
        self.push(handle)
        self.poller.wake()
        return handle

    def call_later(self, delay, callback, *args, context=None):
        """Queues `callback(*args)` once `delay` seconds have passed, and returns its `TimerHandle`.

        As `asyncio.loop.call_later`.
        """
        if delay is None:
            raise TypeError("delay must not be None")
        if self.has_own_clock or self.has_own_call_at:
            return self.call_at(self.time() + delay, callback, *args, context=context)
        self.check_open()
        if self._debug:
            self.check_thread()
            self.check_callback(callback, "call_at")
        if type(delay) is not float and type(delay) is not int:
            # What cannot be added to a time says so in Python's words.
            return self.at(self.now() + delay, None, callback, args, context)
        return self.at(self.now() + <double>delay, None, callback, args, context)

    def call_at(self, when, callback, *args, context=None):
        """Queues `callback(*args)` once `loop.time()` has reached `when` seconds, and returns its `TimerHandle`.

        As `asyncio.loop.call_at`.
        """
        if when is None:
            raise TypeError("when cannot be None")
        self.check_open()
        if self._debug:
            self.check_thread()
            self.check_callback(callback, "call_at")
        return self.at(when, None if type(when) is float else when, callback, args, context)

    def time(self):
        """The loop's clock: monotonic, in seconds."""
        if self.poller is None:
            raise RuntimeError("Event loop is not initialised")
        return self.poller.now_ns() * 1e-9

    def _timer_handle_cancelled(self, handle):
        """The standard library's own timer handles say so when they are cancelled; ours know their heap."""

    cdef Handle soon(self, object callback, tuple args, object context):
        cdef Handle handle = new_handle(callback, args, self, context)
        if self._debug:
            handle._source_traceback = capture_stack(sys._getframe())
        self.push_new(handle)
        return handle

    cdef TimerHandle at(self, double when, object when_given, object callback, tuple args, object context):
        if isnan(when):
            raise ValueError("a time cannot be NaN")
        cdef TimerHandle timer = new_timer(when, when_given, callback, args, self, context)
        if self._debug:
            timer._source_traceback = capture_stack(sys._getframe())
        if self.thread_ident == 0:
            track(<PyObject *>timer)
        self.timers.push(timer)
        return timer

    cdef double now(self) except? -1.0:
        return self.time() if self.has_own_clock else self.poller.now_ns() * 1e-9

    # State

    def is_running(self):
        """True while `run_forever()` or `run_until_complete()` runs."""
        return self.thread_ident != 0

    def is_closed(self):
        """True once the loop was closed."""
        return self.closed

    def stop(self):
        """Ends `run_forever()` after the current iteration, or after the first one when it has yet to start."""
        self._stopping = True

    def get_debug(self):
        """True in debug mode."""
        return self._debug

    @property
    def _closed(self):
        return self.closed

    @property
    def _thread_id(self):
        return self.thread_ident or None

    def _queue(self, Handle handle not None):
        """Queues a handle that exists already."""
        self.push(handle)

    def _close_core(self):
        """Drops every handle and gives back the poller's descriptors."""
        self.batch_left = 0
        self.closed = True
        cdef list ring = self.ring
        self.ring = [None] * RING_LENGTH
        self.mask = RING_LENGTH - 1
        self.head = self.count = 0
        self.timers.clear()
        if self.poller is not None:
            self.poller.close()
        del ring

    def _set_debug_flag(self, enabled):
        self._debug = bool(enabled)

    @property
    def _current_handle(self):
        """In debug mode the handle that runs now, or None."""
        return self.running_entry if isinstance(self.running_entry, Handle) else None

    def _check_closed(self):
        self.check_open()

    def _check_callback(self, callback, method):
        self.check_callback(callback, method)

    cdef int check_open(self) except -1:
        if self.closed:
            raise RuntimeError("Event loop is closed")
        if self.home != fork_depth():
            raise RuntimeError("This event loop belongs to the parent of a fork: the child must make one of its own")
        return 0

    cdef int check_thread(self) except -1:
        if self.thread_ident != 0 and self.thread_ident != PyThread_get_thread_ident():
            raise RuntimeError(
                "Non-thread-safe operation invoked on an event loop other than the current one"
            )
        return 0

    cdef int check_callback(self, object callback, str method) except -1:
        if asyncio.coroutines.iscoroutine(callback) or inspect.iscoroutinefunction(callback):
            raise TypeError(f"coroutines cannot be used with {method}()")
        if not callable(callback):
            raise TypeError(f"a callable object was expected by {method}(), got {callback!r}")
        return 0

    def _transport_of(self, fd):
        """The transport that owns a descriptor (any int), or None."""
        if fd < 0 or fd >= self.transport_capacity or self.transports[<Py_ssize_t>fd] == NULL:
            return None
        return <object>self.transports[<Py_ssize_t>fd]

    cdef int own(self, int fd, Watcher transport) except -1:
        """Notes that `transport` owns `fd`, until it calls `disown`: it does so before it is gone."""
        cdef PyObject **transports
        cdef Py_ssize_t capacity = max(64, self.transport_capacity)
        if fd >= self.transport_capacity:
            while capacity <= fd:
                capacity *= 2
            transports = <PyObject **>realloc(self.transports, capacity * sizeof(PyObject *))
            if transports == NULL:
                raise MemoryError()
            memset(transports + self.transport_capacity, 0, (capacity - self.transport_capacity) * sizeof(PyObject *))
            self.transports = transports
            self.transport_capacity = capacity
        self.transports[fd] = <PyObject *>transport
        return 0

    cdef int disown(self, int fd) noexcept:
        if fd < self.transport_capacity:
            self.transports[fd] = NULL
        return 0

    cdef char *scratch_buffer(self) except NULL:
        if self.scratch == NULL:
            self.scratch = <char *>malloc(self.scratch_size)
            if self.scratch == NULL:
                raise MemoryError()
        return self.scratch

    # Running

    def _run_until_stopped(self):
        """Runs iterations until `stop()`. The caller has made the thread ready (running loop, hooks, signals)."""
        self.check_open()
        self.thread_ident = PyThread_get_thread_ident()
        self.ask_poller_next()
        untrack(self.ring)
        self.timers.hide()
        try:
            self.run_iterations(once=False)
        finally:
            self._stopping = False
            self.thread_ident = 0
            try:
                self.forget_last_step()
                self.settle()
            finally:
                self.track_all()

    def _run_once(self):
        """One iteration, for tools that drive a loop by hand."""
        self.check_open()
        self.ask_poller_next()
        try:
            self.run_iterations(once=True)
        finally:
            self.forget_last_step()
            self.settle()

    cdef int run_iterations(self, bint once) except -1:
        """Runs iterations until `stop()`, or one. What an entry raises is reported, and its batch goes on."""
        self.is_in_batch = False
        while True:
            try:
                if self.is_in_batch:
                    self.run_rest_of_batch()
                else:
                    self.run_once()
                while not (once or self._stopping):
                    self.run_once()
                return 0
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:
                # An entry gives its failures to the exception handler itself; this is what it could not.
                if not self.is_in_batch:
                    raise
                self.forget_last_step()
                self.call_exception_handler({"message": "Exception in the event loop", "exception": error})

    cdef int run_once(self) except -1:
        cdef double wait
        if self.count == 0 and not self._stopping:
            if self.timers.cancelled_count != 0:
                self.timers.drop_cancelled()
            if self.timers.count == 0:
                self.poll(-1)
            else:
                wait = self.timers.deadlines[0].due - self.now()
                if wait <= 0.0:
                    self.poll(0)
                elif wait != wait:
                    raise ValueError("cannot convert float NaN to integer")
                else:
                    # A day at most, so that no deadline overflows; rounded up, so that no timer finds itself early.
                    self.poll(<int64_t>ceil(min(wait, 86400.0) * 1e9))
        elif (
            self._stopping
            or self.run_since_poll >= POLL_AFTER_ENTRIES
            or ticks() - self.polled_at_ticks > self.ticks_between_polls
        ):
            self.poll(0)
        elif self.timers.has_new_first:
            self.collect_due(self.now())
        return self.run_batch()

    cdef int ask_poller_next(self) noexcept:
        """Has the next iteration ask the poller, however much is ready."""
        self.run_since_poll = POLL_AFTER_ENTRIES
        return 0

    cdef int poll(self, int64_t timeout_ns) except -1:
        """Queues what the ready descriptors' watchers want to run."""
        cdef Poller poller = self.poller
        self.check_open()
        if self.has_last_step:
            self.forget_last_step()
        cdef Py_ssize_t found = poller.wait(timeout_ns)
        cdef Py_ssize_t index
        PyErr_CheckSignals()
        if poller.signals is not None:
            self._signals_arrived(poller.take_signals())
        for index in range(found):
            if poller.is_current(&poller.ready[index]):
                (<Watcher>poller.owners[poller.ready[index].fd]).notify(
                    poller.ready[index].events & poller.interest[poller.ready[index].fd], self
                )
            else:
                poller.found_orphan()
        self.run_since_poll = 0
        cdef double now = self.now()
        self.polled_at_ticks = ticks()
        if now - self.measured_at > MEASURE_TICKS_AFTER_SECONDS:
            self.measure_ticks(now)
        if self.timers.count != 0:
            self.collect_due(now)
        return 0

    cdef int measure_ticks(self, double now) except -1:
        """Says how many ticks may pass until the poller is asked again: none while that is not known."""
        cdef double ticked = <double>(self.polled_at_ticks - self.measured_at_ticks)
        if self.measured_at != 0.0 and not self.has_own_clock:
            self.ticks_between_polls = <uint64_t>(ticked / (now - self.measured_at) * POLL_AFTER_SECONDS)
        self.measured_at = now
        self.measured_at_ticks = self.polled_at_ticks
        return 0

    cdef int collect_due(self, double now) except -1:
        """Queues the timers whose time has come, the clock's resolution allowed for."""
        cdef double limit = now + self.resolution
        cdef TimerHandle timer
        self.timers.has_new_first = False
        while self.timers.count != 0 and self.timers.deadlines[0].due < limit:
            timer = self.timers.pop()
            if not timer._cancelled:
                self.push(timer)
        return 0

    cdef PyObject *take(self) noexcept:
        """Takes out the entry that runs next, with the ring's reference to it. The queue must not be empty."""
        cdef PyObject *ring = <PyObject *>self.ring
        cdef PyObject *entry = ring_item(ring, self.head)
        fetch(ring_item(ring, (self.head + FETCH_AHEAD) & self.mask))
        ring_put(ring, self.head, <PyObject *>None)
        self.head = (self.head + 1) & self.mask
        self.count -= 1
        return entry

    cdef int run_batch(self) except -1:
        """Runs what stands in the queue now."""
        self.batch_left = self.count
        self.run_since_poll += self.count
        if self.count > 1:
            self.settled_at_ticks = ticks()
        return self.run_rest_of_batch()

    cdef int run_rest_of_batch(self) except -1:
        self.is_in_batch = True
        if self._debug:
            self.run_entries_timed()
        else:
            self.run_entries()
        if self.first_corked is not None:
            self.settle()  # the last entry has failed
        self.is_in_batch = False
        return 0

    cdef int run_entries(self) except -1:
        cdef PyObject *entry
        cdef int failed
        while self.batch_left > 0:
            self.batch_left -= 1
            entry = self.take()
            if self.has_last_step and type_of(entry) != self.step_type:
                self.forget_last_step()
            failed = run_quietly(entry)
            Py_DECREF_pointer(entry)
            if failed != 0:
                return -1
            if <PyObject *>self.first_corked != <PyObject *>None and (
                self.batch_left % SETTLE_AFTER_ENTRIES == 0
                or ticks() - self.settled_at_ticks > self.ticks_between_polls
            ):
                self.settle()
        return 0

    cdef int run_entries_timed(self) except -1:
        """As `run_entries`, with a report of each entry that ran for too long (debug mode)."""
        cdef Runnable entry
        cdef PyObject *taken
        cdef double started, seconds
        while self.batch_left > 0:
            self.batch_left -= 1
            taken = self.take()
            entry = <Runnable>taken
            Py_DECREF_pointer(taken)  # the ring's reference; `entry` holds its own
            if self.has_last_step:
                self.forget_last_step()
            started = self.now()
            self.running_entry = entry
            try:
                entry.run()
            finally:
                self.running_entry = None
            if self.first_corked is not None:
                self.settle()
            seconds = self.now() - started
            if seconds >= <double>self.slow_callback_duration:
                logger.warning("Executing %s took %.3f seconds", repr(entry), seconds)
        return 0

    cdef int forget_last_step(self) except -1:
        """Takes the step that ran last off the record, before anything else looks there."""
        self.has_last_step = False
        return 0

    cdef int track_all(self) except -1:
        """Tells the garbage collector of what stands in the loop's lines, because the loop stops."""
        cdef Py_ssize_t place
        track(<PyObject *>self.ring)
        for place in range(self.count):
            track(ring_item(<PyObject *>self.ring, (self.head + place) & self.mask))
        return self.timers.track_all()

    cdef int settle(self) except -1:
        """Does what was corked, and what that corks: TLS corks the socket below it."""
        cdef Watcher watcher
        while self.first_corked is not None:
            watcher = self.first_corked
            self.first_corked = watcher.next_corked
            watcher.next_corked = None
            if self.first_corked is None:
                self.last_corked = None
            watcher.settle()
        self.settled_at_ticks = ticks()
        return 0

    cdef int watch(self, int fd, int interest, Watcher owner, bint refresh=False) except -1:
        """Says what `owner` waits for on `fd`; see `Poller.watch`."""
        if self.closed:
            raise RuntimeError("Event loop is closed")
        return self.poller.watch(fd, interest, owner, refresh)

    cdef int grow_ring(self) except -1:
        """Doubles the ready queue's room. Entries keep their order."""
        cdef list grown
        cdef Py_ssize_t head, place
        while self.count > self.mask:
            head = self.head
            grown = [None] * (2 * (self.mask + 1))
            if head != self.head or len(grown) != 2 * (self.mask + 1) or self.count <= self.mask:
                # Making room ran the collector, and with it another thread: look again.
                continue
            # From here on nothing allocates, so nothing else runs. The new list takes the entries' references.
            for place in range(self.count):
                ring_put(<PyObject *>grown, place, ring_item(<PyObject *>self.ring, (head + place) & self.mask))
                ring_put(<PyObject *>self.ring, (head + place) & self.mask, <PyObject *>None)
            if self.thread_ident != 0:
                untrack(grown)
            self.ring = grown
            self.head = 0
            self.mask = len(grown) - 1
        return 0
