#include "wire.h"

#include "connection.h"
#include "options.h"
#ifdef WITH_TLS
#include "tls.h"
#endif
#include "websocket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static bool connect_from_source(int descriptor) {
    int yes = 1;
    if (options.unix_sockets)
        return !connect(descriptor, (struct sockaddr *)&options.unix_address, options.unix_address_bytes);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (options.source.sin_addr.s_addr) { /* each source address has a port range of its own */
        setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
        if (bind(descriptor, (struct sockaddr *)&options.source, sizeof options.source))
            return false;
    }
    return !connect(descriptor, (struct sockaddr *)&options.address, sizeof options.address) ||
           errno == EINPROGRESS;
}

bool wire_open(struct wire *wire, bool blocking) {
    wire->tls = NULL;
    int family = options.unix_sockets ? AF_UNIX : AF_INET;
    int type = options.datagrams ? SOCK_DGRAM : SOCK_STREAM;
    wire->descriptor = socket(family, type | (blocking ? 0 : SOCK_NONBLOCK), 0);
    if (wire->descriptor < 0)
        return false;
    if (!connect_from_source(wire->descriptor)) {
        int reason = errno;
        close(wire->descriptor);
        errno = reason;
        return false;
    }
#ifdef WITH_TLS
    if (options.tls)
        wire->tls = tls_open(wire->descriptor);
    if (blocking && wire_handshake(wire) != 1) {
        wire_close(wire, false);
        errno = EPROTO;
        return false;
    }
#endif
    if (options.websocket && !websocket_upgrade(wire->descriptor)) {
        wire_close(wire, false);
        errno = EPROTO;
        return false;
    }
    if (blocking)
        fcntl(wire->descriptor, F_SETFL, O_NONBLOCK);
    return true;
}

void wire_close(struct wire *wire, bool reset) {
#ifdef WITH_TLS
    if (wire->tls)
        tls_close(wire->tls);
#endif
    if (reset) { /* one connection a message would otherwise fill the port range with TIME_WAIT */
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(wire->descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(wire->descriptor);
    wire->descriptor = -1;
}

int wire_handshake(struct wire *wire) {
#ifdef WITH_TLS
    if (wire->tls)
        return tls_handshake(wire->tls);
#endif
    (void)wire;
    return 1;
}

ssize_t wire_send(struct wire *wire, const char *bytes, size_t count) {
#ifdef WITH_TLS
    if (wire->tls)
        return tls_send(wire->tls, bytes, count);
#endif
    ssize_t sent = send(wire->descriptor, bytes, count, MSG_NOSIGNAL);
    if (sent >= 0)
        return sent;
    return errno == EAGAIN || errno == ENOTCONN ? WIRE_WAIT : WIRE_LOST;
}

ssize_t wire_receive(struct wire *wire, char *bytes, size_t count, bool *is_drained) {
#ifdef WITH_TLS
    if (wire->tls)
        return tls_receive(wire->tls, bytes, count, tally.measuring && !options.verify && !options.http,
                           is_drained);
#endif
    ssize_t received = recv(wire->descriptor, bytes, count, 0);
    *is_drained = !options.datagrams && received < (ssize_t)count;
    if (received > 0)
        return received;
    return received < 0 && errno == EAGAIN ? WIRE_WAIT : WIRE_LOST;
}
