"""OpenSSL's own functions for records, called on what the `ssl` module has made.

A record through `ssl` takes four calls of Python methods, the objects that go in and come out, and four times the
interpreter's lock. These functions take bytes where they stand, and keep the lock: a record is decrypted sooner than
another thread would wake up. Contexts, handshakes, shutdowns and exceptions stay `ssl`'s.

`ssl` puts a memory buffer between OpenSSL and the socket in each direction, where every record is copied in and out
again. A connection that comes here gets a BIO of ours instead, through which OpenSSL takes cipher text from where the
loop has read it, and puts it where it is sent from (`wire.pxd`; BIO_meth_new(3)).

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

from libc.limits cimport INT_MAX

from ouroloop.tls.wire cimport Wire, add_outgoing, free_wire, incoming_size, take_incoming

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
    BIO_CTRL_FLUSH = 11
    BIO_TYPE_SOURCE_SINK = 0x400
    BIO_READ_LATER = 0x01 | 0x08      # BIO_FLAGS_READ, BIO_FLAGS_SHOULD_RETRY
    SSL_RECEIVED_SHUTDOWN = 2

ctypedef int (*WireRead)(void *bio, char *room, size_t size, size_t *count) noexcept nogil
ctypedef int (*WireWrite)(void *bio, const char *data, size_t size, size_t *count) noexcept nogil
ctypedef long (*WireControl)(void *bio, int command, long number, void *argument) noexcept nogil
ctypedef int (*WireDestroy)(void *bio) noexcept nogil

cdef struct Library:
    int (*SSL_read)(void *tls, void *room, int size) noexcept nogil
    int (*SSL_write)(void *tls, const void *data, int size) noexcept nogil
    int (*SSL_pending)(const void *tls) noexcept nogil
    int (*SSL_get_shutdown)(const void *tls) noexcept nogil
    int (*SSL_in_init)(const void *tls) noexcept nogil
    void *(*SSL_get_rbio)(const void *tls) noexcept nogil
    void *(*SSL_get_wbio)(const void *tls) noexcept nogil
    void (*SSL_set0_rbio)(void *tls, void *bio) noexcept nogil
    void (*SSL_set0_wbio)(void *tls, void *bio) noexcept nogil
    void *(*BIO_s_mem)() noexcept nogil
    void *(*BIO_new)(const void *method) noexcept nogil
    int (*BIO_up_ref)(void *bio) noexcept nogil
    int (*BIO_free)(void *bio) noexcept nogil
    const char *(*BIO_method_name)(const void *bio) noexcept nogil
    void (*ERR_clear_error)() noexcept nogil
    void *(*BIO_get_data)(void *bio) noexcept nogil
    void (*BIO_set_data)(void *bio, void *data) noexcept nogil
    void (*BIO_set_flags)(void *bio, int flags) noexcept nogil
    void (*BIO_clear_flags)(void *bio, int flags) noexcept nogil
    int (*BIO_get_new_index)() noexcept nogil
    void *(*BIO_meth_new)(int type, const char *name) noexcept nogil
    int (*BIO_meth_set_read_ex)(void *method, WireRead function) noexcept nogil
    int (*BIO_meth_set_write_ex)(void *method, WireWrite function) noexcept nogil
    int (*BIO_meth_set_ctrl)(void *method, WireControl function) noexcept nogil
    int (*BIO_meth_set_destroy)(void *method, WireDestroy function) noexcept nogil

cdef object SslSocketType = _ssl._SSLSocket
cdef object MemoryBIO = ssl.MemoryBIO
cdef Library library
# Where the library keeps the name of the kind of buffer that `ssl` uses: another copy of it keeps it elsewhere.
cdef const char *memory_name = NULL
# What makes a BIO one of ours; there for good, once `memory_name` is known.
cdef void *wire_method = NULL


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
    find_function(opened, b"SSL_get_shutdown", <void **>&library.SSL_get_shutdown)
    find_function(opened, b"SSL_in_init", <void **>&library.SSL_in_init)
    find_function(opened, b"SSL_get_rbio", <void **>&library.SSL_get_rbio)
    find_function(opened, b"SSL_get_wbio", <void **>&library.SSL_get_wbio)
    find_function(opened, b"SSL_set0_rbio", <void **>&library.SSL_set0_rbio)
    find_function(opened, b"SSL_set0_wbio", <void **>&library.SSL_set0_wbio)
    find_function(opened, b"BIO_s_mem", <void **>&library.BIO_s_mem)
    find_function(opened, b"BIO_new", <void **>&library.BIO_new)
    find_function(opened, b"BIO_up_ref", <void **>&library.BIO_up_ref)
    find_function(opened, b"BIO_free", <void **>&library.BIO_free)
    find_function(opened, b"BIO_method_name", <void **>&library.BIO_method_name)
    find_function(opened, b"ERR_clear_error", <void **>&library.ERR_clear_error)
    find_function(opened, b"BIO_get_data", <void **>&library.BIO_get_data)
    find_function(opened, b"BIO_set_data", <void **>&library.BIO_set_data)
    find_function(opened, b"BIO_set_flags", <void **>&library.BIO_set_flags)
    find_function(opened, b"BIO_clear_flags", <void **>&library.BIO_clear_flags)
    find_function(opened, b"BIO_get_new_index", <void **>&library.BIO_get_new_index)
    find_function(opened, b"BIO_meth_new", <void **>&library.BIO_meth_new)
    find_function(opened, b"BIO_meth_set_read_ex", <void **>&library.BIO_meth_set_read_ex)
    find_function(opened, b"BIO_meth_set_write_ex", <void **>&library.BIO_meth_set_write_ex)
    find_function(opened, b"BIO_meth_set_ctrl", <void **>&library.BIO_meth_set_ctrl)
    find_function(opened, b"BIO_meth_set_destroy", <void **>&library.BIO_meth_set_destroy)
    return 0


# What OpenSSL calls on a BIO of ours, with or without the interpreter's lock


cdef int read_wire(void *bio, char *room, size_t size, size_t *count) noexcept nogil:
    cdef Wire *wire = <Wire *>library.BIO_get_data(bio)
    cdef Py_ssize_t taken = take_incoming(wire, room, <Py_ssize_t>size)
    count[0] = <size_t>taken
    if taken == 0:
        wire.has_run_dry = wire.is_flagged = True
        library.BIO_set_flags(bio, BIO_READ_LATER)
        return -1
    if wire.is_flagged:
        wire.is_flagged = False
        library.BIO_clear_flags(bio, BIO_READ_LATER)
    return 1


cdef int write_wire(void *bio, const char *data, size_t size, size_t *count) noexcept nogil:
    count[0] = size
    return 1 if add_outgoing(<Wire *>library.BIO_get_data(bio), data, <Py_ssize_t>size) else -1


cdef long control_wire(void *bio, int command, long number, void *argument) noexcept nogil:
    if command == BIO_CTRL_PENDING:
        return incoming_size(<Wire *>library.BIO_get_data(bio))
    return command == BIO_CTRL_FLUSH


cdef int destroy_wire(void *bio) noexcept nogil:
    cdef Wire *wire = <Wire *>library.BIO_get_data(bio)
    if wire != NULL:
        free_wire(wire)
    return 1


cdef int make_method() except -1:
    global wire_method
    wire_method = library.BIO_meth_new(library.BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, b"ouroloop")
    if wire_method == NULL:
        raise MemoryError
    library.BIO_meth_set_read_ex(wire_method, read_wire)
    library.BIO_meth_set_write_ex(wire_method, write_wire)
    library.BIO_meth_set_ctrl(wire_method, control_wire)
    library.BIO_meth_set_destroy(wire_method, destroy_wire)
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
    make_method()
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
    return find_session(engine, incoming, outgoing) != NULL


cdef void *find_session(object engine, object incoming, object outgoing) except? NULL:
    """Finds OpenSSL's `SSL *` in the objects of `ssl`; it is valid while `engine` is alive. NULL: leave it alone."""
    cdef void *tls
    cdef void *reads
    cdef void *writes
    if memory_name == NULL:
        return NULL
    if type(engine) is not SslSocketType or type(incoming) is not MemoryBIO or type(outgoing) is not MemoryBIO:
        return NULL
    tls = (<SslSocket *><void *>engine).tls
    reads = (<MemoryBuffer *><void *>incoming).memory
    writes = (<MemoryBuffer *><void *>outgoing).memory
    if tls == NULL or reads == NULL or writes == NULL:
        return NULL
    if library.BIO_method_name(reads) != memory_name:
        return NULL
    return tls if library.SSL_get_rbio(tls) == reads and library.SSL_get_wbio(tls) == writes else NULL


