/* What to send, over how many connections and for how long: read from the command line once, constant
 * afterwards. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

struct options {
    struct sockaddr_in address;
    struct sockaddr_un unix_address; /* with `unix_sockets`: an abstract name, made of the port */
    socklen_t unix_address_bytes;
    struct sockaddr_in source; /* address that connections come from; port 0: the kernel picks it */
    int connections;
    size_t message_bytes;
    size_t reply_bytes; /* of an echo: what is sent, but for the framing of WebSockets */
    int pipeline;        /* messages in flight on each connection */
    long messages;       /* sent by each connection in all; 0: as many as fit in `seconds` */
    double warm_seconds; /* work that is done but not counted */
    double seconds;      /* work that is counted */
    double rate;         /* messages a second, sent by the clock; 0: one for each reply */
    bool http;           /* send GET requests and count whole responses */
    const char *path;
    bool tls;
    bool websocket; /* a message is a binary frame, on a connection that was upgraded */
    bool unix_sockets;
    bool datagrams; /* a message is a datagram; none may get lost, so few may be in flight */
    bool churn;  /* a new connection for every message */
    bool verify; /* compare every byte that comes back */
    bool busy;   /* never sleep, so that the server never pays for waking an idle core */
    bool hold;   /* keep the connections open after the figures until end of file on standard input */
    int server_pid;
};

extern struct options options;

void read_options(int count, char **words);

#endif
