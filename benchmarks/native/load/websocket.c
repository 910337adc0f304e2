#include "websocket.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum { REPLY_BYTES_MAX = 4096, BINARY_WHOLE = 0x82, MASKED = 0x80, MASK_BYTES = 4 };

static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

bool websocket_upgrade(int descriptor) {
    char reply[REPLY_BYTES_MAX];
    size_t length = 0;
    if (send(descriptor, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1)
        return false;
    while (!memmem(reply, length, "\r\n\r\n", 4)) {
        ssize_t count = recv(descriptor, reply + length, sizeof reply - length, 0);
        if (count <= 0) /* the end, or a head that is too long */
            return false;
        length += (size_t)count;
    }
    return length > 12 && !memcmp(reply, "HTTP/1.1 101", 12);
}

static size_t bytes_of_length(size_t payload_bytes) {
    return payload_bytes < 126 ? 0 : payload_bytes < 65536 ? 2 : 8;
}

size_t websocket_frame_head(char *head, size_t payload_bytes) {
    size_t count = bytes_of_length(payload_bytes);
    head[0] = (char)BINARY_WHOLE;
    head[1] = (char)(MASKED | (count == 0 ? payload_bytes : count == 2 ? 126 : 127));
    for (size_t i = 0; i < count; i++)
        head[2 + i] = (char)((uint64_t)payload_bytes >> 8 * (count - 1 - i));
    memset(head + 2 + count, 0, MASK_BYTES);
    return 2 + count + MASK_BYTES;
}

size_t websocket_reply_head_bytes(size_t payload_bytes) {
    return 2 + bytes_of_length(payload_bytes);
}
