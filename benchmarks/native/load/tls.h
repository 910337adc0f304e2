/* The TLS side of a wire; only `wire.c` calls it, and only when built -DWITH_TLS. */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

void *tls_open(int descriptor);
void tls_close(void *session);
int tls_handshake(void *session);
ssize_t tls_send(void *session, const char *bytes, size_t count);
/* With `counts`, what comes after the first bytes is not decrypted: how many bytes it would be is told, and not
 * what they are. */
ssize_t tls_receive(void *session, char *bytes, size_t count, bool counts, bool *is_drained);

#endif
