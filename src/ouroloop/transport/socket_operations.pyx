"""`sock_recv`, `sock_recv_into` and `sock_sendall`: operations on stream sockets that the user owns.

Each tries its system call at once, and where that would block waits until the socket is ready and tries again. Only the
task that asked ever reads, after it was woken: a task that is cancelled just then has taken nothing that the next
reader would miss. Where the last read has taken all that there was, the next one waits before it tries.

Exactly a `socket.socket` is read and written natively, and never blocks, whatever its timeout. Of other kinds the
methods are called.
"""

import socket

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.object cimport PyTypeObject
from libc.errno cimport EAGAIN, EBADF, EINTR

from ouroloop.kernel.errors cimport os_error
from ouroloop.kernel.sockets cimport receive, send_one
from ouroloop.loop.core cimport LoopCore
from ouroloop.loop.descriptors cimport DescriptorWatcher, end_turn, read_by_turns, watcher_of_socket
from ouroloop.loop.handle cimport Handle
from ouroloop.task.future cimport PENDING, new_future
from ouroloop.task.operation cimport PASSES_ON, Operation, Spares, keep_spares, take_spare
from ouroloop.transport.large_read cimport receive_object

from ouroloop.loop.descriptors import remove_handle, set_handle

cdef extern from "Python.h":
    bint PyLong_CheckExact(object number)
    Py_ssize_t PyLong_AsSsize_t(object number) noexcept
    void PyErr_Clear()

cdef extern from *:
    """
    /* What `fileno` of a plain socket calls, found once. */
    static PyCFunction ouroloop_fileno = NULL;

    static void ouroloop_find_fileno(PyObject *method) {
        if (Py_IS_TYPE(method, &PyMethodDescr_Type)
                && ((PyMethodDescrObject *)method)->d_method->ml_flags == METH_NOARGS) {
            ouroloop_fileno = ((PyMethodDescrObject *)method)->d_method->ml_meth;
        }
    }

    static int ouroloop_number_of(PyObject *sock) {
        PyObject *number = ouroloop_fileno == NULL
            ? PyObject_CallMethod(sock, "fileno", NULL) : ouroloop_fileno(sock, NULL);
        long value = number == NULL ? -1 : PyLong_AsLong(number);
        Py_XDECREF(number);
        return (int)value;
    }
    """
    void find_fileno "ouroloop_find_fileno"(object method) noexcept
    # The descriptor of a plain socket; -1 once it is closed.
    int number_of "ouroloop_number_of"(object sock) except? -1

cdef enum:
    SCRATCH_MAX = 256 * 1024  # bytes; more are received into an object of their own

cdef object PlainSocket = socket.socket
cdef tuple WOULD_BLOCK = (BlockingIOError, InterruptedError)
cdef Spares spare_receives
cdef Spares spare_sends


cdef class WakeHandle(Handle):
    """What a descriptor's watcher holds while an operation waits."""

    def cancel(self):
        """Another one waits in its place."""
        self._cancelled = True

    cdef bint wake(self) except -1:
        # The descriptor stays ready until the task runs, which may be an iteration later.
        if self.future is not None and self.future.state == PENDING:
            self.future.finish(None)
        return True


