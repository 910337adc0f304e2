/* One connection under load: as many messages in flight as the pipeline is deep, a new one for each reply;
 * or, at a rate, those that were due. Connections live in one array for the whole run, so an event's pointer to one is always good.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "replies.h"
#include "wire.h"

#include <stdint.h>

struct connection {
    struct wire wire;
    enum { HANDSHAKING, OPEN, LOST } state;
    bool writable;
    size_t unsent_bytes;
    size_t offset; /* of the next byte to send, inside a message */
    long messages_left;
    struct replies replies;
    uint64_t *sent_ns; /* ring of the times at which the messages in flight were sent, oldest first */
    int oldest, newest, in_flight;
    uint64_t opened_ns;
};

/* What all connections together have done. */
struct tally {
    uint64_t completed; /* replies; with --churn, connections served */
    uint64_t errors;    /* connections lost */
    int unfinished;     /* connections that still have messages to send or replies to get */
    bool measuring;     /* latencies count */
};

extern struct tally tally;

/* Connects and registers with the poller; false with errno set. */
bool connection_open(struct connection *connection, int poller);

/* Sends the first messages. */
void connection_start(struct connection *connection);

/* Sends a message that was due at that moment; false when too many are in flight already. */
bool connection_send(struct connection *connection, uint64_t due_ns);

void connection_event(struct connection *connection, uint32_t events);

#endif
