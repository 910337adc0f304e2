"""Which task a loop runs now and which tasks it has, by the standard library's own record.

`asyncio.current_task()` of the running Python reads a dictionary that its C module owns (up to 3.13) or a field of the
thread state (from 3.14). Other people's code calls that function, so there is no second record of ours: a task step
enters itself there and leaves. Where the loop runs one step right after another, the second takes the first one's place
(`replace_task`), which costs half as much; `LoopCore.forget_last_step` sees to it that nobody else finds the first.
`asyncio.all_tasks()` is the only one that knows tasks of every make; it lists ours too (`lend`).

What users call is a built-in function, as with the newest Python: in the body of a class it becomes no method.
"""

import asyncio

import _asyncio

cimport cython
from cpython.ref cimport PyObject

cdef extern from "Python.h":
    PyObject *PyDict_GetItemWithError(object mapping, object key) except? NULL
    int PyDict_SetItem(object mapping, object key, object value) except -1
    int PyDict_DelItem(object mapping, object key) except -1

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
