"""The task: a coroutine that the loop runs step by step, and the core that keeps tasks alive.

A ready task is its own entry in the ready queue. A step (`advance`) sends into the coroutine in the task's context and
looks at what comes out: None means "again in the next iteration", a future means "when that is done", a return or a
raised exception completes the task.

While it is pending, a task stands in its core's list, which holds a reference: nobody else has to. The list ends with
the loop: what is pending when the loop is closed is let go, and reported when it is destroyed.

The semantics are `asyncio.Task`'s to the letter: cancellation is counted, a `cancel()` reaches the future that the
task waits for or else the next step, and the first CancelledError is kept so that its traceback is not lost.
"""

import asyncio
import inspect
from contextvars import Context

cimport cython
from cpython.object cimport PyTypeObject
from cpython.ref cimport PyObject
from libc.stdint cimport uint64_t

from ouroloop.kernel.errors cimport raise_again, take_raised
from ouroloop.kernel.fork cimport fork_depth
from ouroloop.loop.core cimport LoopCore
from ouroloop.loop.late_context cimport context_of, copy_context, enter_context, learn_contexts, leave_context
from ouroloop.loop.spare_memory cimport track, use_spare_memory
from ouroloop.task.await_slots cimport RAISED, RETURNED, YIELDED, throw_into
from ouroloop.task.future cimport FINISHED, PENDING, Future, new_future
from ouroloop.task.quick_calls cimport (
    call_type,
    dict_of_arguments,
    find_keywords,
    set_quick_method,
    set_vectorcall,
    tuple_of_arguments,
)
from ouroloop.task.quiet_end cimport end_quietly
from ouroloop.task.registry cimport (
    Interrupted,
    begin_eager_step,
    begin_step,
    can_record_late,
    end_eager_step,
    end_step,
    enter_task,
    forget_task,
    hash_of_core,
    leave_task,
    replace_task,
    swap_task,
)

from ouroloop.task.current import current_loop
from ouroloop.task.describe import describe_task, print_task_stack, task_parts, task_stack
from ouroloop.task.factory import made_by_factory
from ouroloop.task.lend import lend_tasks_of

cdef extern from "Python.h":
    object PyContext_CopyCurrent()
    int PyIter_Send(object coro, object value, PyObject **result)
    bint PyCoro_CheckExact(object coro)
    void Py_DECREF(PyObject *owned)
    void Py_INCREF(PyObject *owned)
    Py_ssize_t references_to "Py_REFCNT"(PyObject *owned)
    size_t CONTEXT_PLACE "offsetof(struct __pyx_obj_8ouroloop_4task_4task_Task, context)"
    Py_ssize_t PyVectorcall_NARGS(size_t flags)

cdef object TASK_CONTRACT = asyncio.Task
cdef object CancelledError = asyncio.CancelledError
cdef object iscoroutine = asyncio.iscoroutine
cdef tuple ENDS_THE_LOOP = (SystemExit, KeyboardInterrupt)
cdef uint64_t default_names = 0  # given so far