cdef class SocketOperation(Operation):
    """An operation on one socket. A kind says what it tries."""

    cdef bint go_on(self) except -1:
        if not self.is_begun:
            self.begin()
        else:
            if self.handle is not None:
                self.stop_waiting()
            if self.is_plain:
                # It may be closed by now, and its number another one's.
                self.fd = number_of(self.sock)
        if self.attempt():
            return True
        self.wait_for_it()
        return False

    cdef int interrupt(self, object error) except -1:
        if self.handle is not None:
            self.stop_waiting()
        return PASSES_ON

    cdef int let_go(self) except -1:
        self.core = None
        self.sock = None
        self.handle = None
        self.is_begun = False
        return 0

    cdef int begin(self) except -1:
        self.is_begun = True
        self.is_plain = type(self.sock) is PlainSocket
        if not self.is_plain or self.core._debug:
            self.core._check_usable_socket(self.sock)
        if self.is_plain:
            self.fd = number_of(self.sock)
        return 0

    cdef bint attempt(self) except -1:
        raise NotImplementedError("a kind of operation makes its system call")

    cdef int wait_for_it(self) except -1:
        raise NotImplementedError("a kind of operation knows for what it waits")

    cdef int stop_waiting(self) except -1:
        raise NotImplementedError("a kind of operation knows for what it waits")

    cdef bint would_block(self, Py_ssize_t result) except -1:
        """Whether a call with a negative result has to wait; raises what it failed with."""
        if result != -EAGAIN and result != -EINTR:
            raise os_error(<int>-result)
        return True


cdef WakeHandle new_handle_for(SocketOperation operation):
    """A pending future in `waits_on`, and the handle that completes it."""
    cdef LoopCore core = operation.core
    cdef WakeHandle handle
    core.check_open()
    if not operation.is_plain:
        operation.fd = operation.sock.fileno()
    if operation.fd < 0:
        raise os_error(EBADF)
    if operation.fd < core.transport_capacity and core.transports[operation.fd] != NULL:
        core._ensure_fd_no_transport(operation.fd)
    handle = WakeHandle.__new__(WakeHandle)
    handle._loop = core
    handle.future = new_future(core)
    operation.waits_on = handle.future
    return handle


cdef class ReceiveOperation(SocketOperation):
    """An operation that reads."""

    cdef int wait_for_it(self) except -1:
        cdef WakeHandle handle = new_handle_for(self)
        read_by_turns(self.core, self.fd, self.sock, handle)
        self.handle = handle
        return 0

    cdef int stop_waiting(self) except -1:
        handle = self.handle
        self.handle = None
        return end_turn(self.core, self.fd, handle)

    cdef bint is_surely_empty(self) except -1:
        """Whether the last read left nothing, and nothing was reported since."""
        cdef DescriptorWatcher watcher
        if self.waits_on is not None or not self.is_plain:
            return False
        watcher = watcher_of_socket(self.core, self.fd, self.sock)
        return watcher is not None and watcher.lingers and watcher.is_drained

    cdef int note(self, bint has_all) except -1:
        """Takes note of whether a read has taken all that there was."""
        cdef DescriptorWatcher watcher = watcher_of_socket(self.core, self.fd, self.sock)
        if watcher is not None and watcher.lingers:
            watcher.is_drained = has_all and watcher.is_stream
        return 0


cdef class Receive(ReceiveOperation):
    """`loop.sock_recv`."""

    cdef str name(self):
        return "sock_recv"

    cdef Spares *spares(self) noexcept:
        return &spare_receives

    cdef int let_go(self) except -1:
        self.asked = None
        return SocketOperation.let_go(self)

    cdef bint attempt(self) except -1:
        cdef Py_ssize_t count
        cdef char *scratch
        cdef bytes data
        cdef Py_ssize_t asked = -1
        if self.is_plain and PyLong_CheckExact(self.asked):
            asked = PyLong_AsSsize_t(self.asked)
            if asked == -1:
                PyErr_Clear()
        if asked <= 0:
            # Of another kind, or no number of bytes: the method says best what is wrong with it.
            try:
                self.value = self.sock.recv(self.asked)
            except WOULD_BLOCK:
                return False
            return True
        if self.is_surely_empty():
            return False
        if asked <= SCRATCH_MAX:
            scratch = self.core.scratch_buffer()
            count = receive(self.fd, scratch, asked)
            if count < 0:
                return not self.would_block(count)
            self.value = PyBytes_FromStringAndSize(scratch, count)
        else:
            data = receive_object(self.fd, asked, &count)
            if count < 0:
                return not self.would_block(count)
            self.value = b"" if data is None else data
        self.note(0 < count < asked)
        return True


