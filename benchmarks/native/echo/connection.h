/* One connection of the server: what could not be sent yet, and the events it waits for.
 * While bytes are queued nothing is read: that is the back-pressure. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection {
    int descriptor;
    uint32_t interest; /* events registered with the poller */
    char *queued;
    size_t queued_bytes, queued_bytes_max;
    void *tls; /* the TLS session, or NULL */
};

struct connection *connection_open(int poller, int descriptor);
void connection_close(struct connection *connection);

/* Sends at once what the kernel takes and queues the rest; false when the connection is gone. */
bool connection_write(struct connection *connection, const char *bytes, size_t count);

/* Sends from the queue, after the kernel said there is room; false when the connection is gone. */
bool connection_flush(struct connection *connection);

#endif
