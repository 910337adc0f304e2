/* The bytes that every connection sends: one message over and over, laid out several times in a row so that
 * pipelined messages leave in one system call. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>

extern char *message_stream;
extern size_t message_stream_bytes;

/* Also sets options.reply_bytes; and options.message_bytes to the length of the HTTP request, or to that of the
 * whole WebSocket frame. */
void make_message(void);

#endif
