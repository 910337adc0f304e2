"""What every lock and queue is: bound to the loop of whoever waits in it first.

Methods of a lock or queue may be overridden by a subclass or replaced on one object, and the other methods must then
call the new one. `overrides()` tells which are. It costs a comparison of two numbers: the interpreter gives each state
of a class a version number, which goes when the class, or one above it, is changed.
"""

import asyncio
import copyreg

from cpython.ref cimport PyObject

from ouroloop.loop.core cimport LoopCore
from ouroloop.task.future cimport Future, new_future, restart

from ouroloop.task.task import TaskCore

cdef extern from "Python.h":
    int PyObject_GenericSetAttr(object of, object name, object value) except -1

cdef enum:
    KNOWN_VERSIONS_MAX = 1000

cdef object running_loop = asyncio._get_running_loop
# By version number of a type: what it overrides. A number is never given twice.
cdef dict known_versions = {}


cdef class LoopBound:
    """Bound to the event loop that it is first used on."""

    def __setattr__(self, name, value):
        if name in self.dispatched():
            self.patched = True
            self.seen_version = 0
        PyObject_GenericSetAttr(self, name, value)

    def _get_loop(self):
        return self.bind_loop()

    def __getstate__(self):
        """Its attributes by name, as the standard library's objects have them, for `copy` and `pickle`."""
        state = {name: getattr(self, name) for name in (*self.state_names(), "_loop") if hasattr(self, name)}
        return {**state, **getattr(self, "__dict__", {})}

    def __setstate__(self, state):
        for name, value in state.items():
            setattr(self, name, value)

    def __reduce_ex__(self, protocol):
        # One that somebody waits in refers to futures and to a loop, which can be neither copied nor pickled.
        return copyreg.__newobj__, (type(self),), self.__getstate__()

    cdef object bind_loop(self):
        """The running loop. Raises RuntimeError where the first who waited ran on another one."""
        loop = running_loop()
        if self._loop is None:
            self._loop = loop
        if loop is not self._loop:
            raise RuntimeError(f"{self!r} is bound to a different event loop")
        return loop

    cdef object new_waiter(self):
        """A future of the running loop."""
        loop = self._get_loop() if self.overrides() & 1 else self.bind_loop()
        if loop is self.native_loop and loop is not None:
            if type(self.spare_waiter) is Future and (<Future>self.spare_waiter)._loop is loop:
                if restart(<PyObject *>self.spare_waiter):
                    return self.spare_waiter
            return new_future(self.native_loop)
        if isinstance(loop, TaskCore) and type(loop).create_future is TaskCore.create_future:
            self.native_loop = <LoopCore>loop
        return loop.create_future()

    cdef unsigned int find_overrides(self) except? 0xFFFFFFFF:
        cdef unsigned int found = 0
        cdef unsigned int bit = 1
        known = None if self.patched else known_versions.get(type_version(self))
        if known is not None:
            found = known
        else:
            native, own = self.native_class(), type(self)
            for name in self.dispatched():
                if self.patched or getattr(own, name, None) is not getattr(native, name, None):
                    found |= bit
                bit <<= 1
            if not self.patched and type_version(self) != 0:
                if len(known_versions) >= KNOWN_VERSIONS_MAX:
                    known_versions.clear()
                known_versions[type_version(self)] = found
        self.overridden = found
        self.seen_version = type_version(self)
        return found

    cdef tuple dispatched(self):
        return ("_get_loop",)

    cdef tuple state_names(self):
        return ()

    cdef object native_class(self):
        return LoopBound