cdef class Task(Future):
    """Task(coro, *, loop=None, name=None, context=None, eager_start=False)
--

    A coroutine that an event loop runs, as `asyncio.Task`.

    coro: the coroutine. loop: None takes the current one. name: None makes one up. context: the `contextvars.Context`
    to run in; None takes a copy of the current one. eager_start: runs the first step at once, where the loop runs.
    Raises TypeError for what is no coroutine.
    """

    def __init__(self, coro, *, loop=None, name=None, context=None, eager_start=False):
        if self._loop is not None:
            raise RuntimeError("Task object is already initialized")
        if not PyCoro_CheckExact(coro) and not iscoroutine(coro):
            raise TypeError(f"a coroutine was expected, got {coro!r}")
        self.set_up(coro, current_loop() if loop is None else loop, name, context)
        self.start(eager_start)

    def __del__(self):
        self.report_pending()
        self.report_unretrieved()

    @property
    def __class__(self):
        return TASK_CONTRACT

    cdef int set_up(self, object coro, object loop, object name, object context) except -1:
        # Before anything is kept: making the text of a name may fail, and the task may then be set up again.
        global default_names
        if name is not None and type(name) is not str:
            name = str(name)
            if self._loop is not None:
                raise RuntimeError("Task object is already initialized")
        if context is not None and type(context) is not Context:
            raise TypeError(f"a contextvars.Context was expected, got {type(context).__name__}")
        self.bind(loop)
        if self.core is not None and self.core._debug:
            self.core.check_thread()
        self.coro = coro
        self.name = name
        if name is None:
            default_names += 1
            self.number = default_names
        self.context = copy_context() if context is None else context
        self.log_destroy_pending = True
        if isinstance(loop, TaskCore):
            (<TaskCore>loop).link(self)
        if self.tasks is None or self.tasks.thread_ident == 0:
            track(<PyObject *>self)
        return 0

    cdef int start(self, bint eagerly) except -1:
        if eagerly and (self.core.thread_ident != 0 if self.core is not None else self._loop.is_running()):
            return self.run_eagerly()
        if self.core is not None and not self.core.closed:
            return self.core.push(self)
        try:
            return self.queue_step()
        except BaseException:
            # It will never run: nobody keeps it alive, and it is reported when it goes.
            if self.tasks is not None:
                self.tasks.unlink(self)
            raise

    # What a user asks

    def get_coro(self):
        """The coroutine; None once an eager task has finished in its first step."""
        return self.coro

    def get_context(self):
        """The `contextvars.Context` that every step runs in."""
        return context_of(<PyObject *>self, CONTEXT_PLACE)

    def get_name(self):
        """The name, for people."""
        if self.name is None and self.number != 0:
            self.name = f"Task-{self.number}"
        return self.name

    def set_name(self, value, /):
        """Sets the name; anything is turned into text."""
        self.name = str(value)

    def get_stack(self, *, limit=None):
        """The frames where it stands, or where it failed; outermost first, `limit` at most."""
        return task_stack(self, limit)

    def print_stack(self, *, limit=None, file=None):
        """Prints `get_stack()` as a traceback is printed, to `file` (None: stderr)."""
        print_task_stack(self, limit, file)

    def set_result(self, result, /):
        """Refused: the coroutine's result is the task's."""
        raise RuntimeError("Task does not support set_result operation")

    def set_exception(self, exception, /):
        """Refused: the coroutine's exception is the task's."""
        raise RuntimeError("Task does not support set_exception operation")

    def cancel(self, msg=None):
        """Asks it to end: CancelledError is thrown into the coroutine as soon as it runs again.

        The coroutine may clean up, or even refuse. False when the task is done already.
        """
        self.log_traceback = False
        if self.state != PENDING:
            return False
        self.cancels_requested += 1
        if self.waits_on is not None and self.waits_on.cancel(msg=msg):
            return True
        # It waits for nothing that could be cancelled, so the next step throws.
        self.must_cancel = True
        self._cancel_message = msg
        return True

    def cancelling(self):
        """How many requests to cancel there are, less those taken back by `uncancel()`."""
        return self.cancels_requested

    def uncancel(self):
        """Takes one request to cancel back, and returns how many are left."""
        if self.cancels_requested > 0:
            self.cancels_requested -= 1
            if self.cancels_requested == 0:
                self.must_cancel = False
        return self.cancels_requested

    def __repr__(self):
        return describe_task(self)

    def _repr_info(self):
        return task_parts(self)

    @property
    def _coro(self):
        return self.coro

    @property
    def _fut_waiter(self):
        return self.waits_on

    @property
    def _must_cancel(self):
        return self.must_cancel

    @property
    def _log_destroy_pending(self):
        return self.log_destroy_pending

    @_log_destroy_pending.setter
    def _log_destroy_pending(self, value):
        self.log_destroy_pending = value

    @_log_destroy_pending.deleter
    def _log_destroy_pending(self):
        raise AttributeError("cannot delete attribute")

    # How it runs

    cdef int report_pending(self) except -1:
        """Says, once, that the task will never end."""
        if self.state != PENDING or not self.log_destroy_pending:
            return 0
        self.log_destroy_pending = False
        report = {"task": self, "message": "Task was destroyed but it is pending!"}
        if self._source_traceback:
            report["source_traceback"] = self._source_traceback
        self._loop.call_exception_handler(report)
        return 0

    cdef int run(self) except -1:
        cdef Future future
        if self.waits_on is None:
            return self.step(None, self.core)
        # Only one of our futures queues the task itself, and only once it is done.
        future = <Future>self.waits_on
        if future.state == FINISHED and future.error is None:
            future.log_traceback = False
            # Whoever made it finds during the step that nobody else holds it, and may use it again.
            future = None
            return self.step(None, self.core)
        return self.step(future.outcome_error(), self.core)

    def _wakeup(self, future):
        """What a future of another make calls once it is done."""
        error = None
        try:
            future.result()
        except BaseException as raised:
            error = raised
        self.step(error, None)

    def _step(self, error=None):
        """One step: `error` is thrown into the coroutine, None sends None."""
        self.step(error, None)

    cdef int queue_step(self) except -1:
        if self.core is not None and not self.core.closed:
            return self.core.push(self)
        self._loop.call_soon(self._step, context=PyContext_CopyCurrent())
        return 0

    cdef int step(self, object error, LoopCore runner) except -1:
        """One step. runner: the core that runs it from its queue, and sees to the record afterwards; else None."""
        cdef int result
        cdef Interrupted outer
        if self.state != PENDING:
            raise asyncio.InvalidStateError(f"step(): already done: {self!r}, {error!r}")
        if self.must_cancel:
            if not isinstance(error, CancelledError):
                error = self.take_cancelled_error()
            self.must_cancel = False
        self.waits_on = None
        if runner is None:
            enter_task(self._loop, self)
        elif runner.records_late:
            begin_step(runner, <PyObject *>self, &outer)
        elif runner.has_last_step:
            runner.has_last_step = False
            replace_task(self._loop, self)
        else:
            enter_task(self._loop, self)
        try:
            result = self.advance(error)
        finally:
            if runner is None:
                leave_task(self._loop, self)
            elif runner.records_late:
                end_step(runner, &outer)
            else:
                runner.has_last_step = True
            if self.state != PENDING and references_to(<PyObject *>self) != 1:
                track(<PyObject *>self)
        return result

    cdef int run_eagerly(self) except -1:
        """The first step at once, inside whatever runs now."""
        cdef LoopCore core = self.core
        cdef Interrupted outer
        cdef object swapped = None
        cdef bint is_late = core is not None and core.records_late and begin_eager_step(core, <PyObject *>self, &outer)
        if not is_late:
            swapped = swap_task(self._loop, self)
        try:
            self.advance(None)
        finally:
            if is_late:
                end_eager_step(core, &outer)
            else:
                swap_task(self._loop, swapped)
            if self.state != PENDING:
                self.coro = None
                track(<PyObject *>self)
        return 0

    cdef int advance(self, object error) except -1:
        """Sends None into the coroutine, or throws `error`, and acts on what comes out."""
        cdef PyObject *result = NULL
        cdef int outcome
        cdef int is_borrowed
        cdef PyObject *context = enter_context(<PyObject *>self, CONTEXT_PLACE, &is_borrowed)
        if context == NULL:
            error = take_raised()
            # Who calls this hears that it cannot be entered; that there is no memory for it, who awaits the task.
            return self.fail_with(error) if isinstance(error, MemoryError) else raise_again(error)
        if error is None:
            outcome = PyIter_Send(self.coro, None, &result)
        else:
            outcome = throw_into(self.coro, error, &result)
        error = None
        if outcome == RAISED:
            error = take_raised()
        leave_context(<PyObject *>self, CONTEXT_PLACE, context, is_borrowed)
        if outcome == YIELDED:
            yielded = <object>result
            Py_DECREF(result)
            return self.suspend(yielded)
        if outcome == RETURNED:
            value = <object>result
            Py_DECREF(result)
            return self.complete(value)
        return self.fail_with(error)

    cdef int suspend(self, object yielded) except -1:
        cdef Future future
        if yielded is None:
            return self.queue_step()
        if type(yielded) is Future or type(yielded) is Task:
            future = <Future>yielded
            if future.blocking and future.core is not None and future.core is self.core and yielded is not self:
                future.blocking = False
                future.add_waiter(self)
                self.waits_on = future
                if self.must_cancel and future.cancel(msg=self._cancel_message):
                    self.must_cancel = False
                return 0
        return self.suspend_on_foreign(yielded, getattr(yielded, "_asyncio_future_blocking", None))

    cdef int suspend_on_foreign(self, object yielded, object blocking) except -1:
        """Waits for a future of another make or of a subclass, or says what is wrong with what was yielded."""
        if blocking is None:
            if inspect.isgenerator(yielded):
                return self.fail_next_step(
                    f"yield was used instead of yield from for generator in task {self!r} with {yielded!r}"
                )
            return self.fail_next_step(f"Task got bad yield: {yielded!r}")
        if asyncio.futures._get_loop(yielded) is not self._loop:
            return self.fail_next_step(f"Task {self!r} got Future {yielded!r} attached to a different loop")
        if not blocking:
            return self.fail_next_step(f"yield was used instead of yield from in task {self!r} with {yielded!r}")
        if isinstance(yielded, Future) and (<Future>yielded).needs(self):
            return self.fail_next_step(f"Task cannot await on itself: {self!r}")
        yielded._asyncio_future_blocking = False
        # The wake-up enters the task's context itself, so it runs in another one.
        yielded.add_done_callback(self._wakeup, context=PyContext_CopyCurrent())
        self.waits_on = yielded
        if self.must_cancel and yielded.cancel(msg=self._cancel_message):
            self.must_cancel = False
        return 0

    cdef int fail_next_step(self, str message) except -1:
        self._loop.call_soon(self._step, RuntimeError(message), context=PyContext_CopyCurrent())
        return 0

    cdef int complete(self, object value) except -1:
        if self.tasks is not None:
            self.tasks.unlink(self)
        if self.must_cancel:
            # It was cancelled after its last await.
            self.must_cancel = False
            self.mark_cancelled(self._cancel_message)
            return 0
        return self.finish(value)

    cdef int fail_with(self, object error) except -1:
        if self.tasks is not None:
            self.tasks.unlink(self)
        if isinstance(error, CancelledError):
            self.cancelled_error = error
            self.mark_cancelled(None)
            return 0
        self.fail(error)
        if isinstance(error, ENDS_THE_LOOP):
            return raise_again(error)
        return 0


