/* As much of WebSockets (RFC 6455) as an echo takes: the upgrade, and the lengths of frames. */
#ifndef WEBSOCKET_H
#define WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>

/* Asks for WebSockets on a blocking connection; false when the server does not agree. */
bool websocket_upgrade(int descriptor);

/* Writes what stands before the payload of a client's binary frame, and returns its length. The mask is of
 * zeros, so the payload is sent as it is. */
size_t websocket_frame_head(char *head, size_t payload_bytes);

/* The length of what stands before the payload of the server's frame. */
size_t websocket_reply_head_bytes(size_t payload_bytes);

#endif
