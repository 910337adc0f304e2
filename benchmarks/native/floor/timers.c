#include "floor.h"

#include <math.h>
#include <time.h>

/* The deadline stands beside the handle, so that comparing touches no object. */
typedef struct {
    double deadline_seconds;
    uint64_t number; /* equal deadlines are due in the order in which they were made */
    Handle *handle;  /* owned */
} Entry;

enum { CANCELLED_MIN = 64 };

static Entry *heap;
static size_t count, count_max, cancelled;
static uint64_t timers_made;

double now_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool is_before(const Entry *one, const Entry *other) {
    if (one->deadline_seconds != other->deadline_seconds)
        return one->deadline_seconds < other->deadline_seconds;
    return one->number < other->number;
}

static void sift_down(size_t place) {
    Entry entry = heap[place];
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= count)
            break;
        if (child + 1 < count && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], &entry))
            break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = entry;
}

void timers_add(Handle *handle) {
    if (count == count_max) {
        count_max = count_max ? 2 * count_max : 1024;
        heap = realloc(heap, count_max * sizeof *heap);
        if (!heap)
            fail("no memory");
    }
    handle->is_timer = true;
    Entry entry = {handle->deadline_seconds, timers_made++, (Handle *)Py_NewRef((PyObject *)handle)};
    size_t place = count++;
    while (place && is_before(&entry, &heap[(place - 1) / 2])) {
        heap[place] = heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    heap[place] = entry;
}

static void sweep(void) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (heap[i].handle->callback)
            heap[kept++] = heap[i];
        else
            Py_DECREF(heap[i].handle);
    }
    count = kept;
    cancelled = 0;
    for (size_t place = count / 2; place-- > 0;)
        sift_down(place);
}

void timers_note_cancelled(Handle *handle) {
    if (!handle->is_timer)
        return;
    /* Most timers that are cancelled soon are the youngest, and stand last. */
    if (count && heap[count - 1].handle == handle) {
        count--;
        Py_DECREF(handle);
    } else if (++cancelled > CANCELLED_MIN && cancelled > count / 2)
        sweep();
}

static void pop_first(void) {
    heap[0] = heap[--count];
    if (count)
        sift_down(0);
}

void timers_queue_due(void) {
    if (!count)
        return;
    double now = now_seconds();
    while (count && heap[0].deadline_seconds <= now) {
        Handle *handle = heap[0].handle;
        handle->is_timer = false;
        pop_first();
        if (handle->callback)
            ready_push(handle);
        else {
            cancelled--;
            Py_DECREF(handle);
        }
    }
}

int timers_patience_ms(void) {
    if (!count)
        return -1;
    double seconds = heap[0].deadline_seconds - now_seconds();
    return seconds <= 0 ? 0 : (int)ceil(seconds * 1e3);
}
