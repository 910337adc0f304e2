#include "replies.h"

#include "message.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void fail(const char *reason) {
    fprintf(stderr, "load: %s\n", reason);
    exit(3);
}

static void verify(struct replies *replies, const char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != message_stream[replies->verified])
            fail("a byte came back changed");
        if (++replies->verified == options.message_bytes)
            replies->verified = 0;
    }
}

static int count_echoes(struct replies *replies, const char *bytes, size_t count) {
    if (options.verify)
        verify(replies, bytes, count);
    replies->received_bytes += count;
    if (replies->received_bytes < options.reply_bytes)
        return 0;
    size_t whole = replies->received_bytes / options.reply_bytes;
    replies->received_bytes %= options.reply_bytes;
    return (int)whole;
}

static size_t body_bytes(const char *header, const char *end) {
    static const char name[] = "content-length:";
    for (const char *line = header; (line = memchr(line, '\n', (size_t)(end - line)));) {
        line++;
        if ((size_t)(end - line) >= sizeof name && !strncasecmp(line, name, sizeof name - 1))
            return (size_t)atol(line + sizeof name - 1);
    }
    fail("an HTTP response has no Content-Length");
    return 0;
}

/* Reads the header at the start of these bytes: false when its end has not come, and then it is kept. */
static bool read_header(struct replies *replies, const char *bytes, size_t count) {
    const char *header = bytes;
    size_t length = count;
    if (replies->header_bytes || !memmem(bytes, count, "\r\n\r\n", 4)) {
        if (!replies->header && !(replies->header = malloc(HEADER_BYTES_MAX)))
            fail("no memory for a header");
        if (replies->header_bytes + count > HEADER_BYTES_MAX)
            fail("an HTTP header is too long");
        memcpy(replies->header + replies->header_bytes, bytes, count);
        header = replies->header;
        length = replies->header_bytes + count;
    }
    const char *end = memmem(header, length, "\r\n\r\n", 4);
    if (!end) {
        replies->header_bytes = length;
        return false;
    }
    if (length < 12 || memcmp(header, "HTTP/1.1 200", 12))
        fail("an HTTP response is not 200");
    end += 4;
    replies->expected_bytes = (size_t)(end - header) + body_bytes(header, end);
    replies->received_bytes = replies->header_bytes;
    replies->header_bytes = 0;
    return true;
}

static int count_responses(struct replies *replies, const char *bytes, size_t count) {
    int whole = 0;
    while (count) {
        if (!replies->expected_bytes && !read_header(replies, bytes, count))
            return whole;
        size_t taken = replies->expected_bytes - replies->received_bytes;
        if (taken > count)
            taken = count;
        replies->received_bytes += taken;
        bytes += taken;
        count -= taken;
        if (replies->received_bytes == replies->expected_bytes) {
            replies->expected_bytes = replies->received_bytes = 0;
            whole++;
        }
    }
    return whole;
}

int count_replies(struct replies *replies, const char *bytes, size_t count) {
    return options.http ? count_responses(replies, bytes, count) : count_echoes(replies, bytes, count);
}

void forget_replies(struct replies *replies) {
    replies->received_bytes = replies->expected_bytes = replies->header_bytes = replies->verified = 0;
}
