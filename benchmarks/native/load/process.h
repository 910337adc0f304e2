/* What the kernel says of a process, read from /proc: zeros where it says nothing. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdint.h>

struct process_figures {
    uint64_t running_ns; /* CPU time of all threads that still live */
    uint64_t waiting_ns; /* time in which a thread could have run but had no core */
    uint64_t resident_bytes;
};

struct process_figures read_process(int pid);

#endif
