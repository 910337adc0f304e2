"""A coroutine that another thread has given to a loop: on its way there, and until its task is done."""

from ouroloop.task.follower cimport Follower
from ouroloop.task.task cimport TaskCore

from ouroloop.task.adopt import ensure_future


cdef class Submission(Follower):
    """Submission(coro, loop, future)
--

    Called in the loop's thread it starts `coro` as a task, and tells `future` when that is done.
    """

    def __init__(self, coro, loop, future):
        self.coro = coro
        self.loop = loop
        self.future = future

    def __call__(self, *done):
        # The loop calls it without arguments; a task of another make, once it is done, with itself.
        if done:
            self.run()
        else:
            self._start()

    def _start(self):
        """Makes the task."""
        coro = self.coro
        self.coro = None
        try:
            if isinstance(self.loop, TaskCore) and (<TaskCore>self.loop).spawns_natively():
                task = (<TaskCore>self.loop).spawn(coro, None, None, False)
            else:
                task = ensure_future(coro, loop=self.loop)
            self.follow(task)
            self.future._started(task)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self.future._refused(error)
            raise

    cdef int run(self) except -1:
        self.future._ended(self.followed)
        return 0
