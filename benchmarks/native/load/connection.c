#include "connection.h"

#include "clock.h"
#include "histogram.h"
#include "message.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { RECEIVE_BYTES = 512 * 1024, READS_AT_ONCE = 32 };

static const uint32_t events_wanted = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP;

struct tally tally;

static int poller;
static char received[RECEIVE_BYTES];

static void lose(struct connection *connection) {
    wire_close(&connection->wire, false);
    connection->state = LOST;
    tally.errors++;
    tally.unfinished--;
}

static int next_in_ring(int place) {
    return place + 1 == options.pipeline ? 0 : place + 1;
}

static void queue_messages(struct connection *connection, int count, uint64_t moment_ns) {
    if (options.messages) {
        if (count > connection->messages_left)
            count = (int)connection->messages_left;
        connection->messages_left -= count;
    }
    for (int i = 0; i < count; i++) {
        connection->sent_ns[connection->newest] = moment_ns;
        connection->newest = next_in_ring(connection->newest);
    }
    connection->in_flight += count;
    connection->unsent_bytes += options.message_bytes * (size_t)count;
}

static void flush(struct connection *connection) {
    while (connection->unsent_bytes && connection->writable) {
        size_t count = message_stream_bytes - connection->offset;
        if (count > connection->unsent_bytes)
            count = connection->unsent_bytes;
        if (options.datagrams)
            count = options.message_bytes;
        ssize_t sent = wire_send(&connection->wire, message_stream + connection->offset, count);
        if (sent == WIRE_LOST) {
            lose(connection);
            return;
        }
        if (sent == WIRE_WAIT) {
            connection->writable = false;
            return;
        }
        connection->unsent_bytes -= (size_t)sent;
        connection->offset = (connection->offset + (size_t)sent) % options.message_bytes;
    }
}

static void complete(struct connection *connection, int count, uint64_t moment_ns) {
    tally.completed += (uint64_t)count;
    connection->in_flight -= count;
    for (int i = 0; i < count; i++) {
        uint64_t since_ns = options.churn ? connection->opened_ns : connection->sent_ns[connection->oldest];
        connection->oldest = next_in_ring(connection->oldest);
        if (tally.measuring)
            record_latency(moment_ns - since_ns);
    }
}

/* With --churn: closes the connection that was served and opens the next in its place. */
static void renew(struct connection *connection) {
    wire_close(&connection->wire, true);
    if (!connection_open(connection, poller)) {
        perror("load: reconnect");
        exit(2);
    }
    connection_start(connection);
}

static bool register_with_poller(struct connection *connection, int operation) {
    struct epoll_event interest = {.events = events_wanted, .data.ptr = connection};
    return !epoll_ctl(poller, operation, connection->wire.descriptor, &interest);
}

static void receive(struct connection *connection, uint32_t events) {
    for (int reads = 0; reads < READS_AT_ONCE; reads++) {
        bool is_drained;
        ssize_t count = wire_receive(&connection->wire, received, sizeof received, &is_drained);
        if (count == WIRE_WAIT)
            return;
        if (count == WIRE_LOST) {
            lose(connection);
            return;
        }
        uint64_t moment_ns = now_ns();
        int whole = count_replies(&connection->replies, received, (size_t)count);
        if (whole) {
            complete(connection, whole, moment_ns);
            if (options.churn) {
                renew(connection);
                return;
            }
            if (options.messages && !connection->messages_left) {
                tally.unfinished--;
                return;
            }
            if (!options.rate)
                queue_messages(connection, whole, moment_ns);
            flush(connection);
            if (connection->state == LOST)
                return;
        }
        if (is_drained && !(events & EPOLLRDHUP))
            return;
    }
    /* Others have their turn; registering anew reports what is still unread, which an edge would not. */
    register_with_poller(connection, EPOLL_CTL_MOD);
}

bool connection_open(struct connection *connection, int poller_descriptor) {
    poller = poller_descriptor;
    connection->opened_ns = now_ns();
    if (!wire_open(&connection->wire, !options.churn))
        return false;
    connection->state = options.churn ? HANDSHAKING : OPEN;
    connection->writable = !options.churn;
    connection->unsent_bytes = connection->offset = 0;
    connection->oldest = connection->newest = connection->in_flight = 0;
    connection->messages_left = options.messages;
    forget_replies(&connection->replies);
    if (!connection->sent_ns &&
        !(connection->sent_ns = calloc((size_t)options.pipeline, sizeof *connection->sent_ns)))
        return false;
    return register_with_poller(connection, EPOLL_CTL_ADD);
}

void connection_start(struct connection *connection) {
    queue_messages(connection, options.pipeline, now_ns());
    flush(connection);
}

bool connection_send(struct connection *connection, uint64_t due_ns) {
    if (connection->state == LOST)
        return true;
    if (connection->in_flight == options.pipeline)
        return false;
    queue_messages(connection, 1, due_ns);
    flush(connection);
    return true;
}

void connection_event(struct connection *connection, uint32_t events) {
    if (connection->state == LOST)
        return;
    if (events & EPOLLOUT)
        connection->writable = true;
    if (connection->state == HANDSHAKING) {
        if (!connection->writable)
            return;
        int result = wire_handshake(&connection->wire);
        if (result == WIRE_LOST)
            lose(connection);
        if (result != 1)
            return;
        connection->state = OPEN;
    }
    if (connection->unsent_bytes) {
        flush(connection);
        if (connection->state == LOST)
            return;
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        receive(connection, events);
}
