# A descriptor for the child `pid`, closed on exec and readable once it has ended; or the negated errno.
cdef int open_process(int pid) noexcept nogil

# Takes the exit code of a child that has ended, as `subprocess.Popen.returncode` has it, and the child with it.
# 1: it has ended; 0: it still runs; else the negated errno (ECHILD: somebody else took it). `descriptor` may be -1.
cdef int reap_child(int pid, int descriptor, int *exit_code) noexcept nogil

# The exit code of a child that somebody else reaped while `descriptor` was open: 0, or the negated errno. EAGAIN while
# the kernel takes the child apart: it cannot be waited for any more then, and its exit code is not told yet.
cdef int exit_code_of_reaped(int descriptor, int *exit_code) noexcept nogil

# 0, or the negated errno. A signal for a child that has ended goes nowhere, never to the next process of that number.
cdef int signal_process(int descriptor, int number) noexcept nogil