cdef int connect_session(void *tls, Wire *wire) except -1:
    """Has a session, before its handshake, read and write through `wire`, which it owns from then on."""
    cdef void *bio = library.BIO_new(wire_method)
    if bio == NULL or not library.BIO_up_ref(bio):
        raise MemoryError
    library.BIO_set_data(bio, wire)
    library.SSL_set0_rbio(tls, bio)
    library.SSL_set0_wbio(tls, bio)
    return 0


cdef int forget_errors() noexcept:
    """Drops what somebody has left in the thread's queue of errors, which `ssl` would take for the next call's."""
    library.ERR_clear_error()
    return 0


cdef Py_ssize_t reason(void *tls, Wire *wire) noexcept:
    """Why no bytes went through.

    `SSL_get_error` would look at the thread's queue of errors, which then had to be cleared before each call: that
    costs more than all else here. A fatal alert ends what the peer has to say too, but leaves the session in a state
    that is not that of an open one.
    """
    if wire.has_run_dry:
        return WAITS
    if library.SSL_get_shutdown(tls) & SSL_RECEIVED_SHUTDOWN and not library.SSL_in_init(tls):
        return PEER_HAS_CLOSED
    return FAILED


cdef Py_ssize_t read_record(void *tls, Wire *wire, void *room, Py_ssize_t size) noexcept:
    """Decrypts a record, or as much of it as there is room for; returns how many bytes, or why none."""
    wire.has_run_dry = False
    cdef int count = library.SSL_read(tls, room, <int>min(size, <Py_ssize_t>INT_MAX))
    return count if count > 0 else reason(tls, wire)


cdef Py_ssize_t unread_of_record(void *tls) noexcept:
    """How many bytes of the last record there was no room for."""
    return library.SSL_pending(tls)


cdef Py_ssize_t write_record(void *tls, Wire *wire, const void *data, Py_ssize_t size) noexcept:
    """Encrypts `data`, all of it or nothing; returns its size, or why not."""
    wire.has_run_dry = False
    cdef int count = library.SSL_write(tls, data, <int>size)
    return count if count > 0 else reason(tls, wire)
