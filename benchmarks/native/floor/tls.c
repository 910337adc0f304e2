#ifdef WITH_TLS
#include "floor.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

/* OpenSSL takes cipher text from where it was received, and puts its own where it is sent from, by a BIO that
 * is only these two places. With memory buffers in their stead a request of 10 KiB costs more, 3 % and 17 % in
 * two measurements, and one of 1 KiB the same within the noise. One endpoint at a time uses the places, and
 * leaves both empty. */
static const char *arrived;
static size_t arrived_bytes;
static char outgoing[RECEIVE_BYTES];
static size_t outgoing_bytes;

/* What is written is a single record: it goes to the kernel from OpenSSL's own buffer. */
static bool is_single;

static SSL_CTX *context;
static BIO_METHOD *method;

static _Noreturn void fail_in_openssl(const char *what) {
    ERR_print_errors_fp(stderr);
    fail(what);
}

static int take_arrived(BIO *bio, char *room, size_t room_bytes, size_t *taken) {
    BIO_clear_retry_flags(bio);
    if (!arrived_bytes) {
        BIO_set_retry_read(bio);
        return 0;
    }
    *taken = room_bytes < arrived_bytes ? room_bytes : arrived_bytes;
    memcpy(room, arrived, *taken);
    arrived += *taken;
    arrived_bytes -= *taken;
    return 1;
}

static void send_outgoing(Endpoint *endpoint) {
    if (outgoing_bytes)
        endpoint_send(endpoint, outgoing, outgoing_bytes);
    outgoing_bytes = 0;
}

static int put_outgoing(BIO *bio, const char *bytes, size_t count, size_t *written) {
    *written = count;
    if (is_single) {
        endpoint_send(BIO_get_data(bio), bytes, count);
        return 1;
    }
    if (count > sizeof outgoing - outgoing_bytes)
        send_outgoing(BIO_get_data(bio));
    memcpy(outgoing + outgoing_bytes, bytes, count);
    outgoing_bytes += count;
    return 1;
}

static long control(BIO *Py_UNUSED(bio), int command, long Py_UNUSED(number), void *Py_UNUSED(argument)) {
    return command == BIO_CTRL_FLUSH;
}

PyObject *secure(PyObject *Py_UNUSED(loop), PyObject *const *arguments, Py_ssize_t Py_UNUSED(count)) {
    const char *certificate = PyUnicode_AsUTF8(arguments[0]), *key = PyUnicode_AsUTF8(arguments[1]);
    context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        fail_in_openssl("no certificate");
    /* As Python's `ssl` has it: a connection without traffic keeps no buffers. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    /* A record is asked for with its header, not after it. */
    SSL_CTX_set_read_ahead(context, 1);
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "floor");
    if (!method || !BIO_meth_set_read_ex(method, take_arrived) ||
        !BIO_meth_set_write_ex(method, put_outgoing) || !BIO_meth_set_ctrl(method, control))
        fail_in_openssl("no BIO");
    Py_RETURN_NONE;
}

void tls_open(Endpoint *endpoint) {
    if (!context)
        return;
    SSL *session = SSL_new(context);
    BIO *bio = BIO_new(method);
    if (!session || !bio)
        fail_in_openssl("no session");
    BIO_set_data(bio, endpoint);
    BIO_set_init(bio, 1);
    SSL_set_bio(session, bio, bio);
    SSL_set_accept_state(session);
    endpoint->tls = session;
}

void tls_close(Endpoint *endpoint) {
    SSL_free(endpoint->tls);
    endpoint->tls = NULL;
}

/* Decrypts all that has arrived; how many bytes that makes. */
static size_t decrypt(Endpoint *endpoint, char *room, size_t room_bytes) {
    SSL *session = endpoint->tls;
    size_t total = 0;
    /* What is not there need not be asked for: where the last record was whole, nothing is left. */
    while (arrived_bytes || SSL_has_pending(session)) {
        size_t count;
        int result = SSL_read_ex(session, room + total, room_bytes - total, &count);
        if (result == 1) {
            total += count;
            continue;
        }
        int error = SSL_get_error(session, result);
        if (error == SSL_ERROR_ZERO_RETURN) {
            /* The peer says that it is done: the next read sees the end. */
            shutdown(endpoint->descriptor, SHUT_RD);
            arrived_bytes = 0;
        } else if (error != SSL_ERROR_WANT_READ)
            fail_in_openssl("a peer does not speak TLS");
        break;
    }
    return total;
}

PyObject *tls_receive(Endpoint *endpoint) {
    ssize_t count = recv(endpoint->descriptor, received, sizeof received, 0);
    if (count < 0 && errno == EAGAIN)
        return NULL;
    if (count <= 0)
        return PyBytes_FromStringAndSize(NULL, 0);
    /* Plain text is shorter than its cipher text, some of which may have arrived before. */
    bool has_part = SSL_has_pending(endpoint->tls);
    Py_ssize_t room_bytes = count + (has_part ? SSL3_RT_MAX_PLAIN_LENGTH : 0);
    PyObject *data = PyBytes_FromStringAndSize(NULL, room_bytes);
    if (!data)
        fail("no memory");
    arrived = received;
    arrived_bytes = (size_t)count;
    size_t plain_bytes = decrypt(endpoint, PyBytes_AS_STRING(data), (size_t)room_bytes);
    /* The handshake's answers, mostly. */
    send_outgoing(endpoint);
    if (!plain_bytes)
        Py_CLEAR(data);
    else
        _PyBytes_Resize(&data, (Py_ssize_t)plain_bytes);
    return data;
}

void tls_write(Endpoint *endpoint, PyObject *data) {
    size_t count = (size_t)PyBytes_GET_SIZE(data), written;
    is_single = count <= SSL3_RT_MAX_PLAIN_LENGTH;
    if (SSL_write_ex(endpoint->tls, PyBytes_AS_STRING(data), count, &written) != 1)
        fail_in_openssl("written before the handshake");
    is_single = false;
    send_outgoing(endpoint);
}
#else
typedef int built_without_tls; /* ISO C wants a translation unit to declare something */
#endif