@cython.no_gc_clear  # as LoopCore
cdef class TaskCore(LoopCore):
    """A loop core that makes futures and tasks, and keeps its pending tasks alive."""

    def __init__(self, poller):
        LoopCore.__init__(self, poller)
        self.step_type = <PyTypeObject *>Task
        self.has_own_create_task = type(self).create_task is not TaskCore.create_task
        self.records_late = can_record_late(self, TaskCore.__hash__)
        lend_tasks_of(self)

    def __hash__(self):
        """By identity. Whoever looks for the task that runs asks for this first, see `registry`."""
        return hash_of_core(self)

    def create_future(self):
        """A new `Future` of this loop."""
        return new_future(self)

    def create_task(self, coro, *, name=None, context=None, eager_start=None, **others):
        """Runs `coro` as a task, made by the task factory where one is set.

        name: None makes one up. context: the `contextvars.Context` to run in; None takes a copy of the current one.
        eager_start: True runs the first step at once. Raises RuntimeError once the loop is closed, TypeError for what
        is no coroutine. As `asyncio.loop.create_task`.
        """
        self.check_open()
        if self.task_factory is not None:
            return made_by_factory(self, coro, name, context, eager_start, others)
        if others:
            raise TypeError(f"create_task() got an unexpected keyword argument {next(iter(others))!r}")
        return self.spawn(coro, name, context, eager_start)

    def set_task_factory(self, factory):
        """Sets what makes tasks: called with (loop, coro, context=...); None for the loop's own.

        Raises TypeError for what is not callable.
        """
        if factory is not None and not callable(factory):
            raise TypeError("task factory must be a callable or None")
        self.task_factory = factory

    def get_task_factory(self):
        """The task factory, or None."""
        return self.task_factory

    def _pending_tasks(self):
        """The pending tasks, oldest first."""
        cdef list tasks = []
        cdef Task task = self.first_task
        while task is not None:
            tasks.append(task)
            task = task.next_task
        return tasks

    def _close_core(self):
        cdef Task task
        cdef object failure = None
        LoopCore._close_core(self)
        while self.first_task is not None:
            task = self.first_task
            self.unlink(task)
            if self.home == fork_depth():
                try:
                    task.report_pending()
                except BaseException as error:
                    failure = error
        if failure is not None:
            raise failure

    cdef int forget_last_step(self) except -1:
        if self.has_last_step:
            self.has_last_step = False
            forget_task(self)
        return 0

    cdef int track_all(self) except -1:
        cdef Task task = self.first_task
        LoopCore.track_all(self)
        while task is not None:
            track(<PyObject *>task)
            task = task.next_task
        return 0

    cdef bint spawns_natively(self) except -1:
        """True where `create_task` without keywords is `spawn`."""
        return self.task_factory is None and not self.has_own_create_task

    cdef Task spawn(self, object coro, object name, object context, bint eagerly):
        """As `create_task` where no task factory is set."""
        cdef Task task
        self.check_open()
        if not PyCoro_CheckExact(coro) and not iscoroutine(coro):
            raise TypeError(f"a coroutine was expected, got {coro!r}")
        task = Task.__new__(Task)
        task.set_up(coro, self, name, context)
        task.start(eagerly)
        return task

    cdef int link(self, Task task) except -1:
        task.tasks = self
        task.previous_task = self.last_task
        if self.last_task is None:
            self.first_task = task
        else:
            self.last_task.next_task = task
        self.last_task = task
        return 0

    cdef int unlink(self, Task task) except -1:
        cdef Task older = task.previous_task
        cdef Task newer = task.next_task
        if older is None:
            self.first_task = newer
        else:
            older.next_task = newer
        if newer is None:
            self.last_task = older
        else:
            newer.previous_task = older
        task.previous_task = task.next_task = None
        task.tasks = None
        return 0


