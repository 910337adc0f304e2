/* The limit: what a server reaches that does nothing but the system calls. Level-triggered epoll, one thread,
 * a read answered by a write; echo, echo under TLS, or a fixed HTTP response. It announces its port on
 * standard output, or with --unix the number in its abstract name.
 *
 * echo [--http] [--tls CERTIFICATE KEY] [--unix] [--udp] [--buffer BYTES] [--lifetime SECONDS] */
#include "connection.h"
#ifdef WITH_TLS
#include "tls.h"
#endif

#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 1024, BACKLOG = 4096 };

static const char response[] =
    "HTTP/1.1 200 OK\r\nserver: echo\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    "content-type: text/plain\r\ncontent-length: 13\r\n\r\nHello, world!";

enum { RESPONSE_BYTES = sizeof response - 1, RESPONSES_AT_ONCE = 64 };

/* Answers to pipelined requests leave in one system call. */
static char responses[RESPONSES_AT_ONCE * RESPONSE_BYTES];

static bool http;
static bool tls;
static bool unix_sockets;
static bool datagrams;
static unsigned lifetime_seconds = 900;
static size_t buffer_bytes = 256 * 1024;
static char *received, *plain;
static int poller, listener;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void reject(const char *reason) {
    fprintf(stderr, "echo: %s\n", reason);
    exit(1);
}

static void read_options(int count, char **words) {
    static const struct option names[] = {
        {"http", no_argument, NULL, 'h'},
        {"tls", required_argument, NULL, 't'},
        {"unix", no_argument, NULL, 'u'},
        {"udp", no_argument, NULL, 'd'},
        {"buffer", required_argument, NULL, 'b'},
        {"lifetime", required_argument, NULL, 'l'},
        {NULL, 0, NULL, 0},
    };
    int name;
    while ((name = getopt_long(count, words, "", names, NULL)) != -1) {
        if (name == 'h')
            http = true;
        else if (name == 'u')
            unix_sockets = true;
        else if (name == 'd')
            datagrams = true;
        else if (name == 'b')
            buffer_bytes = (size_t)atol(optarg);
        else if (name == 'l')
            lifetime_seconds = (unsigned)atoi(optarg);
        else if (name == 't' && optind < count) {
            tls = true;
#ifdef WITH_TLS
            tls_configure(optarg, words[optind++]);
#else
            reject("built without TLS");
#endif
        } else
            reject("usage: echo [--http] [--tls CERTIFICATE KEY] [--unix] [--udp] [--buffer BYTES] "
                   "[--lifetime SECONDS]");
    }
}

static void announce(int number) {
    printf("port %d\n", number);
    fflush(stdout);
}

static void listen_on_name(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "benchmark-%d", getpid());
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, bytes) || listen(listener, BACKLOG))
        fail("echo: listen");
    announce(getpid());
}

static void listen_on_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    listener = socket(AF_INET, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) ||
        (!datagrams && listen(listener, BACKLOG)) ||
        getsockname(listener, (struct sockaddr *)&address, &length))
        fail("echo: listen");
    announce(ntohs(address.sin_port));
}

static void echo_datagrams(void) {
    struct sockaddr_in sender;
    socklen_t length = sizeof sender;
    ssize_t count;
    struct sockaddr *address = (struct sockaddr *)&sender;
    while ((count = recvfrom(listener, received, buffer_bytes, 0, address, &length)) >= 0) {
        sendto(listener, received, (size_t)count, 0, address, length);
        length = sizeof sender;
    }
}

static void accept_all(void) {
    int descriptor;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct connection *connection = connection_open(poller, descriptor);
#ifdef WITH_TLS
        if (tls && connection)
            tls_open(connection);
#endif
        (void)connection;
    }
}

static void lay_out_responses(void) {
    for (int i = 0; i < RESPONSES_AT_ONCE; i++)
        memcpy(responses + i * RESPONSE_BYTES, response, RESPONSE_BYTES);
}

/* Requests come whole on loopback, so counting the empty lines that end them is enough. */
static bool respond(struct connection *connection, size_t count) {
    const char *place = received, *end = received + count;
    size_t owed = 0;
    while ((place = memmem(place, (size_t)(end - place), "\r\n\r\n", 4))) {
        place += 4;
        owed++;
    }
    while (owed) {
        size_t now = owed < RESPONSES_AT_ONCE ? owed : RESPONSES_AT_ONCE;
        if (!connection_write(connection, responses, now * RESPONSE_BYTES))
            return false;
        owed -= now;
    }
    return true;
}

static bool serve(struct connection *connection) {
    ssize_t count = recv(connection->descriptor, received, buffer_bytes, 0);
    if (count <= 0)
        return count < 0 && errno == EAGAIN;
#ifdef WITH_TLS
    if (tls)
        return tls_echo(connection, received, (size_t)count, plain, buffer_bytes);
#endif
    if (http)
        return respond(connection, (size_t)count);
    return connection_write(connection, received, (size_t)count);
}

static void finish(struct connection *connection) {
#ifdef WITH_TLS
    if (tls)
        tls_close(connection);
#endif
    connection_close(connection);
}

int main(int count, char **words) {
    static struct epoll_event ready[EVENTS_AT_ONCE];
    read_options(count, words);
    alarm(lifetime_seconds); /* a server whose starter died must not stay */
    received = malloc(buffer_bytes);
    plain = malloc(buffer_bytes);
    poller = epoll_create1(0);
    if (!received || !plain || poller < 0)
        fail("echo: set-up");
    lay_out_responses();
    (unix_sockets ? listen_on_name : listen_on_port)();
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, listener, &interest))
        fail("echo: epoll_ctl");
    for (;;) {
        int events = epoll_wait(poller, ready, EVENTS_AT_ONCE, -1);
        for (int i = 0; i < events; i++) {
            struct connection *connection = ready[i].data.ptr;
            if (!connection)
                (datagrams ? echo_datagrams : accept_all)();
            else if (!(connection->interest & EPOLLOUT ? connection_flush(connection) : serve(connection)))
                finish(connection);
        }
    }
}
