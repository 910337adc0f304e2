"""Callbacks for descriptors that the user owns: what `add_reader` and `add_writer` keep.

One watcher a descriptor, with a handle for each direction. A handle is queued each time its direction is ready, until
it is removed or replaced; either cancels it, so one that already stands in the queue does nothing. While there is one,
the object that was given for the descriptor stays alive, and once it is closed and has no number, names it still.

A socket that a task reads again and again stays registered with the kernel between two reads ("lingers"), which saves
two system calls a read. It is known again by the socket object, whose descriptor is its own until it is closed. What
arrives while nobody waits ends the registration.
"""

import socket
import weakref

from cpython.ref cimport PyObject
from libc.limits cimport INT_MAX

from ouroloop.loop.core cimport LoopCore, Watcher
from ouroloop.loop.handle cimport Handle
from ouroloop.poller.poller cimport READABLE, WRITABLE

cdef int SOCK_STREAM = socket.SOCK_STREAM

cdef extern from *:
    """
    /* What a weak reference refers to, without a reference to it: None once that is gone. */
    static inline int ouroloop_refers_to(PyObject *weak_reference, PyObject *object) {
        return weak_reference != Py_None && ((PyWeakReference *)weak_reference)->wr_object == object;
    }
    """
    bint refers_to "ouroloop_refers_to"(object weak_reference, PyObject *referent) noexcept

cdef enum:
    LINGER_AFTER = 2  # waits: who reads once or twice only, and hands the socket to others, leaves nothing behind


cdef class DescriptorWatcher(Watcher):
    """The reader and the writer callback of one descriptor."""

    cdef int notify(self, int events, LoopCore core) except -1:
        if events & READABLE:
            if self.reader is None:
                self.stop_lingering(core)
            elif not self.reader.wake():
                core.push(self.reader)
        if events & WRITABLE and self.writer is not None and not self.writer.wake():
            core.push(self.writer)
        return 0

    cdef int stop_lingering(self, LoopCore core) except -1:
        if not self.lingers:
            return 0
        self.lingers = self.is_drained = False
        core.poller.end_lingering(self.fd, self.interest(), self)
        return 0

    cdef int interest(self) noexcept:
        return (READABLE if self.reader is not None else 0) | (WRITABLE if self.writer is not None else 0)


cdef DescriptorWatcher watcher_of(LoopCore core, int fd):
    """The watcher that the descriptor has now, or None."""
    if fd < 0 or fd >= core.poller.capacity:
        return None
    owner = core.poller.owners[fd]
    return <DescriptorWatcher>owner if isinstance(owner, DescriptorWatcher) else None


cdef DescriptorWatcher watcher_of_socket(LoopCore core, int fd, object sock):
    """The watcher of this very socket, or None."""
    cdef DescriptorWatcher watcher = watcher_of(core, fd)
    return watcher if watcher is not None and refers_to(watcher.sock, <PyObject *>sock) else None


cdef int read_by_turns(LoopCore core, int fd, object sock, Handle handle) except -1:
    """Has `handle` told when `sock` can be read. It replaces and cancels another one."""
    cdef DescriptorWatcher watcher = watcher_of_socket(core, fd, sock)
    if watcher is not None and watcher.lingers:
        watcher.lingers = False
        watcher.reader = handle
        core.poller.resume(fd)
    else:
        set_handle(core, fd, handle, False, sock)
        watcher = watcher_of(core, fd)
        if not refers_to(watcher.sock, <PyObject *>sock):
            watcher.sock = weakref.ref(sock)
            watcher.is_stream = sock.type == SOCK_STREAM
            watcher.waits = 0
        watcher.fd = fd
    watcher.waits += 1
    watcher.is_drained = False
    return 0


cdef int end_turn(LoopCore core, int fd, Handle handle) except -1:
    """Nobody waits for `fd` now. From the second time on the registration lingers."""
    cdef DescriptorWatcher watcher
    if core.closed:
        return 0
    watcher = watcher_of(core, fd)
    if watcher is None or watcher.reader is not handle:
        return 0
    if watcher.writer is None:
        watcher.source = None
    if watcher.waits < LINGER_AFTER or watcher.writer is not None:
        watcher.reader = None
        core.watch(fd, watcher.interest(), watcher)
        if watcher.writer is None:
            core.poller.remember(fd, watcher)
        return 0
    watcher.reader = None
    watcher.lingers = True
    core.poller.linger(fd)
    return 0


def set_handle(LoopCore core not None, fd, Handle handle not None, bint writes, source):
    """Has `handle` queued whenever `fd` is ready: for writing if `writes`, else for reading.

    source: what the user gave for the descriptor, be it the number.
    Replaces and cancels the handle that was there. Raises OSError for a descriptor that cannot be watched.
    """
    if fd > INT_MAX:
        raise OverflowError("Python int too large to convert to C int")
    cdef DescriptorWatcher watcher = watcher_of(core, max(fd, -1))
    cdef bint is_new = watcher is None
    if is_new:
        watcher = DescriptorWatcher()
    cdef Handle before = watcher.writer if writes else watcher.reader
    watcher.lingers = watcher.is_drained = False
    if writes:
        watcher.writer = handle
    else:
        watcher.reader = handle
    try:
        # What is replaced may have watched an earlier descriptor of the same number: the kernel is told again.
        core.watch(fd, watcher.interest(), watcher, before is not None)
    except BaseException:
        if writes:
            watcher.writer = before
        else:
            watcher.reader = before
        raise
    watcher.source = None if isinstance(source, int) else source
    if before is not None:
        before.cancel()


def number_of_source(LoopCore core not None, source):
    """The descriptor that is watched for `source`, an object that is closed and cannot say it; -1 where none is."""
    cdef DescriptorWatcher watcher
    cdef Py_ssize_t fd
    for fd in range(0 if core.closed or source is None else core.poller.capacity):
        watcher = watcher_of(core, fd)
        if watcher is not None and watcher.source is source:
            return fd
    return -1


def remove_handle(LoopCore core not None, fd, bint writes):
    """Takes back the handle for one direction of `fd`. False where there was none."""
    cdef DescriptorWatcher watcher = watcher_of(core, max(min(fd, INT_MAX), -1))
    if watcher is None:
        return False
    cdef Handle before = watcher.writer if writes else watcher.reader
    if before is None:
        return False
    if writes:
        watcher.writer = None
    else:
        watcher.reader = None
    core.watch(fd, watcher.interest(), watcher)
    if watcher.interest() == 0:
        watcher.source = None
    before.cancel()
    return True
