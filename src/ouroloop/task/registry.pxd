# The running Python's record of which task each loop runs now, as asyncio.current_task() reads it.
from cpython.ref cimport PyObject

from ouroloop.loop.core cimport LoopCore

cdef int enter_task(object loop, object task) except -1
cdef int leave_task(object loop, object task) except -1
cdef int replace_task(object loop, object task) except -1
cdef int forget_task(object loop) except -1
cdef object swap_task(object loop, object task)
cdef object current_task_of(object loop)

# The same for loops that record late.
cdef struct Interrupted:
    # What the core said before.
    PyObject *running
    PyObject *recorded

cdef bint can_record_late(object loop, object hash_of_core) except -1
# The hash of a core, by identity: whoever looks into the record asks for it first.
cdef Py_hash_t hash_of_core(LoopCore core) except -1
cdef int record(LoopCore core) except -1
cdef int begin_nested_step(LoopCore core, PyObject *task, Interrupted *outer) except -1
cdef int end_recorded_step(LoopCore core, Interrupted *outer) except -1
# False where a task of another make runs now: its entry is to be swapped.
cdef bint begin_eager_step(LoopCore core, PyObject *task, Interrupted *outer) except -1
cdef int end_eager_step(LoopCore core, Interrupted *outer) except -1

cdef inline int begin_step(LoopCore core, PyObject *task, Interrupted *outer) except -1:
    if core.running_task != NULL:
        return begin_nested_step(core, task, outer)
    outer.running = outer.recorded = NULL
    core.running_task = task
    return 0

cdef inline int end_step(LoopCore core, Interrupted *outer) except -1:
    if outer.running != NULL or core.recorded_task != NULL:
        return end_recorded_step(core, outer)
    core.running_task = NULL
    return 0
