#include "message.h"

#include "options.h"
#include "websocket.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

enum { PIPELINED_BYTES = 65536, REQUEST_BYTES_MAX = 512 };

char *message_stream;
size_t message_stream_bytes;

static size_t make_request(char *request) {
    char host[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &options.address.sin_addr, host, sizeof host);
    int length = snprintf(request, REQUEST_BYTES_MAX,
                          "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n",
                          options.path, host, ntohs(options.address.sin_port));
    if (length >= REQUEST_BYTES_MAX) {
        fprintf(stderr, "load: the path is too long\n");
        exit(1);
    }
    return (size_t)length;
}

/* Neighbouring bytes and neighbouring blocks differ, so that a shifted or repeated echo does not verify. */
static char pattern(size_t position) {
    return (char)(position * 7 + (position >> 8) + 1);
}

void make_message(void) {
    char head[REQUEST_BYTES_MAX];
    size_t head_bytes = 0;
    options.reply_bytes = options.message_bytes;
    if (options.http) {
        head_bytes = options.message_bytes = make_request(head);
    } else if (options.websocket) {
        options.reply_bytes += websocket_reply_head_bytes(options.message_bytes);
        head_bytes = websocket_frame_head(head, options.message_bytes);
        options.message_bytes += head_bytes;
    }
    size_t copies = 1;
    if (options.pipeline > 1)
        copies += PIPELINED_BYTES / options.message_bytes;
    message_stream_bytes = copies * options.message_bytes;
    message_stream = malloc(message_stream_bytes);
    if (!message_stream) {
        perror("load: message");
        exit(2);
    }
    for (size_t i = 0; i < message_stream_bytes; i++) {
        size_t position = i % options.message_bytes;
        message_stream[i] = position < head_bytes ? head[position] : pattern(position);
    }
}
