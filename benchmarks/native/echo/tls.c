#ifdef WITH_TLS
#include "tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

static SSL_CTX *context;

void tls_configure(const char *certificate, const char *key) {
    context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
}

void tls_open(struct connection *connection) {
    SSL *session = SSL_new(context);
    SSL_set_accept_state(session);
    SSL_set_bio(session, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    connection->tls = session;
}

void tls_close(struct connection *connection) {
    SSL_free(connection->tls);
}

static bool send_ciphertext(struct connection *connection) {
    char *bytes;
    BIO *out = SSL_get_wbio(connection->tls);
    long count = BIO_get_mem_data(out, &bytes);
    if (count <= 0)
        return true;
    bool alive = connection_write(connection, bytes, (size_t)count);
    (void)BIO_reset(out);
    return alive;
}

static bool wants_more(SSL *session, int result) {
    return SSL_get_error(session, result) == SSL_ERROR_WANT_READ;
}

bool tls_echo(struct connection *connection, const char *received, size_t count, char *buffer,
              size_t buffer_bytes) {
    SSL *session = connection->tls;
    BIO_write(SSL_get_rbio(session), received, (int)count);
    if (!SSL_is_init_finished(session)) {
        int result = SSL_do_handshake(session);
        if (!send_ciphertext(connection))
            return false;
        if (result != 1)
            return wants_more(session, result);
    }
    /* All that came in is read before it is written back: one record out for many in, as a streaming server
     * would. */
    for (;;) {
        size_t plain = 0;
        int result = 1;
        while (plain < buffer_bytes &&
               (result = SSL_read(session, buffer + plain, (int)(buffer_bytes - plain))) > 0)
            plain += (size_t)result;
        bool over = result <= 0 && !wants_more(session, result);
        if (plain && SSL_write(session, buffer, (int)plain) <= 0)
            return false;
        if (!send_ciphertext(connection) || over)
            return false;
        if (result <= 0)
            return true;
    }
}
#else
typedef int built_without_tls; /* ISO C wants a translation unit to declare something */
#endif
