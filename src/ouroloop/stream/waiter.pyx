"""Futures for those who wait on a stream, on loops of any make."""

from ouroloop.loop.core cimport LoopCore
from ouroloop.task.future cimport new_future

from ouroloop.task.task import TaskCore

cdef object OUR_CREATE_FUTURE = TaskCore.create_future


cdef LoopCore core_of(object loop):
    """The loop itself, where its futures are ours and no subclass makes them otherwise; else None."""
    if isinstance(loop, LoopCore) and type(loop).create_future is OUR_CREATE_FUTURE:
        return <LoopCore>loop
    return None


cdef object new_waiter(object loop, LoopCore core):
    """A future of `loop`, whose `core_of` the other one is."""
    return loop.create_future() if core is None else new_future(core)
