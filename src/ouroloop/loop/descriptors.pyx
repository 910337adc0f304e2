"""Callbacks for descriptors that the user owns: what `add_reader` and `add_writer` keep.

One watcher a descriptor, with a handle for each direction. A handle is queued each time its direction is ready, until
it is removed or replaced; either cancels it, so one that already stands in the queue does nothing.
"""

from libc.limits cimport INT_MAX

from ouroloop.loop.core cimport LoopCore, Watcher
from ouroloop.loop.handle cimport Handle
from ouroloop.poller.poller cimport READABLE, WRITABLE


cdef class DescriptorWatcher(Watcher):
    """The reader and the writer callback of one descriptor."""

    cdef int notify(self, int events, LoopCore core) except -1:
        if events & READABLE and self.reader is not None:
            core.push(self.reader)
        if events & WRITABLE and self.writer is not None:
            core.push(self.writer)
        return 0

    cdef int interest(self) noexcept:
        return (READABLE if self.reader is not None else 0) | (WRITABLE if self.writer is not None else 0)


cdef DescriptorWatcher watcher_of(LoopCore core, object fd):
    """The watcher that `fd` (any int) has now, or None."""
    if fd < 0 or fd >= core.poller.capacity:
        return None
    owner = core.poller.owners[fd]
    return <DescriptorWatcher>owner if isinstance(owner, DescriptorWatcher) else None


def set_handle(LoopCore core not None, fd, Handle handle not None, bint writes):
    """Has `handle` queued whenever `fd` is ready: for writing if `writes`, else for reading.

    Replaces and cancels the handle that was there. Raises OSError for a descriptor that cannot be watched.
    """
    if fd > INT_MAX:
        raise OverflowError("Python int too large to convert to C int")
    cdef DescriptorWatcher watcher = watcher_of(core, fd)
    cdef bint is_new = watcher is None
    if is_new:
        watcher = DescriptorWatcher()
    cdef Handle before = watcher.writer if writes else watcher.reader
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
    if before is not None:
        before.cancel()


def remove_handle(LoopCore core not None, fd, bint writes):
    """Takes back the handle for one direction of `fd`. False where there was none."""
    cdef DescriptorWatcher watcher = watcher_of(core, fd)
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
    before.cancel()
    return True
