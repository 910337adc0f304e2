"""System calls on datagram sockets, and Python's addresses as the kernel writes them.

A call never blocks (`MSG_DONTWAIT`), whatever mode the descriptor is in. One system call is made for each datagram:
`recvmmsg` and `sendmmsg` save a tenth of a receive and nothing of a send, which is where the time goes.
"""

from cpython.long cimport PyLong_AsLongAndOverflow
from libc.errno cimport errno
from libc.string cimport memcmp, memset, strlen

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(object text, Py_ssize_t *size) except NULL

cdef extern from "<sys/socket.h>" nogil:
    cdef struct sockaddr:
        pass
    int AF_INET, AF_INET6, MSG_DONTWAIT, MSG_NOSIGNAL
    ssize_t recvfrom(int fd, void *buffer, size_t size, int flags, sockaddr *sender, socklen_t *sender_size)
    ssize_t sendto(
        int fd, const void *buffer, size_t size, int flags, const sockaddr *receiver, socklen_t receiver_size
    )

cdef extern from "<netinet/in.h>" nogil:
    cdef struct in_addr:
        pass
    cdef struct in6_addr:
        pass
    cdef struct sockaddr_in:
        unsigned short sin_family
        unsigned short sin_port
        in_addr sin_addr
    cdef struct sockaddr_in6:
        unsigned short sin6_family
        unsigned short sin6_port
        unsigned int sin6_flowinfo
        in6_addr sin6_addr
        unsigned int sin6_scope_id

cdef extern from "<arpa/inet.h>" nogil:
    int inet_pton(int family, const char *text, void *address)
    unsigned short htons(unsigned short value)
    unsigned short ntohs(unsigned short value)
    unsigned int htonl(unsigned int value)


cdef Py_ssize_t receive_from(
    int fd, void *buffer, size_t size, sockaddr_storage *sender, socklen_t *sender_size
) noexcept nogil:
    sender_size[0] = sizeof(sockaddr_storage)
    cdef Py_ssize_t count = recvfrom(fd, buffer, size, MSG_DONTWAIT, <sockaddr *>sender, sender_size)
    return count if count >= 0 else -errno


cdef Py_ssize_t send_to(
    int fd, const void *buffer, size_t size, const sockaddr_storage *receiver, socklen_t receiver_size
) noexcept nogil:
    cdef Py_ssize_t count = sendto(
        fd, buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL, <const sockaddr *>receiver, receiver_size
    )
    return count if count >= 0 else -errno


cdef socklen_t socket_address(int family, object address, sockaddr_storage *written) except? 0:
    """Writes an internet address with a numeric host, and returns its size.

    Returns 0, with no exception, for every other one: those are for the `socket` module to read, or to refuse.
    """
    cdef sockaddr_in *four = <sockaddr_in *>written
    cdef sockaddr_in6 *six = <sockaddr_in6 *>written
    cdef long numbers[3]  # port, flow information, scope
    cdef Py_ssize_t index, length, host_length
    if type(address) is not tuple:
        return 0
    length = len(<tuple>address)
    if length < 2 or length > 4 or type((<tuple>address)[0]) is not str:
        return 0
    numbers[0] = numbers[1] = numbers[2] = 0
    for index in range(1, length):
        if not read_number((<tuple>address)[index], &numbers[index - 1]):
            return 0
    if numbers[0] > 0xFFFF or numbers[1] > 0xFFFFF:
        return 0
    cdef const char *host
    try:
        host = PyUnicode_AsUTF8AndSize((<tuple>address)[0], &host_length)
    except UnicodeEncodeError:
        return 0
    if <Py_ssize_t>strlen(host) != host_length:
        return 0
    if family == AF_INET and length == 2:
        memset(four, 0, sizeof(sockaddr_in))
        four.sin_family = AF_INET
        four.sin_port = htons(<unsigned short>numbers[0])
        return sizeof(sockaddr_in) if inet_pton(AF_INET, host, &four.sin_addr) == 1 else 0
    if family == AF_INET6:
        memset(six, 0, sizeof(sockaddr_in6))
        six.sin6_family = AF_INET6
        six.sin6_port = htons(<unsigned short>numbers[0])
        six.sin6_flowinfo = htonl(<unsigned int>numbers[1])
        six.sin6_scope_id = <unsigned int>numbers[2]
        return sizeof(sockaddr_in6) if inet_pton(AF_INET6, host, &six.sin6_addr) == 1 else 0
    return 0


cdef object address_from_same_host(const sockaddr_storage *address, const sockaddr_storage *known, object host):
    """An IPv4 address as Python writes it, if it is of the host that `known` is of, whose text is `host`; else None.

    Who serves many ports of one host need not write its number anew for each datagram.
    """
    cdef const sockaddr_in *four = <const sockaddr_in *>address
    cdef const sockaddr_in *other = <const sockaddr_in *>known
    if four.sin_family != AF_INET or other.sin_family != AF_INET:
        return None
    if memcmp(&four.sin_addr, &other.sin_addr, sizeof(in_addr)) != 0:
        return None
    return host, ntohs(four.sin_port)


cdef bint read_number(object number, long *value) except -1:
    """False for what is no plain int from 0 to 2**32 - 1."""
    cdef int overflow
    if type(number) is not int:
        return False
    value[0] = PyLong_AsLongAndOverflow(number, &overflow)
    return overflow == 0 and 0 <= value[0] <= 0xFFFFFFFF
