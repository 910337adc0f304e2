# Instances whose dictionary is made when somebody keeps an attribute in it. Cython makes it at once; most stay empty,
# and while there is none, the interpreter finds methods without looking there.
cdef extern from *:
    """
    static inline void ouroloop_without_dictionary(PyObject *instance) {
        Py_ssize_t offset = Py_TYPE(instance)->tp_dictoffset;
        if (offset > 0) {
            Py_CLEAR(*(PyObject **)((char *)instance + offset));
        }
    }
    """
    # Called by __cinit__, before anybody could have put something there.
    void without_dictionary "ouroloop_without_dictionary"(object instance) noexcept
