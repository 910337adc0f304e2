# How many times this process is removed by fork from the one that imported the module.
cdef int fork_depth() noexcept
