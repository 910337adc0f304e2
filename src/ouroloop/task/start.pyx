"""Starting tasks: in the running loop, and at once."""

import asyncio

from ouroloop.task.task cimport Task, TaskCore

cdef object get_running_loop = asyncio.get_running_loop


def create_task(coro, **kwargs):
    """Runs `coro` as a task of the running loop, and returns the task; `asyncio.create_task`.

    Keywords go to `loop.create_task`: name, context, eager_start, and what the loop's task factory knows.
    """
    loop = get_running_loop()
    if not kwargs and isinstance(loop, TaskCore) and (<TaskCore>loop).spawns_natively():
        return (<TaskCore>loop).spawn(coro, None, None, False)
    return loop.create_task(coro, **kwargs)


def create_eager_task_factory(custom_task_constructor):
    """A task factory whose tasks take their first step at once; `asyncio.create_eager_task_factory`.

    custom_task_constructor: called as `Task` is, with `eager_start`.
    """

    def factory(loop, coro, *, eager_start=True, **kwargs):
        return custom_task_constructor(coro, loop=loop, eager_start=eager_start, **kwargs)

    return factory


eager_task_factory = create_eager_task_factory(Task)
# A task that starts at once has its name from the start, on every Python.
eager_task_factory._takes_name = True
