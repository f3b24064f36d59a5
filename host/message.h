/* message.h - a ZeroMQ message with all its parts, kept as it was received. */
#ifndef HOST_MESSAGE_H
#define HOST_MESSAGE_H

#include <stdbool.h>
#include <zmq.h>

#include "host/span.h"
#include "host/stream.h"

struct message {
	unsigned n_parts;
	bool excess;     /* there were more than STREAM_PARTS_MAX parts; the rest was thrown away */
	size_t bytes;    /* of all parts */
	zmq_msg_t part[STREAM_PARTS_MAX];
};

/* Receives without waiting: 0, -EAGAIN when there is none, else -errno. message must be empty (zeroed or closed). */
int message_receive(struct message *message, void *socket);
/* Sends without waiting; all or nothing: -EAGAIN leaves it whole. After success it is empty, and after -EIO: it was begun and is lost. */
int message_send(struct message *message, void *socket);
/* A second hold on the same bytes; nothing is copied but tiny parts. to must be empty. */
int message_share(struct message *to, struct message *from);
/* Moves a span of one message to the same bytes of another hold on it: tiny parts lie elsewhere there. False: it is no span of that message. */
bool message_follow(struct span *span, struct message *from, struct message *to);
/* A message of one part with room for bytes; *at is where to put them. */
int message_make(struct message *message, size_t bytes, uint8_t **at);
/* A message of one part out of malloc'ed bytes, which are freed with it (at once on failure). */
int message_adopt(struct message *message, uint8_t *bytes, size_t len);
void message_close(struct message *message);
void message_spans(struct message *message, struct span *spans);

#endif
