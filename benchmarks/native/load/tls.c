#ifdef WITH_TLS
#include "tls.h"

#include "wire.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    HEADER_BYTES = 5,
    /* Of a record's body under TLS 1.3 with AES-GCM: the type of what is in it, and the tag (RFC 8446, 5.2). */
    ADDED_BYTES = 1 + 16
};

/* Decrypting takes a generator as long as it takes a server, which then would be measured by the generator's
 * pace. So what comes back is decrypted while the server warms up, and after that records are counted by the
 * lengths in their headers. */
struct session {
    SSL *tls;
    bool counts;
    size_t body_left; /* bytes that are missing of the record that comes in */
    size_t header_bytes;
    unsigned char header[HEADER_BYTES];
};

/* A server's certificate is not checked: the benchmark's servers sign their own. Sessions are not resumed, so
 * that every handshake is a full one. */
static SSL_CTX *make_context(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context) {
        ERR_print_errors_fp(stderr);
        exit(2);
    }
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384");
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return context;
}

void *tls_open(int descriptor) {
    static SSL_CTX *context;
    if (!context)
        context = make_context();
    struct session *session = calloc(1, sizeof *session);
    if (!session || !(session->tls = SSL_new(context))) {
        fprintf(stderr, "load: no memory for a TLS session\n");
        exit(2);
    }
    SSL_set_fd(session->tls, descriptor);
    SSL_set_connect_state(session->tls);
    return session;
}

void tls_close(void *opaque) {
    struct session *session = opaque;
    SSL_shutdown(session->tls);
    SSL_free(session->tls);
    free(session);
}

static int outcome(SSL *tls, int result) {
    int error = SSL_get_error(tls, result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? WIRE_WAIT : WIRE_LOST;
}

int tls_handshake(void *opaque) {
    SSL *tls = ((struct session *)opaque)->tls;
    int result = SSL_do_handshake(tls);
    return result == 1 ? 1 : outcome(tls, result);
}

ssize_t tls_send(void *opaque, const char *bytes, size_t count) {
    SSL *tls = ((struct session *)opaque)->tls;
    int result = SSL_write(tls, bytes, (int)count);
    return result > 0 ? result : outcome(tls, result);
}

/* How many bytes the records that end in this cipher text would be. */
static size_t count_records(struct session *session, const char *bytes, size_t count) {
    size_t plain = 0;
    while (count) {
        size_t wanted = session->header_bytes < HEADER_BYTES ? HEADER_BYTES - session->header_bytes
                                                             : session->body_left;
        size_t taken = wanted < count ? wanted : count;
        if (session->header_bytes < HEADER_BYTES) {
            memcpy(session->header + session->header_bytes, bytes, taken);
            session->header_bytes += taken;
            session->body_left = (size_t)session->header[3] << 8 | session->header[4];
        } else if (!(session->body_left -= taken)) {
            plain += ((size_t)session->header[3] << 8 | session->header[4]) - ADDED_BYTES;
            session->header_bytes = 0;
        }
        bytes += taken;
        count -= taken;
    }
    return plain;
}

ssize_t tls_receive(void *opaque, char *bytes, size_t count, bool counts, bool *is_drained) {
    struct session *session = opaque;
    *is_drained = false;
    while (session->counts) {
        ssize_t received = recv(SSL_get_fd(session->tls), bytes, count, 0);
        if (received <= 0)
            return received < 0 && errno == EAGAIN ? WIRE_WAIT : WIRE_LOST;
        *is_drained = received < (ssize_t)count;
        size_t plain = count_records(session, bytes, (size_t)received);
        if (plain)
            return (ssize_t)plain;
    }
    int result = SSL_read(session->tls, bytes, (int)count);
    if (result <= 0)
        return outcome(session->tls, result);
    /* The tickets, which look like replies from outside, came before the first of them. OpenSSL reads a record
     * at a time, and here holds nothing of the next. */
    session->counts = counts && !SSL_has_pending(session->tls);
    return result;
}
#else
typedef int built_without_tls; /* ISO C wants a translation unit to declare something */
#endif
