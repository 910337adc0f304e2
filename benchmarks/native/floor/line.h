/* Tasks that wait for their turn, in the order in which they came. A place in the line is the very awaitable
 * that the task waits by, so standing in it costs nothing more. */
#ifndef LINE_H
#define LINE_H

#include "floor.h"

typedef struct place Place;
struct place {
    PyObject_HEAD PyObject *owner; /* what it waits for: a lock, an event, a queue */
    PyObject *item;                /* that is to be put, or NULL */
    Task *task;                    /* borrowed */
    Place *next;
    bool is_granted;
};

typedef struct {
    Place *first, *last;
} Line;

PyObject *place_new(PyTypeObject *type, PyObject *owner, PyObject *item);
void place_free(PyObject *place);
/* Has the running task wait; what the step returns then. */
PyObject *line_join(Line *line, Place *place);
void line_append(Line *line, Place *place);
/* The first of the line, which stands in it no longer, or NULL. */
Place *line_leave(Line *line);
/* Wakes the first, whose turn it is. */
bool line_grant(Line *line);

#define PLACE_TYPE(name, step)                                                                               \
    {                                                                                                        \
        PyVarObject_HEAD_INIT(NULL, 0).tp_name = name,                                                       \
        .tp_basicsize = sizeof(Place),                                                                       \
        .tp_dealloc = place_free,                                                                            \
        .tp_as_async = &awaitable,                                                                           \
        .tp_iter = await_self,                                                                               \
        .tp_iternext = step,                                                                                 \
    }

extern PyTypeObject LockType, SemaphoreType, ConditionType, EventType, QueueType, TimeoutType;
extern PyTypeObject AcquireType, ConditionWaitType, EventWaitType, GetType, PutType, TimeoutEnterType,
    WaitForType;

#endif
