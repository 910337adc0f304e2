#include "floor.h"

#include <pthread.h>
#include <semaphore.h>

/* What is handed to the one worker thread, under the interpreter's lock. */
typedef struct job Job;
struct job {
    PyObject *function, *future;
    PyObject *context; /* to run in, or NULL */
    Job *next;
};

static Job *first, *last;
static sem_t jobs;
static bool has_worker;

PyObject *call_soon_threadsafe(PyObject *Py_UNUSED(loop), PyObject *const *arguments, Py_ssize_t count) {
    PyObject *handle = handle_new(arguments, count, NULL);
    ready_push(Py_NewRef(handle));
    wake_loop();
    return handle;
}

static void do_job(Job *job) {
    if (job->context)
        PyContext_Enter(job->context);
    PyObject *result = PyObject_CallNoArgs(job->function);
    if (job->context)
        PyContext_Exit(job->context);
    if (!result)
        fail("a call in a thread failed");
    future_finish(job->future, result);
    wake_loop();
    Py_DECREF(job->function);
    Py_DECREF(job->future);
    Py_XDECREF(job->context);
    free(job);
}

static void *work(void *unused) {
    PyGILState_Ensure();
    for (;;) {
        PyThreadState *state = PyEval_SaveThread();
        while (sem_wait(&jobs))
            ;
        PyEval_RestoreThread(state);
        Job *job = first;
        first = job->next;
        do_job(job);
    }
    return unused;
}

static void start_worker(void) {
    pthread_t worker;
    if (sem_init(&jobs, 0, 0) || pthread_create(&worker, NULL, work, NULL))
        fail("no thread");
    pthread_detach(worker);
    has_worker = true;
}

/* A future of what the function returns in the other thread. */
static PyObject *submit(PyObject *function, PyObject *context) {
    if (!has_worker)
        start_worker();
    Job *job = malloc(sizeof *job);
    if (!job)
        fail("no memory");
    *job = (Job){Py_NewRef(function), future_new(), context, NULL};
    PyObject *future = Py_NewRef(job->future);
    if (first)
        last->next = job;
    else
        first = job;
    last = job;
    sem_post(&jobs);
    return future;
}

/* run_in_executor(None, function) */
PyObject *run_in_executor(PyObject *Py_UNUSED(loop), PyObject *const *arguments,
                          Py_ssize_t Py_UNUSED(count)) {
    return submit(arguments[1], NULL);
}

PyObject *to_thread(PyObject *Py_UNUSED(module), PyObject *function) {
    return submit(function, PyContext_CopyCurrent());
}
