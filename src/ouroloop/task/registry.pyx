"""Which task a loop runs now and which tasks it has, by the standard library's own record.

`asyncio.current_task()` of the running Python reads a dictionary that its C module owns (up to 3.13) or a field of the
thread state (from 3.14). Other people's code calls that function, so there is no second record of ours.

Up to 3.13 the record is kept late: nobody finds a loop in a dictionary without asking for its hash, and that is when
the task that runs is entered (`TaskCore.__hash__`), once a step at most. A step that nobody asks about costs nothing.
Where a subclass of the loop has a hash of its own, and from 3.14 on, a step enters itself and leaves; one right after
another takes the first one's place (`replace_task`), which costs half as much, and `LoopCore.forget_last_step` sees to
it that nobody else finds the first.

`asyncio.all_tasks()` is the only one that knows tasks of every make; it lists ours too (`lend`).

What users call is a built-in function, as with the newest Python: in the body of a class it becomes no method.
"""

import asyncio

import _asyncio

cimport cython
from cpython.ref cimport PyObject

from ouroloop.loop.core cimport LoopCore

cdef extern from "Python.h":
    PyObject *PyDict_GetItemWithError(object mapping, object key) except? NULL
    int PyDict_SetItem(object mapping, object key, object value) except -1
    int PyDict_DelItem(object mapping, object key) except -1

cdef extern from *:
    """
    /* As `object.__hash__`: objects are aligned, so the lowest bits say little. */
    static Py_hash_t ouroloop_hash_of_pointer(PyObject *object) {
        size_t place = (size_t)object;
        Py_hash_t hash = (Py_hash_t)((place >> 4) | (place << (8 * sizeof place - 4)));
        return hash == -1 ? -2 : hash;
    }
    """
    Py_hash_t hash_of_pointer "ouroloop_hash_of_pointer"(PyObject *object) noexcept

cdef dict current_tasks = getattr(_asyncio, "_current_tasks", None)  # {loop: task}, None from 3.14 on
cdef object c_enter_task = _asyncio._enter_task
cdef object c_leave_task = _asyncio._leave_task
cdef object c_current_task = asyncio.current_task
cdef object standard_all_tasks = asyncio.all_tasks
cdef object get_running_loop = asyncio.get_running_loop
cdef object c_swap_current_task = getattr(_asyncio, "_swap_current_task", None)


@cython.binding(False)
def current_task(loop=None):
    """current_task(loop=None)
--

    The task that `loop` (None: the running one) runs now, or None. As `asyncio.current_task`.
    """
    return current_task_of(get_running_loop() if loop is None else loop)


@cython.binding(False)
def all_tasks(loop=None):
    """all_tasks(loop=None)
--

    The tasks of `loop` (None: the running one) that are not done, of any make. As `asyncio.all_tasks`.
    """
    return standard_all_tasks(get_running_loop() if loop is None else loop)


cdef object current_task_of(object loop):
    """The task that `loop` runs now, or None."""
    cdef PyObject *task
    if isinstance(loop, LoopCore):
        task = (<LoopCore>loop).running_task
        if task != NULL and (<LoopCore>loop).recorded_task == NULL:
            return <object>task
    if current_tasks is None:
        return c_current_task(loop)
    task = PyDict_GetItemWithError(current_tasks, loop)
    return None if task == NULL else <object>task


cdef int enter_task(object loop, object task) except -1:
    """Says that `loop` now runs `task`. Raises RuntimeError while it runs another one."""
    if current_tasks is None or PyDict_GetItemWithError(current_tasks, loop) != NULL:
        c_enter_task(loop, task)
        return 0
    return PyDict_SetItem(current_tasks, loop, task)


cdef int leave_task(object loop, object task) except -1:
    """Says that `loop` runs no task any more. Raises RuntimeError when `task` is not the one it runs."""
    if current_tasks is None or PyDict_GetItemWithError(current_tasks, loop) != <PyObject *>task:
        c_leave_task(loop, task)
        return 0
    return PyDict_DelItem(current_tasks, loop)


cdef int replace_task(object loop, object task) except -1:
    """Puts `task` in the place of the task whose step ran last, and did not leave."""
    if current_tasks is None:
        c_swap_current_task(loop, task)
        return 0
    return PyDict_SetItem(current_tasks, loop, task)


cdef int forget_task(object loop) except -1:
    """Says that `loop` runs no task, whatever it ran last."""
    if current_tasks is None:
        c_swap_current_task(loop, None)
        return 0
    if PyDict_GetItemWithError(current_tasks, loop) != NULL:
        PyDict_DelItem(current_tasks, loop)
    return 0


cdef object swap_task(object loop, object task):
    """Puts `task` (or None) in the place of the task that `loop` runs, and returns that one (or None)."""
    cdef PyObject *found
    if current_tasks is None:
        return c_swap_current_task(loop, task)
    found = PyDict_GetItemWithError(current_tasks, loop)
    previous = None if found == NULL else <object>found
    if task is not None:
        PyDict_SetItem(current_tasks, loop, task)
    elif found != NULL:
        PyDict_DelItem(current_tasks, loop)
    return previous


cdef bint can_record_late(object loop, object hash_of_core) except -1:
    return current_tasks is not None and type(loop).__hash__ is hash_of_core


cdef Py_hash_t hash_of_core(LoopCore core) except -1:
    if core.recorded_task != core.running_task:
        record(core)
    return hash_of_pointer(<PyObject *>core)


cdef int record(LoopCore core) except -1:
    """Makes the record say what the core says."""
    cdef PyObject *task = core.running_task
    # First, because the dictionary asks for the hash again.
    core.recorded_task = task
    if task != NULL:
        return PyDict_SetItem(current_tasks, core, <object>task)
    if PyDict_GetItemWithError(current_tasks, core) != NULL:
        PyDict_DelItem(current_tasks, core)
    return 0


cdef int begin_nested_step(LoopCore core, PyObject *task, Interrupted *outer) except -1:
    """A step inside a step. Raises RuntimeError, unless somebody has taken the outer one off the record."""
    if PyDict_GetItemWithError(current_tasks, core) != NULL:
        c_enter_task(core, <object>task)
    outer.running = core.running_task
    outer.recorded = core.recorded_task
    core.running_task = task
    core.recorded_task = NULL
    return 0


cdef int end_recorded_step(LoopCore core, Interrupted *outer) except -1:
    cdef PyObject *recorded = core.recorded_task
    # Until they are what they were before, the hash enters nothing.
    core.running_task = core.recorded_task = NULL
    if recorded != NULL and PyDict_GetItemWithError(current_tasks, core) == recorded:
        PyDict_DelItem(current_tasks, core)
    core.running_task = outer.running
    core.recorded_task = outer.recorded
    return 0


cdef bint begin_eager_step(LoopCore core, PyObject *task, Interrupted *outer) except -1:
    cdef PyObject *found
    if core.running_task == NULL or core.recorded_task != NULL:
        found = PyDict_GetItemWithError(current_tasks, core)
        if found != NULL and found != core.running_task:
            return False
    outer.running = core.running_task
    core.running_task = task
    return True


cdef int end_eager_step(LoopCore core, Interrupted *outer) except -1:
    core.running_task = outer.running
    if core.recorded_task != NULL and core.recorded_task != core.running_task:
        record(core)
    return 0