cdef class ReceiveInto(ReceiveOperation):
    """`loop.sock_recv_into`."""

    cdef str name(self):
        return "sock_recv_into"

    cdef bint attempt(self) except -1:
        cdef Py_buffer view
        cdef Py_ssize_t count, asked
        if not self.is_plain:
            try:
                self.value = self.sock.recv_into(self.asked)
            except WOULD_BLOCK:
                return False
            return True
        try:
            PyObject_GetBuffer(self.asked, &view, PyBUF_SIMPLE | PyBUF_WRITABLE)
        except (BufferError, TypeError):
            # The method says best what is wrong with it.
            self.value = self.sock.recv_into(self.asked)
            return True
        if self.is_surely_empty():
            PyBuffer_Release(&view)
            return False
        asked = view.len
        count = receive(self.fd, view.buf, asked) if asked else 0
        PyBuffer_Release(&view)
        if count < 0:
            return not self.would_block(count)
        self.value = count
        self.note(0 < count < asked)
        return True


cdef class SendAll(SocketOperation):
    """`loop.sock_sendall`."""

    cdef str name(self):
        return "sock_sendall"

    cdef Spares *spares(self) noexcept:
        return &spare_sends

    cdef int let_go(self) except -1:
        self.data = self.view = None
        self.sent = 0
        return SocketOperation.let_go(self)

    cdef bint attempt(self) except -1:
        cdef Py_buffer buffer
        cdef Py_ssize_t sent, size
        if not self.is_plain:
            return self.attempt_method()
        PyObject_GetBuffer(self.data, &buffer, PyBUF_SIMPLE)
        size = buffer.len
        sent = send_one(self.fd, <char *>buffer.buf + self.sent, size - self.sent)
        PyBuffer_Release(&buffer)
        if sent < 0:
            self.would_block(sent)
        else:
            self.sent += sent
        if self.sent == size:
            return True
        if self.view is None:
            # It must keep its size until all is sent.
            self.view = memoryview(self.data)
        return False

    cdef bint attempt_method(self) except -1:
        try:
            if self.view is None:
                self.view = memoryview(self.data).cast("B")
                self.sent = self.sock.send(self.data)
            else:
                self.sent += self.sock.send(self.view[self.sent :])
        except WOULD_BLOCK:
            pass
        return self.sent >= len(self.view)

    cdef int wait_for_it(self) except -1:
        cdef WakeHandle handle = new_handle_for(self)
        set_handle(self.core, self.fd, handle, True, self.sock)
        self.handle = handle
        return 0

    cdef int stop_waiting(self) except -1:
        handle = self.handle
        self.handle = None
        if not handle._cancelled and not self.core.closed:
            remove_handle(self.core, self.fd, True)
        return 0


def sock_recv(LoopCore loop not None, sock, nbytes):
    """Receives up to `nbytes` bytes; b"" at the end of the stream."""
    cdef Receive operation
    operation = take_spare(&spare_receives) if spare_receives.count else Receive.__new__(Receive)
    operation.core = loop
    operation.sock = sock
    operation.asked = nbytes
    return operation


def sock_recv_into(LoopCore loop not None, sock, buf):
    """Receives into a writable buffer, and returns the number of bytes."""
    cdef ReceiveInto operation = ReceiveInto.__new__(ReceiveInto)
    operation.core = loop
    operation.sock = sock
    operation.asked = buf
    return operation


def sock_sendall(LoopCore loop not None, sock, data):
    """Sends all of a bytes-like object. After an error nobody knows how much of it was sent."""
    cdef SendAll operation
    operation = take_spare(&spare_sends) if spare_sends.count else SendAll.__new__(SendAll)
    operation.core = loop
    operation.sock = sock
    operation.data = data
    return operation


find_fileno(PlainSocket.fileno)
keep_spares(<PyTypeObject *>Receive, &spare_receives)
keep_spares(<PyTypeObject *>SendAll, &spare_sends)
