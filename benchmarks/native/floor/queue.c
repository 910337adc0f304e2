#include "line.h"

typedef struct {
    PyObject_HEAD PyObject **items; /* a ring, whose size is a power of two */
    size_t first, count, size;
    size_t count_max; /* 0: no bound */
    Line getting, putting;
} Queue;

enum { SIZE_MIN = 16 };

static PyObject *queue_new(PyObject *type, PyObject *const *arguments, size_t count,
                           PyObject *Py_UNUSED(names)) {
    Queue *queue = PyObject_GC_New(Queue, (PyTypeObject *)type);
    queue->items = malloc(SIZE_MIN * sizeof *queue->items);
    if (!queue->items)
        fail("no memory");
    queue->first = queue->count = 0;
    queue->size = SIZE_MIN;
    queue->count_max = PyVectorcall_NARGS(count) ? PyLong_AsSize_t(arguments[0]) : 0;
    queue->getting = queue->putting = (Line){NULL, NULL};
    PyObject_GC_Track(queue);
    return (PyObject *)queue;
}

static PyObject **place_of(Queue *queue, size_t number) {
    return &queue->items[(queue->first + number) & (queue->size - 1)];
}

static int queue_traverse(PyObject *self, visitproc visit, void *arg) {
    Queue *queue = (Queue *)self;
    for (size_t i = 0; i < queue->count; i++)
        Py_VISIT(*place_of(queue, i));
    return 0;
}

static int queue_clear(PyObject *self) {
    Queue *queue = (Queue *)self;
    while (queue->count)
        Py_DECREF(*place_of(queue, --queue->count));
    return 0;
}

static void queue_free(PyObject *self) {
    PyObject_GC_UnTrack(self);
    queue_clear(self);
    free(((Queue *)self)->items);
    PyObject_GC_Del(self);
}

static void grow(Queue *queue) {
    PyObject **grown = malloc(2 * queue->size * sizeof *grown);
    if (!grown)
        fail("no memory");
    for (size_t i = 0; i < queue->count; i++)
        grown[i] = *place_of(queue, i);
    free(queue->items);
    queue->items = grown;
    queue->size *= 2;
    queue->first = 0;
}

static void wake_first(Line *line) {
    Place *place = line_leave(line);
    if (place)
        ready_push(place->task);
}

static PyObject *get_step(PyObject *self) {
    Place *place = (Place *)self;
    Queue *queue = (Queue *)place->owner;
    if (!queue->count)
        return line_join(&queue->getting, place);
    PyObject *item = *place_of(queue, 0);
    queue->first = (queue->first + 1) & (queue->size - 1);
    queue->count--;
    wake_first(&queue->putting);
    return give(item);
}

static PyObject *put_step(PyObject *self) {
    Place *place = (Place *)self;
    Queue *queue = (Queue *)place->owner;
    if (queue->count_max && queue->count >= queue->count_max)
        return line_join(&queue->putting, place);
    if (queue->count == queue->size)
        grow(queue);
    *place_of(queue, queue->count++) = Py_NewRef(place->item);
    wake_first(&queue->getting);
    return NULL;
}

PyTypeObject GetType = PLACE_TYPE("floor.Get", get_step);
PyTypeObject PutType = PLACE_TYPE("floor.Put", put_step);

static PyObject *get(PyObject *self, PyObject *Py_UNUSED(none)) {
    return place_new(&GetType, self, NULL);
}

static PyObject *put(PyObject *self, PyObject *item) {
    return place_new(&PutType, self, item);
}

static PyMethodDef methods[] = {
    {"get", get, METH_NOARGS, NULL},
    {"put", put, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject QueueType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Queue",
    .tp_basicsize = sizeof(Queue),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = queue_traverse,
    .tp_clear = queue_clear,
    .tp_dealloc = queue_free,
    .tp_vectorcall = queue_new,
    .tp_methods = methods,
};
