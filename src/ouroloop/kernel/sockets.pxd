from posix.types cimport mode_t

cdef extern from "<sys/socket.h>" nogil:
    ctypedef unsigned int socklen_t
    cdef struct sockaddr:
        pass
    cdef struct sockaddr_storage:
        unsigned short ss_family

cdef extern from "<sys/uio.h>" nogil:
    cdef struct iovec:
        void *iov_base
        size_t iov_len

# Every function makes one system call and returns its result, or the negated errno.
cdef Py_ssize_t receive(int fd, void *buffer, size_t size) noexcept nogil
cdef Py_ssize_t send_one(int fd, const void *buffer, size_t size) noexcept nogil
cdef Py_ssize_t send_many(int fd, iovec *parts, size_t count) noexcept nogil
cdef int accept_one(int fd, sockaddr_storage *peer, socklen_t *size) noexcept nogil
cdef int shut_down_writing(int fd) noexcept nogil
cdef int close_descriptor(int fd) noexcept nogil
cdef int set_no_delay(int fd) noexcept nogil
cdef int local_address(int fd, sockaddr_storage *address, socklen_t *size) noexcept nogil
cdef int peer_address(int fd, sockaddr_storage *address, socklen_t *size) noexcept nogil

cdef object python_address(const sockaddr_storage *address, socklen_t size)
