"""The queue: items in, items out, and the lines of those who wait for an item or for room.

`put` and `get` complete the first waiter of the other side, and the waiter looks again when it runs: the item or the
room may be gone to somebody who came meanwhile. A waiter that is ended after it was completed wakes the next, so
nobody sleeps beside an item or a free place.

The methods that a user's queue may override (`_init`, `_put`, `_get`, and any public one) are asked wherever they are
overridden; else native code does what they would do.
"""

import asyncio
from collections import deque
from types import GenericAlias

from cpython.object cimport PyTypeObject

from ouroloop.sync.deques cimport append_to, find_deque_methods, has_any, popleft_from
from ouroloop.sync.event_core cimport EventCore
from ouroloop.sync.loop_bound cimport LoopBound
from ouroloop.sync.waiting cimport Waiting, new_line, wake, was_woken
from ouroloop.task.operation cimport Spares, keep_spares, take_spare

from ouroloop.sync.coroutine_mark import coroutine_function
from ouroloop.sync.event import Event
from ouroloop.sync.queue_shut_down import QueueShutDown

cdef extern from "Python.h":
    Py_ssize_t PY_SSIZE_T_MAX

cdef enum:
    # Bits of overrides(), in the order of `dispatched()`.
    GET_LOOP = 1
    PUT_ITEM = 2
    GET_ITEM = 4
    EMPTY = 8
    FULL = 16
    QSIZE = 32
    PUT_NOWAIT = 64
    GET_NOWAIT = 128
    WAKEUP_NEXT = 256
    INIT = 512

cdef object UNSET = object()
cdef object QueueEmpty = asyncio.QueueEmpty
cdef object QueueFull = asyncio.QueueFull
cdef object pop_last = list.pop

cdef Spares spare_put_items

cdef Spares spare_get_items


