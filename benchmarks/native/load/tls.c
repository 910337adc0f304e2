#ifdef WITH_TLS
#include "tls.h"

#include "wire.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

/* A server's certificate is not checked: the benchmark's servers sign their own. Sessions are not resumed, so
 * that every handshake is a full one. */
static SSL_CTX *make_context(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context) {
        ERR_print_errors_fp(stderr);
        exit(2);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return context;
}

void *tls_open(int descriptor) {
    static SSL_CTX *context;
    if (!context)
        context = make_context();
    SSL *session = SSL_new(context);
    SSL_set_fd(session, descriptor);
    SSL_set_connect_state(session);
    return session;
}

void tls_close(void *session) {
    SSL_shutdown(session);
    SSL_free(session);
}

static int outcome(void *session, int result) {
    int error = SSL_get_error(session, result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? WIRE_WAIT : WIRE_LOST;
}

int tls_handshake(void *session) {
    int result = SSL_do_handshake(session);
    return result == 1 ? 1 : outcome(session, result);
}

ssize_t tls_send(void *session, const char *bytes, size_t count) {
    int result = SSL_write(session, bytes, (int)count);
    return result > 0 ? result : outcome(session, result);
}

ssize_t tls_receive(void *session, char *bytes, size_t count) {
    int result = SSL_read(session, bytes, (int)count);
    return result > 0 ? result : outcome(session, result);
}
#else
typedef int built_without_tls; /* ISO C wants a translation unit to declare something */
#endif
