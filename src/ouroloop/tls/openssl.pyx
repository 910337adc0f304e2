"""OpenSSL's own functions for records, called on what the `ssl` module has made.

A record through `ssl` takes four calls of Python methods, the objects that go in and come out, and four times the
interpreter's lock. These functions take bytes where they stand, and keep the lock: a record is decrypted sooner than
another thread would wake up. Contexts, handshakes, shutdowns and exceptions stay `ssl`'s.

The functions are those of the very library that `ssl` is linked with, found when this module is imported; nothing is
linked when it is built. OpenSSL's objects are found where CPython keeps them, in the structures of `_ssl._SSLSocket`
and `_ssl.MemoryBIO` (Modules/_ssl.c), whose first fields are declared below. Four things must be so, else a connection
has no session here and its records go through `ssl`:

- this Python is one whose structures are known (`versions.py`), and the objects are of just these types;
- the library has every function;
- the memory buffers' pointers lead to memory buffers of this same copy of the library;
- the session's own buffers are the two that it was given.

The environment variable `OUROLOOP_TLS=ssl` sends all records through `ssl`.
"""

import os
import ssl

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.limits cimport INT_MAX

import _ssl

from ouroloop.versions import SSL_STRUCTURES_ARE_KNOWN

cdef extern from "<dlfcn.h>":
    int RTLD_NOW, RTLD_NOLOAD
    void *dlopen(const char *path, int mode)
    void *dlsym(void *library, const char *name)

cdef extern from *:
    """
    typedef struct {
        PyObject_HEAD
        PyObject *socket;
        void *tls;
    } ouroloop_ssl_socket;

    typedef struct {
        PyObject_HEAD
        void *memory;
    } ouroloop_memory_bio;
    """
    ctypedef struct SslSocket "ouroloop_ssl_socket":
        void *tls
    ctypedef struct MemoryBuffer "ouroloop_memory_bio":
        void *memory

cdef enum:
    # From OpenSSL's headers, whose values are part of its binary interface.
    BIO_CTRL_PENDING = 10
    SSL_ERROR_WANT_READ = 2
    SSL_ERROR_ZERO_RETURN = 6

cdef struct Library:
    int (*SSL_read)(void *tls, void *room, int size) noexcept nogil
    int (*SSL_write)(void *tls, const void *data, int size) noexcept nogil
    int (*SSL_pending)(const void *tls) noexcept nogil
    int (*SSL_get_error)(const void *tls, int result) noexcept nogil
    void *(*SSL_get_rbio)(const void *tls) noexcept nogil
    void *(*SSL_get_wbio)(const void *tls) noexcept nogil
    int (*BIO_read)(void *memory, void *room, int size) noexcept nogil
    int (*BIO_write)(void *memory, const void *data, int size) noexcept nogil
    long (*BIO_ctrl)(void *memory, int command, long number, void *argument) noexcept nogil
    void *(*BIO_s_mem)() noexcept nogil
    void *(*BIO_new)(const void *method) noexcept nogil
    int (*BIO_free)(void *memory) noexcept nogil
    const char *(*BIO_method_name)(const void *memory) noexcept nogil
    unsigned long (*ERR_peek_error)() noexcept nogil
    void (*ERR_clear_error)() noexcept nogil

cdef object SslSocketType = _ssl._SSLSocket
cdef object MemoryBIO = ssl.MemoryBIO
cdef Library library
# Where the library keeps the name of the kind of buffer that `ssl` uses: another copy of it keeps it elsewhere.
cdef const char *memory_name = NULL


cdef int find_function(void *opened, const char *name, void **function) except -1:
    function[0] = dlsym(opened, name)
    if function[0] == NULL:
        raise LookupError(name)
    return 0


cdef int find_functions(void *opened) except -1:
    """Fills `library`. Raises LookupError for a function that is not there."""
    find_function(opened, b"SSL_read", <void **>&library.SSL_read)
    find_function(opened, b"SSL_write", <void **>&library.SSL_write)
    find_function(opened, b"SSL_pending", <void **>&library.SSL_pending)
    find_function(opened, b"SSL_get_error", <void **>&library.SSL_get_error)
    find_function(opened, b"SSL_get_rbio", <void **>&library.SSL_get_rbio)
    find_function(opened, b"SSL_get_wbio", <void **>&library.SSL_get_wbio)
    find_function(opened, b"BIO_read", <void **>&library.BIO_read)
    find_function(opened, b"BIO_write", <void **>&library.BIO_write)
    find_function(opened, b"BIO_ctrl", <void **>&library.BIO_ctrl)
    find_function(opened, b"BIO_s_mem", <void **>&library.BIO_s_mem)
    find_function(opened, b"BIO_new", <void **>&library.BIO_new)
    find_function(opened, b"BIO_free", <void **>&library.BIO_free)
    find_function(opened, b"BIO_method_name", <void **>&library.BIO_method_name)
    find_function(opened, b"ERR_peek_error", <void **>&library.ERR_peek_error)
    find_function(opened, b"ERR_clear_error", <void **>&library.ERR_clear_error)
    return 0


