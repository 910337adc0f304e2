# Reads into a new object of at most `room` bytes; None with the call's result, 0 or a negated errno, in `count`.
cdef bytes receive_object(int fd, Py_ssize_t room, Py_ssize_t *count)
# How much to make room for after a read of `count` bytes: a little more, 0 for small ones.
cdef Py_ssize_t room_after(Py_ssize_t count) noexcept
