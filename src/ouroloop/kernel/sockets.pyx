"""System calls on stream sockets, and addresses as Python writes them.

A call never blocks (`MSG_DONTWAIT`) and never raises SIGPIPE (`MSG_NOSIGNAL`), whatever mode the descriptor is in.
Results are the call's own, or the negated errno: who calls decides what an error means.
"""

from libc.errno cimport errno
from libc.string cimport memset
from posix.unistd cimport close

cdef extern from "<sys/socket.h>" nogil:
    cdef struct msghdr:
        iovec *msg_iov
        size_t msg_iovlen
    int AF_INET, AF_INET6, AF_UNIX
    int MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_NONBLOCK, SOCK_CLOEXEC, SHUT_WR
    ssize_t recv(int fd, void *buffer, size_t size, int flags)
    ssize_t send(int fd, const void *buffer, size_t size, int flags)
    ssize_t sendmsg(int fd, const msghdr *message, int flags)
    int accept4(int fd, sockaddr *peer, socklen_t *size, int flags)
    int shutdown(int fd, int how)
    int setsockopt(int fd, int level, int option, const void *value, socklen_t size)
    int getsockname(int fd, sockaddr *address, socklen_t *size)
    int getpeername(int fd, sockaddr *address, socklen_t *size)

cdef extern from "<netinet/in.h>" nogil:
    int IPPROTO_TCP, INET6_ADDRSTRLEN
    cdef struct in_addr:
        pass
    cdef struct in6_addr:
        pass
    cdef struct sockaddr_in:
        unsigned short sin_port
        in_addr sin_addr
    cdef struct sockaddr_in6:
        unsigned short sin6_port
        unsigned int sin6_flowinfo
        in6_addr sin6_addr
        unsigned int sin6_scope_id

cdef extern from "<netinet/tcp.h>" nogil:
    int TCP_NODELAY

cdef extern from "<sys/un.h>" nogil:
    cdef struct sockaddr_un:
        char sun_path[108]

cdef extern from "<arpa/inet.h>" nogil:
    const char *inet_ntop(int family, const void *address, char *text, socklen_t size)
    unsigned short ntohs(unsigned short value)
    unsigned int ntohl(unsigned int value)


cdef Py_ssize_t receive(int fd, void *buffer, size_t size) noexcept nogil:
    cdef Py_ssize_t count = recv(fd, buffer, size, MSG_DONTWAIT)
    return count if count >= 0 else -errno


cdef Py_ssize_t send_one(int fd, const void *buffer, size_t size) noexcept nogil:
    cdef Py_ssize_t count = send(fd, buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL)
    return count if count >= 0 else -errno


cdef Py_ssize_t send_many(int fd, iovec *parts, size_t count) noexcept nogil:
    cdef msghdr message
    memset(&message, 0, sizeof(message))
    message.msg_iov = parts
    message.msg_iovlen = count
    cdef Py_ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL)
    return sent if sent >= 0 else -errno


cdef int accept_one(int fd, sockaddr_storage *peer, socklen_t *size) noexcept nogil:
    size[0] = sizeof(sockaddr_storage)
    cdef int accepted = accept4(fd, <sockaddr *>peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC)
    return accepted if accepted >= 0 else -errno


cdef int shut_down_writing(int fd) noexcept nogil:
    return 0 if shutdown(fd, SHUT_WR) == 0 else -errno


cdef int close_descriptor(int fd) noexcept nogil:
    return 0 if close(fd) == 0 else -errno


cdef int set_no_delay(int fd) noexcept nogil:
    cdef int on = 1
    return 0 if setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 else -errno


cdef int local_address(int fd, sockaddr_storage *address, socklen_t *size) noexcept nogil:
    size[0] = sizeof(sockaddr_storage)
    return 0 if getsockname(fd, <sockaddr *>address, size) == 0 else -errno


cdef int peer_address(int fd, sockaddr_storage *address, socklen_t *size) noexcept nogil:
    size[0] = sizeof(sockaddr_storage)
    return 0 if getpeername(fd, <sockaddr *>address, size) == 0 else -errno


cdef object python_address(const sockaddr_storage *address, socklen_t size):
    """The address as `socket.getsockname()` gives it; None for a family that stream transports do not serve."""
    cdef char text[64]
    cdef const sockaddr_in *four
    cdef const sockaddr_in6 *six
    if size < sizeof(address.ss_family):
        return ""
    if address.ss_family == AF_INET:
        four = <const sockaddr_in *>address
        inet_ntop(AF_INET, &four.sin_addr, text, sizeof(text))
        return text.decode("ascii"), ntohs(four.sin_port)
    if address.ss_family == AF_INET6:
        six = <const sockaddr_in6 *>address
        inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof(text))
        return text.decode("ascii"), ntohs(six.sin6_port), ntohl(six.sin6_flowinfo), six.sin6_scope_id
    if address.ss_family == AF_UNIX:
        return _unix_path(<const sockaddr_un *>address, size)
    return None


cdef object _unix_path(const sockaddr_un *address, socklen_t size):
    """A path as str; an abstract name (it starts with a null byte) as bytes; "" for an unnamed socket."""
    cdef Py_ssize_t length = <Py_ssize_t>size - 2  # what follows sun_family
    if length <= 0:
        return ""
    cdef bytes path = address.sun_path[:length]
    if path[0] == 0:
        return path
    import os
    return os.fsdecode(path.split(b"\0", 1)[0])
