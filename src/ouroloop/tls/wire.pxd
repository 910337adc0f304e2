# Cipher text between a connection and OpenSSL, in both directions. No module: all of it is inline.
#
# What the peer sent is lent while its records are read, and OpenSSL takes it from where it stands; what is then left
# over is kept. What is for the peer goes into room that is lent while records are written; without room, or when it is
# full, into memory that grows. So a connection that has nothing under way holds no memory here.
#
# Nothing here needs the interpreter's lock: OpenSSL may call it without.

from libc.string cimport memcpy, memmove, memset

cdef extern from "Python.h":
    void *raw_malloc "PyMem_RawMalloc"(size_t size) noexcept nogil
    void raw_free "PyMem_RawFree"(void *owned) noexcept nogil

cdef struct Store:
    char *start                       # owned, NULL while the store is empty
    Py_ssize_t capacity
    Py_ssize_t first                  # place of the first byte
    Py_ssize_t size

cdef struct Wire:
    Store kept                        # what came first
    const char *given                 # what the peer sent after it, lent
    Py_ssize_t given_size
    bint has_run_dry                  # OpenSSL has asked for more than there was, in the last call for a record
    bint is_flagged                   # and its BIO still says so
    char *room                        # lent for what is for the peer, or NULL
    Py_ssize_t room_size
    Py_ssize_t room_used
    Store made                        # all that is for the peer, where there was not enough room
    bint is_out_of_memory             # something for the peer is lost


cdef inline void clear_store(Store *store) noexcept nogil:
    raw_free(store.start)
    memset(store, 0, sizeof(Store))


cdef inline bint append_to_store(Store *store, const char *data, Py_ssize_t count) noexcept nogil:
    """False where there is no memory: then nothing has changed."""
    cdef Py_ssize_t size = store.size + count
    cdef char *moved
    if store.first + size > store.capacity:
        if 2 * size <= store.capacity:
            memmove(store.start, store.start + store.first, store.size)
        else:
            moved = <char *>raw_malloc(2 * size if store.size else size)
            if moved == NULL:
                return False
            store.capacity = 2 * size if store.size else size
            if store.size:
                memcpy(moved, store.start + store.first, store.size)
            raw_free(store.start)
            store.start = moved
        store.first = 0
    memcpy(store.start + store.first + store.size, data, count)
    store.size = size
    return True


cdef inline Wire *new_wire() noexcept nogil:
    """NULL where there is no memory."""
    cdef Wire *wire = <Wire *>raw_malloc(sizeof(Wire))
    if wire != NULL:
        memset(wire, 0, sizeof(Wire))
    return wire


cdef inline void free_wire(Wire *wire) noexcept nogil:
    clear_store(&wire.kept)
    clear_store(&wire.made)
    raw_free(wire)


# From the peer

cdef inline Py_ssize_t incoming_size(const Wire *wire) noexcept nogil:
    return wire.kept.size + wire.given_size


cdef inline Py_ssize_t take_incoming(Wire *wire, char *into, Py_ssize_t size) noexcept nogil:
    """Takes some of the next `size` bytes; 0 when there are none."""
    cdef Py_ssize_t count = wire.kept.size
    if count:
        count = min(count, size)
        memcpy(into, wire.kept.start + wire.kept.first, count)
        wire.kept.first += count
        wire.kept.size -= count
        if wire.kept.size == 0:
            clear_store(&wire.kept)
        return count
    count = min(wire.given_size, size)
    memcpy(into, wire.given, count)
    wire.given += count
    wire.given_size -= count
    return count


cdef inline bint keep_incoming(Wire *wire) noexcept nogil:
    """Keeps what is left of what was lent, which is the lender's again; False where there is no memory for it."""
    cdef bint is_kept = wire.given_size == 0 or append_to_store(&wire.kept, wire.given, wire.given_size)
    wire.given = NULL
    wire.given_size = 0
    return is_kept


cdef inline void drop_incoming(Wire *wire) noexcept nogil:
    clear_store(&wire.kept)
    wire.given = NULL
    wire.given_size = 0


# For the peer

cdef inline void lend_room(Wire *wire, char *room, Py_ssize_t size) noexcept nogil:
    """For what is yet to come, if nothing waits already."""
    wire.room = room
    wire.room_size = size if wire.made.size == 0 else 0
    wire.room_used = 0


cdef inline bint take_back_room(Wire *wire) noexcept nogil:
    """What is in the room is kept; False where there is no memory for it."""
    cdef bint is_kept = wire.room_used == 0 or append_to_store(&wire.made, wire.room, wire.room_used)
    wire.room = NULL
    wire.room_size = wire.room_used = 0
    return is_kept


cdef inline bint add_outgoing(Wire *wire, const char *data, Py_ssize_t count) noexcept nogil:
    """False where there is no memory for it."""
    if count <= wire.room_size - wire.room_used:
        memcpy(wire.room + wire.room_used, data, count)
        wire.room_used += count
        return True
    if take_back_room(wire) and append_to_store(&wire.made, data, count):
        return True
    wire.is_out_of_memory = True
    return False
