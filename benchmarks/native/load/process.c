#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static void add_thread(struct process_figures *figures, int pid, const char *thread) {
    char path[300];
    unsigned long long running, waiting;
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, thread);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    if (fscanf(file, "%llu %llu", &running, &waiting) == 2) {
        figures->running_ns += running;
        figures->waiting_ns += waiting;
    }
    fclose(file);
}

static uint64_t read_resident_bytes(int pid) {
    char path[64];
    unsigned long long resident_pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%*u %llu", &resident_pages) != 1)
        resident_pages = 0;
    fclose(file);
    return resident_pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct process_figures read_process(int pid) {
    struct process_figures figures = {.resident_bytes = read_resident_bytes(pid)};
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    if (!threads)
        return figures;
    struct dirent *entry;
    while ((entry = readdir(threads)))
        if (entry->d_name[0] != '.')
            add_thread(&figures, pid, entry->d_name);
    closedir(threads);
    return figures;
}
