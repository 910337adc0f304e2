/* Counts whole replies in the bytes of one connection, wherever the network cut them. */
#ifndef REPLIES_H
#define REPLIES_H

#include <stddef.h>

enum { HEADER_BYTES_MAX = 16384 };

struct replies {
    size_t received_bytes; /* of the reply under way */
    size_t expected_bytes; /* of the HTTP reply under way; 0 until its header is whole */
    char *header;          /* start of an HTTP header that came in pieces */
    size_t header_bytes;
    size_t verified; /* position in the message of the next byte to compare */
};

/* The number of replies that these bytes completed. A reply that is not what the server owes ends the
 * program. */
int count_replies(struct replies *replies, const char *bytes, size_t count);

void forget_replies(struct replies *replies);

#endif
