#include "line.h"

static Spares spares;

PyObject *place_new(PyTypeObject *type, PyObject *owner, PyObject *item) {
    Place *place = (Place *)spares_take(&spares, type);
    place->owner = Py_NewRef(owner);
    place->item = Py_XNewRef(item);
    place->is_granted = false;
    return (PyObject *)place;
}

void place_free(PyObject *self) {
    Place *place = (Place *)self;
    Py_DECREF(place->owner);
    Py_XDECREF(place->item);
    forget_given();
    spares_give(&spares, self);
}

void line_append(Line *line, Place *place) {
    place->next = NULL;
    if (line->first)
        line->last->next = place;
    else
        line->first = place;
    line->last = place;
}

PyObject *line_join(Line *line, Place *place) {
    place->task = running_task;
    line_append(line, place);
    return Py_NewRef(Py_Ellipsis);
}

Place *line_leave(Line *line) {
    Place *place = line->first;
    if (place)
        line->first = place->next;
    return place;
}

bool line_grant(Line *line) {
    Place *place = line_leave(line);
    if (!place)
        return false;
    place->is_granted = true;
    ready_push(place->task);
    return true;
}