cdef tuple KEYWORDS = ("loop", "name", "context", "eager_start")
cdef object create_task_fully = TaskCore.create_task
cdef bytes CREATE_TASK_DOC = (
    "create_task($self, coro, *, name=None, context=None, eager_start=None, **others)\n--\n\n"
    + inspect.cleandoc(TaskCore.create_task.__doc__)
).encode()


cdef PyObject *create_task_quickly(PyObject *self, PyObject **given, Py_ssize_t count, PyObject *names) except NULL:
    """`create_task`: with the usual arguments, and without a task factory, it is `spawn`."""
    cdef PyObject *values[4]
    cdef object made
    if count == 1 and (<TaskCore>self).task_factory is None and find_keywords(given + 1, names, KEYWORDS, 1, values):
        made = (<TaskCore>self).spawn(<object>given[0], <object>values[1], <object>values[2], <object>values[3])
    else:
        made = create_task_fully(
            <object>self, *tuple_of_arguments(given, count), **dict_of_arguments(given + count, names)
        )
    Py_INCREF(<PyObject *>made)
    return <PyObject *>made


cdef PyObject *task_vectorcall(PyObject *kind, PyObject **given, size_t flags, PyObject *names) except NULL:
    """`Task(coro, ...)`."""
    cdef PyObject *values[4]
    cdef Py_ssize_t count = PyVectorcall_NARGS(flags)
    cdef object made
    cdef Task task
    if count == 1 and PyCoro_CheckExact(<object>given[0]) and find_keywords(given + 1, names, KEYWORDS, 0, values):
        loop = current_loop() if values[0] == <PyObject *>None else <object>values[0]
        task = Task.__new__(Task)
        task.set_up(<object>given[0], loop, <object>values[1], <object>values[2])
        task.start(<object>values[3])
        made = task
    else:
        made = call_type(<object>kind, tuple_of_arguments(given, count), dict_of_arguments(given + count, names))
    Py_INCREF(<PyObject *>made)
    return <PyObject *>made


cdef int has_to_report(PyObject *task) noexcept:
    return (<Task>task).log_traceback or ((<Task>task).state == PENDING and (<Task>task).log_destroy_pending)


learn_contexts()
use_spare_memory(<PyTypeObject *>Task)
end_quietly(<PyTypeObject *>Task, has_to_report)
set_quick_method(<PyTypeObject *>TaskCore, b"create_task", <void *>create_task_quickly, CREATE_TASK_DOC)
set_vectorcall(<PyTypeObject *>Task, <void *>task_vectorcall)
