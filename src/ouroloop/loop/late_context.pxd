# Copies of the current context that become an object when somebody needs one. Header only.
#
# A callback runs in a copy of the context that it was scheduled in. A copy of a `contextvars.Context` shares its
# variables with the original until one of the two is changed: they are an immutable mapping. So what waits keeps the
# variables alone, which costs a reference. To run, it borrows a context that has just been used, and gives it these
# variables. A context that somebody else has come to hold meanwhile, as every token of `ContextVar.set` does, is not
# given back: it is what the copy has become.
#
# What is kept is therefore one of two: a context, or the variables of one. A context's fields are found where
# Modules/_contextvars and Python/context.c of CPython 3.11 to 3.15 have them. Where they are not, as a module finds out
# when it is imported (`learn_contexts`), a copy is an object from the start.

from cpython.ref cimport PyObject

cdef extern from *:
    """
    #ifndef OUROLOOP_LATE_CONTEXT
    #define OUROLOOP_LATE_CONTEXT
    typedef struct {
        PyObject_HEAD
        PyObject *previous;
        PyObject *variables;
        PyObject *weak_references;
        int is_entered;
    } ouroloop_context;

    #define OUROLOOP_CONTEXT(object) ((ouroloop_context *)(object))

    /* The type of variables, and those of a new context; NULL where copies are objects. */
    static PyTypeObject *ouroloop_variables_type;
    static PyObject *ouroloop_no_variables;

    /* NULL while it is lent. */
    static PyObject *ouroloop_spare_context;

    static int ouroloop_is_laid_out(PyObject *context, PyObject *copy, PyObject *variable) {
        PyObject *before = OUROLOOP_CONTEXT(context)->variables;
        PyObject *token;
        int is_entered;
        if (before == NULL || strcmp(Py_TYPE(before)->tp_name, "hamt") != 0
                || OUROLOOP_CONTEXT(copy)->variables != before || OUROLOOP_CONTEXT(context)->weak_references != NULL
                || OUROLOOP_CONTEXT(context)->is_entered) {
            return 0;
        }
        if (PyContext_Enter(context) < 0) {
            return -1;
        }
        is_entered = OUROLOOP_CONTEXT(context)->is_entered == 1 && PyThreadState_Get()->context == context;
        token = PyContextVar_Set(variable, Py_None);
        if (PyContext_Exit(context) < 0 || token == NULL) {
            Py_XDECREF(token);
            return -1;
        }
        Py_DECREF(token);
        return is_entered && OUROLOOP_CONTEXT(copy)->variables == before
            && Py_TYPE(OUROLOOP_CONTEXT(context)->variables) == Py_TYPE(before)
            && OUROLOOP_CONTEXT(context)->variables != before && !OUROLOOP_CONTEXT(context)->is_entered;
    }

    static int ouroloop_learn_contexts(void) {
        int result = 0;
    #ifndef Py_GIL_DISABLED
        PyObject *context, *copy, *variable;
        if (PyContext_Type.tp_basicsize != sizeof(ouroloop_context)
                || PyContext_Type.tp_weaklistoffset != offsetof(ouroloop_context, weak_references)) {
            return 0;
        }
        context = PyContext_New();
        copy = context == NULL ? NULL : PyContext_Copy(context);
        variable = PyContextVar_New("ouroloop", NULL);
        result = copy == NULL || variable == NULL ? -1 : ouroloop_is_laid_out(context, copy, variable);
        if (result > 0) {
            ouroloop_no_variables = Py_NewRef(OUROLOOP_CONTEXT(copy)->variables);
            ouroloop_variables_type = Py_TYPE(ouroloop_no_variables);
            result = 0;
        }
        Py_XDECREF(context);
        Py_XDECREF(copy);
        Py_XDECREF(variable);
    #endif
        return result;
    }

    static inline PyObject *ouroloop_copy_context(void) {
        PyObject *current = PyThreadState_Get()->context;
        if (current == NULL || ouroloop_variables_type == NULL) {
            return PyContext_CopyCurrent();
        }
        return Py_NewRef(OUROLOOP_CONTEXT(current)->variables);
    }

    static inline int ouroloop_is_late(PyObject *kept) {
        return Py_TYPE(kept) == ouroloop_variables_type;
    }

    static inline PyObject *ouroloop_as_context(PyObject *kept) {
        PyObject *context, *before;
        if (!ouroloop_is_late(kept)) {
            return Py_NewRef(kept);
        }
        context = PyContext_New();
        if (context != NULL) {
            before = OUROLOOP_CONTEXT(context)->variables;
            OUROLOOP_CONTEXT(context)->variables = Py_NewRef(kept);
            Py_DECREF(before);
        }
        return context;
    }

    static inline PyObject **ouroloop_field(PyObject *holder, size_t place) {
        return (PyObject **)((char *)holder + place);
    }

    static inline PyObject *ouroloop_context_of(PyObject *holder, size_t place) {
        PyObject **field = ouroloop_field(holder, place);
        PyObject *kept, *context;
        while (ouroloop_is_late(*field)) {
            kept = Py_NewRef(*field);
            context = ouroloop_as_context(kept);
            /* Making one may have run a finalizer, who has asked for it before. */
            if (context != NULL && *field == kept) {
                Py_SETREF(*field, context);
            } else {
                Py_XDECREF(context);
            }
            Py_DECREF(kept);
            if (context == NULL) {
                return NULL;
            }
        }
        return Py_NewRef(*field);
    }

    /* References move: the field's to the context, and the spare one's to the field. */
    static inline int ouroloop_borrow_context(PyObject *holder, size_t place) {
        PyObject **field = ouroloop_field(holder, place);
        PyObject *context;
        if (!ouroloop_is_late(*field)) {
            return 0;
        }
        context = ouroloop_spare_context;
        ouroloop_spare_context = NULL;
        /* Whoever lists all objects may hold it, or has run something in it. */
        if (context == NULL || Py_REFCNT(context) != 1
                || OUROLOOP_CONTEXT(context)->variables != ouroloop_no_variables) {
            Py_XDECREF(context);
            context = PyContext_New();
            if (context == NULL) {
                return -1;
            }
            /* As above. */
            if (!ouroloop_is_late(*field)) {
                Py_DECREF(context);
                return 0;
            }
        }
        OUROLOOP_CONTEXT(context)->variables = *field;
        *field = context;
        return 1;
    }

    /* And back. The reference to no variables was nobody's meanwhile. */
    static inline void ouroloop_give_back(PyObject *holder, size_t place, PyObject *context) {
        PyObject **field = ouroloop_field(holder, place);
        /* The field's reference, and that of who has run in it. */
        if (*field != context || Py_REFCNT(context) != 2 || OUROLOOP_CONTEXT(context)->weak_references != NULL) {
            Py_DECREF(ouroloop_no_variables);
            return;
        }
        *field = OUROLOOP_CONTEXT(context)->variables;
        OUROLOOP_CONTEXT(context)->variables = ouroloop_no_variables;
        if (ouroloop_spare_context == NULL) {
            ouroloop_spare_context = context;
        } else {
            Py_DECREF(context);
        }
    }

    static inline PyObject *ouroloop_enter_context(PyObject *holder, size_t place, int *is_borrowed) {
        PyObject *context;
        *is_borrowed = ouroloop_borrow_context(holder, place);
        if (*is_borrowed < 0) {
            return NULL;
        }
        context = Py_NewRef(*ouroloop_field(holder, place));
        if (PyContext_Enter(context) < 0) {
            Py_DECREF(context);
            return NULL;
        }
        return context;
    }

    static inline int ouroloop_leave_context(PyObject *holder, size_t place, PyObject *context, int is_borrowed) {
        int result = PyContext_Exit(context);
        if (is_borrowed && result == 0) {
            ouroloop_give_back(holder, place, context);
        }
        Py_DECREF(context);
        return result;
    }
    #endif
    """
    # For each module that cimports this, when it is imported.
    int learn_contexts "ouroloop_learn_contexts"() except -1
    # A copy of the current context, to be kept.
    object copy_context "ouroloop_copy_context"()
    # A context for what is kept, a new one where that is only variables.
    object as_context "ouroloop_as_context"(object kept)
    # The context of an object that keeps it `place` bytes into itself. From now on that is a context.
    object context_of "ouroloop_context_of"(PyObject *holder, size_t place)
    # Enters it, and where only variables are kept, a borrowed one in their place. The caller's to leave; NULL with an
    # exception.
    PyObject *enter_context "ouroloop_enter_context"(PyObject *holder, size_t place, int *is_borrowed)
    # After that the object keeps the variables as they are now, or still the context where others hold it.
    int leave_context "ouroloop_leave_context"(
        PyObject *holder, size_t place, PyObject *context, int is_borrowed
    ) except -1
