# The running Python's record of which task each loop runs now, as asyncio.current_task() reads it.
cdef int enter_task(object loop, object task) except -1
cdef int leave_task(object loop, object task) except -1
cdef int replace_task(object loop, object task) except -1
cdef int forget_task(object loop) except -1
cdef object swap_task(object loop, object task)
cdef object current_task_of(object loop)
