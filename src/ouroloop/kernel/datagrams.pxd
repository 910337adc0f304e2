from ouroloop.kernel.sockets cimport sockaddr_storage, socklen_t

# Each of these makes one system call and returns its result, or the negated errno.
cdef Py_ssize_t receive_from(
    int fd, void *buffer, size_t size, sockaddr_storage *sender, socklen_t *sender_size
) noexcept nogil
cdef Py_ssize_t send_to(
    int fd, const void *buffer, size_t size, const sockaddr_storage *receiver, socklen_t receiver_size
) noexcept nogil

cdef socklen_t socket_address(int family, object address, sockaddr_storage *written) except? 0
cdef object address_from_same_host(const sockaddr_storage *address, const sockaddr_storage *known, object host)
