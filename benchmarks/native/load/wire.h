/* Bytes in and out of one non-blocking connection, plain or under TLS.
 * TLS is compiled in with -DWITH_TLS; without it nothing here needs OpenSSL. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Beside a number of bytes: nothing now, ask after the next event; or the connection is gone. */
enum { WIRE_WAIT = 0, WIRE_LOST = -1 };

struct wire {
    int descriptor;
    void *tls; /* the TLS session, or NULL for a plain connection */
};

/* A blocking open returns once the connection, with its TLS session, stands; the wire never blocks
 * afterwards. */
bool wire_open(struct wire *wire, bool blocking);
void wire_close(struct wire *wire, bool reset);
ssize_t wire_send(struct wire *wire, const char *bytes, size_t count);
/* `is_drained`: whether it is certain that there is no more, but for an end of file. While replies are counted
 * and not looked at, these bytes may be cipher text. */
ssize_t wire_receive(struct wire *wire, char *bytes, size_t count, bool *is_drained);

/* 1 when the session stands (at once without TLS), WIRE_WAIT or WIRE_LOST. */
int wire_handshake(struct wire *wire);

#endif
