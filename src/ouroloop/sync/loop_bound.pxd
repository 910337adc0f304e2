from ouroloop.loop.core cimport LoopCore

cdef extern from *:
    """
    static inline unsigned int ouroloop_type_version(PyObject *object) {
        return Py_TYPE(object)->tp_version_tag;
    }
    """
    unsigned int type_version "ouroloop_type_version"(object of) noexcept

cdef class LoopBound:
    cdef public object _loop             # the loop of the first who had to wait; None until then
    cdef LoopCore native_loop            # `_loop` where its futures may be made natively, else None
    cdef object spare_waiter             # the last waiter who was done: used again when nobody else holds it
    cdef unsigned int seen_version       # of the type, when `overridden` was found; 0: never
    cdef unsigned int overridden         # a bit for each of `dispatched()` that is not the native method
    cdef bint patched                    # one of them was set on this object itself

    cdef inline unsigned int overrides(self) except? 0xFFFFFFFF:
        if self.seen_version != 0 and self.seen_version == type_version(self):
            return self.overridden
        return self.find_overrides()

    # For the kinds: the methods that others call through `self`, and the class that has the native ones.
    cdef tuple dispatched(self)
    cdef object native_class(self)
    # The attributes that a copy needs, beside `_loop`.
    cdef tuple state_names(self)

    cdef unsigned int find_overrides(self) except? 0xFFFFFFFF
    cdef object bind_loop(self)
    cdef object new_waiter(self)
