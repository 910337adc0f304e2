/* A neutral load generator: one thread, epoll, a message for each reply or as many as a rate says. It opens its
 * connections, lets the server warm up, counts replies for a while (or until every connection has had its
 * messages) and prints one line of JSON. */
#include "clock.h"
#include "connection.h"
#include "histogram.h"
#include "message.h"
#include "options.h"
#include "process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 1024, WAIT_MS = 50, LIFETIME_SECONDS = 900 };

static const uint64_t STALLED_NS = 10000000000u;

struct snapshot {
    uint64_t moment_ns;
    uint64_t completed;
    uint64_t waits; /* calls of epoll_wait */
    double own_cpu_seconds;
    struct process_figures own, server;
};

static int poller;
static uint64_t waits;
static struct connection *connections;

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static struct snapshot take_snapshot(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    struct snapshot snapshot = {.completed = tally.completed, .waits = waits};
    snapshot.own_cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                               1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    snapshot.own = read_process(getpid());
    if (options.server_pid)
        snapshot.server = read_process(options.server_pid);
    snapshot.moment_ns = now_ns();
    return snapshot;
}

static double open_connections(void) {
    uint64_t start_ns = now_ns();
    tally.unfinished = options.connections;
    connections = calloc((size_t)options.connections, sizeof *connections);
    poller = epoll_create1(0);
    if (!connections || poller < 0)
        fail("set-up");
    for (int i = 0; i < options.connections; i++)
        if (!connection_open(&connections[i], poller))
            fail("connect");
    return (double)(now_ns() - start_ns) / 1e9;
}

static void start_connections(void) {
    if (options.rate > 0)
        return;
    for (int i = 0; i < options.connections; i++)
        connection_start(&connections[i]);
}

/* At a rate: sends what is due by now, on one connection after another. */
static void send_due(void) {
    static uint64_t start_ns, count;
    static int next;
    if (!start_ns)
        start_ns = now_ns();
    uint64_t moment_ns = now_ns(), due_ns;
    while ((due_ns = start_ns + (uint64_t)((double)count * 1e9 / options.rate)) <= moment_ns) {
        if (!connection_send(&connections[next], due_ns)) {
            fprintf(stderr, "load: the server does not keep up with %.0f messages a second\n", options.rate);
            exit(5);
        }
        next = next + 1 == options.connections ? 0 : next + 1;
        count++;
    }
}

static void wait_and_serve(void) {
    static struct epoll_event ready[EVENTS_AT_ONCE];
    if (options.rate > 0)
        send_due();
    int count = epoll_wait(poller, ready, EVENTS_AT_ONCE, options.busy ? 0 : WAIT_MS);
    if (count < 0 && errno != EINTR)
        fail("epoll_wait");
    waits++;
    for (int i = 0; i < count; i++)
        connection_event(ready[i].data.ptr, ready[i].events);
}

/* Serves until the moment, or (0) until no connection is unfinished. False when nothing came back for too
 * long. */
static bool serve_until(uint64_t moment_ns) {
    uint64_t last_completed = tally.completed, progress_ns = now_ns();
    while (tally.unfinished) {
        wait_and_serve();
        uint64_t moment = now_ns();
        if (moment_ns && moment >= moment_ns)
            return true;
        if (tally.completed != last_completed) {
            last_completed = tally.completed;
            progress_ns = moment;
        } else if (moment - progress_ns > STALLED_NS) {
            return false;
        }
    }
    return !moment_ns;
}

static void print_figures(struct snapshot first, struct snapshot last, double connect_seconds) {
    uint64_t requests = last.completed - first.completed, polls = last.waits - first.waits;
    double per_request = requests ? 1.0 / (double)requests : 0;
    double seconds = (double)(last.moment_ns - first.moment_ns) / 1e9;
    printf("{\"connections\": %d, \"message_bytes\": %zu, \"pipeline\": %d, \"requests\": %llu",
           options.connections, options.message_bytes, options.pipeline, (unsigned long long)requests);
    printf(", \"errors\": %llu, \"connect_seconds\": %.4f, \"seconds\": %.4f",
           (unsigned long long)tally.errors, connect_seconds, seconds);
    printf(", \"requests_per_second\": %.1f", (double)requests / seconds);
    printf(", \"latency_mean_us\": %.1f, \"latency_p50_us\": %.1f", latency_mean_us(),
           latency_percentile_us(.5));
    printf(", \"latency_p99_us\": %.1f, \"latency_p999_us\": %.1f", latency_percentile_us(.99),
           latency_percentile_us(.999));
    printf(", \"latency_max_us\": %.1f", latency_max_us());
    printf(", \"generator_us_per_request\": %.3f, \"generator_waiting_share\": %.3f",
           (last.own_cpu_seconds - first.own_cpu_seconds) * 1e6 * per_request,
           (double)(last.own.waiting_ns - first.own.waiting_ns) / 1e9 / seconds);
    printf(", \"requests_per_wait\": %.2f", (double)requests / (double)(polls ? polls : 1));
    if (options.server_pid) {
        double running_ns = (double)(last.server.running_ns - first.server.running_ns);
        printf(", \"server_us_per_request\": %.3f, \"server_cpu_share\": %.3f",
               running_ns / 1e3 * per_request, running_ns / 1e9 / seconds);
        printf(", \"server_waiting_share\": %.3f",
               (double)(last.server.waiting_ns - first.server.waiting_ns) / 1e9 / seconds);
        printf(", \"server_resident_bytes\": %llu", (unsigned long long)last.server.resident_bytes);
    }
    printf("}\n");
    fflush(stdout);
}

static void wait_for_end_of_input(void) {
    char ignored[64];
    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0)
        ;
}

/* Each run serves its connections between two snapshots; false when there is nothing to report. */
static bool run_for_messages(struct snapshot *first, struct snapshot *last) {
    tally.measuring = true;
    *first = take_snapshot();
    start_connections();
    if (!serve_until(0))
        tally.errors += (uint64_t)tally.unfinished; /* what is still owed is lost; the other figures stand */
    *last = take_snapshot();
    return last->completed > 0;
}

static bool run_for_time(struct snapshot *first, struct snapshot *last) {
    start_connections();
    if (!serve_until(now_ns() + (uint64_t)(options.warm_seconds * 1e9)))
        return false;
    tally.measuring = true;
    *first = take_snapshot();
    bool served = serve_until(first->moment_ns + (uint64_t)(options.seconds * 1e9));
    *last = take_snapshot();
    return served;
}

int main(int count, char **words) {
    struct snapshot first, last;
    signal(SIGPIPE, SIG_IGN);
    alarm(LIFETIME_SECONDS); /* a generator whose starter died must not stay */
    read_options(count, words);
    make_message();
    double connect_seconds = open_connections();
    if (!(options.messages ? run_for_messages : run_for_time)(&first, &last)) {
        fprintf(stderr, "load: %s after %llu replies; connections lost: %llu\n",
                tally.unfinished ? "the server stopped answering" : "every connection was lost",
                (unsigned long long)tally.completed, (unsigned long long)tally.errors);
        return 4;
    }
    print_figures(first, last, connect_seconds);
    if (options.hold)
        wait_for_end_of_input();
    return 0;
}
