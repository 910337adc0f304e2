/* TLS echo through memory buffers, as Python's SSLObject works: the socket's bytes go in, bytes for the
 * socket come out. Compiled in with -DWITH_TLS; without it nothing needs OpenSSL. */
#ifndef TLS_H
#define TLS_H

#include "connection.h"

void tls_configure(const char *certificate, const char *key);
void tls_open(struct connection *connection);
void tls_close(struct connection *connection);

/* Echoes what the received bytes hold, taking `buffer` for the plain text; false when the connection is over.
 */
bool tls_echo(struct connection *connection, const char *received, size_t count, char *buffer,
              size_t buffer_bytes);

#endif