cdef int open_library() except -1:
    """Finds the functions in the library that `_ssl` has loaded; leaves `memory_name` NULL where it cannot."""
    global memory_name
    cdef bytes path
    cdef void *opened
    cdef void *memory
    if not SSL_STRUCTURES_ARE_KNOWN or os.environ.get("OUROLOOP_TLS") == "ssl":
        return 0
    file = getattr(_ssl, "__file__", None)
    if file is None:
        # Built into the interpreter.
        opened = dlopen(NULL, RTLD_NOW)
    else:
        # The search goes on in what the module was linked with. It is loaded for good, and so is that.
        path = os.fsencode(file)
        opened = dlopen(path, RTLD_NOW | RTLD_NOLOAD)
    if opened == NULL:
        return 0
    try:
        find_functions(opened)
    except LookupError:
        return 0
    memory = library.BIO_new(library.BIO_s_mem())
    if memory == NULL:
        raise MemoryError
    memory_name = library.BIO_method_name(memory)
    library.BIO_free(memory)
    return 0


open_library()


def is_open():
    """Whether OpenSSL's functions were found, and may be called."""
    return memory_name != NULL


def has_session(engine, incoming, outgoing):
    """Whether a connection's records can do without `ssl`.

    engine: what an `ssl.SSLObject` wraps. incoming, outgoing: the memory buffers that it was made with.
    """
    cdef Session session
    find_session(&session, engine, incoming, outgoing)
    return session.tls != NULL


cdef int find_session(Session *session, object engine, object incoming, object outgoing) except -1:
    """Finds OpenSSL's objects in those of `ssl`; they are valid while `engine` is alive."""
    cdef void *tls
    session.tls = session.incoming = session.outgoing = NULL
    if memory_name == NULL:
        return 0
    if type(engine) is not SslSocketType or type(incoming) is not MemoryBIO or type(outgoing) is not MemoryBIO:
        return 0
    session.incoming = (<MemoryBuffer *><void *>incoming).memory
    session.outgoing = (<MemoryBuffer *><void *>outgoing).memory
    if session.incoming == NULL or session.outgoing == NULL:
        return 0
    if library.BIO_method_name(session.incoming) != memory_name:
        return 0
    tls = (<SslSocket *><void *>engine).tls
    if tls == NULL or library.SSL_get_rbio(tls) != session.incoming or library.SSL_get_wbio(tls) != session.outgoing:
        return 0
    session.tls = tls
    return 0


cdef inline void forget_errors() noexcept:
    # What somebody else has left there would be taken for the next call's.
    if library.ERR_peek_error() != 0:
        library.ERR_clear_error()


cdef Py_ssize_t reason(Session *session, int result) noexcept:
    """Why no bytes went through."""
    cdef int error = library.SSL_get_error(session.tls, result)
    if error == SSL_ERROR_WANT_READ:
        return WAITS
    return PEER_HAS_CLOSED if error == SSL_ERROR_ZERO_RETURN else FAILED


cdef bint add_incoming(Session *session, const void *data, Py_ssize_t count) noexcept:
    """Copies cipher text from the peer; False where there is no memory for it."""
    if library.BIO_write(session.incoming, data, <int>count) == count:
        return True
    library.ERR_clear_error()
    return False


cdef Py_ssize_t read_record(Session *session, void *room, Py_ssize_t size) noexcept:
    """Decrypts a record, or as much of it as there is room for; returns how many bytes, or why none."""
    forget_errors()
    cdef int count = library.SSL_read(session.tls, room, <int>min(size, <Py_ssize_t>INT_MAX))
    return count if count > 0 else reason(session, count)


cdef Py_ssize_t unread_of_record(Session *session) noexcept:
    """How many bytes of the last record there was no room for."""
    return library.SSL_pending(session.tls)


cdef Py_ssize_t write_record(Session *session, const void *data, Py_ssize_t size) noexcept:
    """Encrypts `data`, all of it or nothing; returns its size, or why not."""
    forget_errors()
    cdef int count = library.SSL_write(session.tls, data, <int>size)
    return count if count > 0 else reason(session, count)


cdef bytes drain_outgoing(Session *session):
    """Cipher text for the peer; b"" where there is none."""
    cdef long size = library.BIO_ctrl(session.outgoing, BIO_CTRL_PENDING, 0, NULL)
    if size <= 0:
        return b""
    cdef bytes data = PyBytes_FromStringAndSize(NULL, size)
    library.BIO_read(session.outgoing, PyBytes_AS_STRING(data), <int>size)
    return data


cdef Py_ssize_t drain_into(Session *session, void *room, Py_ssize_t size) noexcept:
    """Puts cipher text for the peer into `room`, if all of it fits; returns how many bytes, or -1 where it does not."""
    cdef long count = library.BIO_ctrl(session.outgoing, BIO_CTRL_PENDING, 0, NULL)
    if count > size:
        return -1
    return 0 if count <= 0 else library.BIO_read(session.outgoing, room, <int>count)