cdef class QueueCore(LoopBound):
    """QueueCore(maxsize=0)
--

    What a queue does; first in, first out.
    """

    def __cinit__(self, *args, **kwargs):
        self.items = UNSET
        self.maximum = 0
        self.is_finished = True

    def __init__(self, maxsize=0, *args, **keywords):
        if args or keywords:
            # Refuses them, in its own words.
            asyncio.Queue.__init__(self, maxsize, *args, **keywords)
        self.set_maximum(maxsize)
        self.getters = self.putters = self.finished = None
        self._unfinished_tasks = 0
        self.is_finished = True
        if self.overrides() & INIT:
            self._init(maxsize)
        else:
            self.start_items()
        self._is_shutdown = False

    @classmethod
    def __class_getitem__(cls, item):
        return GenericAlias(cls, item)

    # What a subclass overrides to keep its items otherwise

    def _init(self, maxsize):
        self.start_items()

    def _get(self):
        return self.get_item()

    def _put(self, item):
        self.put_item(item)

    # What its users look into

    @property
    def _queue(self):
        self.ask_items()
        return self.items

    @_queue.setter
    def _queue(self, value):
        self.items = value

    @property
    def _maxsize(self):
        return self.maximum

    @_maxsize.setter
    def _maxsize(self, value):
        self.set_maximum(value)

    @property
    def _finished(self):
        """An event that is set while there is no unfinished task."""
        if self.finished is None:
            self.finished = Event()
            self.finished._value = self.is_finished
        return self.finished

    @_finished.setter
    def _finished(self, value):
        self.finished = value

    @property
    def _getters(self):
        """The futures of those who wait for an item."""
        if self.getters is None:
            self.getters = new_line()
        return self.getters

    @_getters.setter
    def _getters(self, value):
        self.getters = value

    @property
    def _putters(self):
        """The futures of those who wait for room."""
        if self.putters is None:
            self.putters = new_line()
        return self.putters

    @_putters.setter
    def _putters(self, value):
        self.putters = value

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} {self._format()}>"

    def __str__(self):
        return f"<{type(self).__name__} {self._format()}>"

    def _format(self):
        parts = [f"maxsize={self._maxsize!r}"]
        items = getattr(self, "_queue", None)
        if items:
            parts.append(f"_queue={list(items)!r}")
        if self.getters:
            parts.append(f"_getters[{len(self.getters)}]")
        if self.putters:
            parts.append(f"_putters[{len(self.putters)}]")
        if self._unfinished_tasks:
            parts.append(f"tasks={self._unfinished_tasks}")
        if self._is_shutdown:
            parts.append("shutdown")
        return " ".join(parts)

    # What a user asks

    @property
    def maxsize(self):
        """How many items it takes; 0 or less: any number."""
        return self._maxsize

    def qsize(self):
        """How many items are in it."""
        self.ask_items()
        return len(self.items)

    def empty(self):
        """True while no item is in it."""
        self.ask_items()
        return not has_any(self.items)

    def full(self):
        """True while it holds `maxsize` items; never for a queue without limit."""
        if self._maxsize <= 0:
            return False
        return self.qsize() >= self._maxsize

    def put(self, item):
        """Waits for room and puts `item` in. Raises QueueShutDown once the queue is shut down."""
        cdef PutItem put
        put = take_spare(&spare_put_items) if spare_put_items.count else PutItem.__new__(PutItem)
        put.queue = self
        put.item = item
        return put

    def put_nowait(self, item):
        """Puts `item` in. Raises QueueFull where there is no room, QueueShutDown once the queue is shut down."""
        self.put_now(item)

    def get(self):
        """Waits for an item, takes it out, and gives it.

        Raises QueueShutDown once the queue is shut down and empty.
        """
        cdef GetItem get
        get = take_spare(&spare_get_items) if spare_get_items.count else GetItem.__new__(GetItem)
        get.queue = self
        return get

    def get_nowait(self):
        """Takes an item out. Raises QueueEmpty where there is none, or QueueShutDown once the queue is shut down."""
        return self.get_now()

    def task_done(self):
        """Says that the work on one item that was taken out is done.

        Raises ValueError when there were not so many items.
        """
        if self._unfinished_tasks <= 0:
            raise ValueError("task_done() called too many times")
        self._unfinished_tasks -= 1
        if self._unfinished_tasks == 0:
            self.finish()

    def join(self):
        """Waits until every item was taken out and reported done."""
        cdef JoinQueue join = JoinQueue.__new__(JoinQueue)
        join.queue = self
        return join

    def shutdown(self, immediate=False):
        """Takes no more items. `get` raises QueueShutDown once the queue is empty.

        immediate: drops the items that are in it, and counts them as done. Everybody who waits is woken.
        """
        self._is_shutdown = True
        if immediate:
            while not self.empty():
                self._get()
                if self._unfinished_tasks > 0:
                    self._unfinished_tasks -= 1
            if self._unfinished_tasks == 0:
                self.finish()
        for line in (self.getters, self.putters):
            while line:
                wake(popleft_from(line), None)

    def _wakeup_next(self, waiters):
        while waiters:
            if wake(waiters.popleft(), None):
                break

    # Inside

    cdef int set_maximum(self, object value) except -1:
        self.maximum = value
        self.limit = -1
        if type(value) is int:
            self.limit = max(0, min(value, PY_SSIZE_T_MAX))
        return 0

    cdef int start_items(self) except -1:
        self.items = deque()
        return 0

    cdef int finish(self) except -1:
        """The last unfinished task is done."""
        self.is_finished = True
        if self.finished is not None:
            self.finished.raise_flag()
        return 0

    cdef int ask_items(self) except -1:
        if self.items is UNSET:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '_queue'")
        return 0

    cdef bint is_empty(self) except -1:
        if self.overrides() & EMPTY:
            return self.empty()
        self.ask_items()
        return not has_any(self.items)

    cdef bint is_full(self) except -1:
        if self.limit == 0 and not self.overrides() & FULL:
            return False
        if self.limit < 0 or self.overrides() & (FULL | QSIZE):
            return self.full()
        self.ask_items()
        return len(self.items) >= self.limit

    cdef int put_item(self, object item) except -1:
        self.ask_items()
        append_to(self.items, item)
        return 0

    cdef object get_item(self):
        self.ask_items()
        return popleft_from(self.items)

    cdef int put_now(self, object item) except -1:
        if self._is_shutdown:
            raise QueueShutDown
        if self.is_full():
            raise QueueFull
        if self.overrides() & PUT_ITEM:
            self._put(item)
        else:
            self.put_item(item)
        self._unfinished_tasks += 1
        self.is_finished = False
        if self.finished is not None:
            self.finished._value = False
        if has_any(self.getters) or self.overrides() & WAKEUP_NEXT:
            self.wake_next(self._getters)
        return 0

    cdef object get_now(self):
        if self.is_empty():
            if self._is_shutdown:
                raise QueueShutDown
            raise QueueEmpty
        item = self._get() if self.overrides() & GET_ITEM else self.get_item()
        if has_any(self.putters) or self.overrides() & WAKEUP_NEXT:
            self.wake_next(self._putters)
        return item

    cdef int wake_next(self, object line) except -1:
        if self.overrides() & WAKEUP_NEXT:
            self._wakeup_next(line)
            return 0
        while has_any(line):
            if wake(popleft_from(line), None):
                break
        return 0

    cdef tuple dispatched(self):
        return (
            "_get_loop", "_put", "_get", "empty", "full", "qsize", "put_nowait", "get_nowait", "_wakeup_next",
            "_init",
        )

    cdef object native_class(self):
        return QueueCore

    cdef tuple state_names(self):
        return ("_maxsize", "_queue", "_getters", "_putters", "_finished", "_unfinished_tasks", "_is_shutdown")


