#include "connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int poller;

static void wait_for(struct connection *connection, uint32_t events) {
    if (connection->interest == events)
        return;
    struct epoll_event interest = {.events = events, .data.ptr = connection};
    epoll_ctl(poller, connection->interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, connection->descriptor,
              &interest);
    connection->interest = events;
}

struct connection *connection_open(int poller_descriptor, int descriptor) {
    int yes = 1;
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) {
        close(descriptor);
        return NULL;
    }
    poller = poller_descriptor;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    connection->descriptor = descriptor;
    wait_for(connection, EPOLLIN);
    return connection;
}

void connection_close(struct connection *connection) {
    close(connection->descriptor);
    free(connection->queued);
    free(connection);
}

static bool enqueue(struct connection *connection, const char *bytes, size_t count) {
    size_t needed = connection->queued_bytes + count;
    if (needed > connection->queued_bytes_max) {
        char *grown = realloc(connection->queued, needed * 2);
        if (!grown)
            return false;
        connection->queued = grown;
        connection->queued_bytes_max = needed * 2;
    }
    memcpy(connection->queued + connection->queued_bytes, bytes, count);
    connection->queued_bytes = needed;
    wait_for(connection, EPOLLOUT);
    return true;
}

bool connection_write(struct connection *connection, const char *bytes, size_t count) {
    ssize_t sent = 0;
    if (!connection->queued_bytes) {
        sent = send(connection->descriptor, bytes, count, MSG_NOSIGNAL);
        if (sent == (ssize_t)count)
            return true;
        if (sent < 0 && errno != EAGAIN)
            return false;
        if (sent < 0)
            sent = 0;
    }
    return enqueue(connection, bytes + sent, count - (size_t)sent);
}

bool connection_flush(struct connection *connection) {
    ssize_t sent = send(connection->descriptor, connection->queued, connection->queued_bytes, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN;
    connection->queued_bytes -= (size_t)sent;
    if (connection->queued_bytes)
        memmove(connection->queued, connection->queued + sent, connection->queued_bytes);
    else
        wait_for(connection, EPOLLIN);
    return true;
}
