#include "options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

/* A server that owes more than this on one connection does not keep up with the rate. */
enum { IN_FLIGHT_MAX = 1024 };

struct options options = {
    .connections = 10,
    .message_bytes = 1024,
    .pipeline = 1,
    .warm_seconds = 0.2,
    .seconds = 1,
    .path = "/",
    .source = {.sin_family = AF_INET},
};

static const char usage[] =
    "usage: load HOST PORT [--conns N] [--size BYTES] [--pipeline DEPTH]\n"
    "            [--seconds S] [--warm S] [--messages N] [--http] [--path PATH] [--tls]\n"
    "            [--churn] [--verify] [--busy] [--hold] [--pid SERVER] [--from HOST]\n"
    "            [--unix] [--udp] [--websocket] [--rate PER_SECOND]\n"
    "Load on an echo, HTTP or WebSocket server; prints one line of JSON. With --rate messages are sent by the\n"
    "clock, and a latency counts from the moment at which its message was due.\n";

static const struct option names[] = {
    {"conns", required_argument, NULL, 'c'},
    {"size", required_argument, NULL, 's'},
    {"pipeline", required_argument, NULL, 'd'},
    {"seconds", required_argument, NULL, 't'},
    {"warm", required_argument, NULL, 'w'},
    {"messages", required_argument, NULL, 'm'},
    {"path", required_argument, NULL, 'p'},
    {"pid", required_argument, NULL, 'i'},
    {"from", required_argument, NULL, 'f'},
    {"rate", required_argument, NULL, 'r'},
    {"http", no_argument, NULL, 'H'},
    {"tls", no_argument, NULL, 'T'},
    {"unix", no_argument, NULL, 'U'},
    {"websocket", no_argument, NULL, 'W'},
    {"udp", no_argument, NULL, 'D'},
    {"churn", no_argument, NULL, 'C'},
    {"verify", no_argument, NULL, 'V'},
    {"busy", no_argument, NULL, 'B'},
    {"hold", no_argument, NULL, 'O'},
    {NULL, 0, NULL, 0},
};

static void reject(const char *reason) {
    fprintf(stderr, "%sload: %s\n", usage, reason);
    exit(1);
}

static void read_host(const char *word, struct sockaddr_in *address) {
    if (inet_pton(AF_INET, word, &address->sin_addr) != 1)
        reject("a host must be a numeric IPv4 address");
}

static void take(int name) {
    switch (name) {
    case 'c':
        options.connections = atoi(optarg);
        break;
    case 's':
        options.message_bytes = (size_t)atol(optarg);
        break;
    case 'd':
        options.pipeline = atoi(optarg);
        break;
    case 't':
        options.seconds = atof(optarg);
        break;
    case 'w':
        options.warm_seconds = atof(optarg);
        break;
    case 'm':
        options.messages = atol(optarg);
        break;
    case 'p':
        options.path = optarg;
        break;
    case 'i':
        options.server_pid = atoi(optarg);
        break;
    case 'f':
        read_host(optarg, &options.source);
        break;
    case 'r':
        options.rate = atof(optarg);
        break;
    case 'W':
        options.websocket = true;
        break;
    case 'H':
        options.http = true;
        break;
    case 'T':
        options.tls = true;
        break;
    case 'U':
        options.unix_sockets = true;
        break;
    case 'D':
        options.datagrams = true;
        break;
    case 'C':
        options.churn = true;
        break;
    case 'V':
        options.verify = true;
        break;
    case 'B':
        options.busy = true;
        break;
    case 'O':
        options.hold = true;
        break;
    default:
        reject("unknown option");
    }
}

void read_options(int count, char **words) {
    int name;
    while ((name = getopt_long(count, words, "", names, NULL)) != -1)
        take(name);
    if (count - optind != 2)
        reject("a host and a port are needed");
    options.address.sin_family = AF_INET;
    options.address.sin_port = htons((uint16_t)atoi(words[optind + 1]));
    read_host(words[optind], &options.address);
    options.unix_address.sun_family = AF_UNIX;
    int length = snprintf(options.unix_address.sun_path + 1, sizeof options.unix_address.sun_path - 1,
                          "benchmark-%s", words[optind + 1]);
    options.unix_address_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    if (options.connections < 1 || options.pipeline < 1 || options.message_bytes < 1)
        reject("connections, pipeline depth and message size must be positive");
    if (options.rate < 0 || (options.rate > 0 && (options.messages || options.churn || options.pipeline > 1)))
        reject("a rate is positive, and goes with one message after another on lasting connections");
    if (options.rate > 0) {
        options.pipeline = IN_FLIGHT_MAX;
        options.busy = true; /* sleeping would make it late */
    }
    if (options.messages && (options.churn || options.pipeline > 1))
        reject("a number of messages goes with one message in flight on lasting connections");
    if (options.datagrams && (options.unix_sockets || options.tls || options.http || options.churn))
        reject("datagrams go over UDP, as plain echoes");
    if (options.websocket && (options.datagrams || options.tls || options.http || options.churn || options.verify))
        reject("WebSockets go over plain lasting connections");
#ifndef WITH_TLS
    if (options.tls)
        reject("built without TLS");
#endif
}