cdef class LifoQueueCore(QueueCore):
    """Last in, first out."""

    def _get(self):
        return self.get_item()

    def _put(self, item):
        self.put_item(item)

    cdef int start_items(self) except -1:
        self.items = []
        return 0

    cdef int put_item(self, object item) except -1:
        self.ask_items()
        if type(self.items) is list:
            (<list>self.items).append(item)
        else:
            self.items.append(item)
        return 0

    cdef object get_item(self):
        self.ask_items()
        return pop_last(self.items) if type(self.items) is list else self.items.pop()

    cdef object native_class(self):
        return LifoQueueCore


cdef class PutItem(Waiting):
    """`Queue.put()`."""

    cdef bint begin(self) except -1:
        cdef QueueCore queue = self.queue
        if queue.is_full():
            if queue._is_shutdown:
                raise QueueShutDown
            return self.wait_in(queue, queue._putters)
        if queue.overrides() & PUT_NOWAIT:
            self.value = queue.put_nowait(self.item)
        else:
            queue.put_now(self.item)
        self.item = None
        return True

    cdef bint woken(self) except -1:
        self.done_waiting(self.queue)
        return self.begin()

    cdef int give_up(self) except -1:
        cdef QueueCore queue = self.queue
        waiter = self.waiter
        self.leave(queue._putters)
        self.waiter = None
        waiter.cancel()
        if was_woken(waiter) and not queue.is_full():
            queue.wake_next(queue._putters)
        return 0

    cdef Spares *spares(self) noexcept:
        return &spare_put_items

    cdef int let_go(self) except -1:
        self.queue = None
        self.item = None
        return 0

    cdef str name(self):
        return "Queue.put"


cdef class GetItem(Waiting):
    """`Queue.get()`."""

    cdef bint begin(self) except -1:
        cdef QueueCore queue = self.queue
        if queue.is_empty():
            if queue._is_shutdown and queue.is_empty():
                raise QueueShutDown
            return self.wait_in(queue, queue._getters)
        self.value = queue.get_nowait() if queue.overrides() & GET_NOWAIT else queue.get_now()
        return True

    cdef bint woken(self) except -1:
        self.done_waiting(self.queue)
        return self.begin()

    cdef int give_up(self) except -1:
        cdef QueueCore queue = self.queue
        waiter = self.waiter
        self.leave(queue._getters)
        self.waiter = None
        waiter.cancel()
        if was_woken(waiter) and not queue.is_empty():
            queue.wake_next(queue._getters)
        return 0

    cdef Spares *spares(self) noexcept:
        return &spare_get_items

    cdef int let_go(self) except -1:
        self.queue = None
        return 0

    cdef str name(self):
        return "Queue.get"


cdef class JoinQueue(Waiting):
    """`Queue.join()`."""

    cdef bint begin(self) except -1:
        cdef EventCore finished
        if self.queue._unfinished_tasks <= 0:
            return True
        finished = self.queue._finished
        if finished._value:
            return True
        return self.wait_in(finished, finished._waiters)

    cdef bint woken(self) except -1:
        self.give_up()
        return True

    cdef int give_up(self) except -1:
        self.leave(self.queue._finished._waiters)
        self.waiter = None
        return 0

    cdef str name(self):
        return "Queue.join"


coroutine_function(QueueCore.put)
coroutine_function(QueueCore.get)
coroutine_function(QueueCore.join)
keep_spares(<PyTypeObject *>PutItem, &spare_put_items)
keep_spares(<PyTypeObject *>GetItem, &spare_get_items)
find_deque_methods(deque)
