/* message.c - libzmq's message parts behind message.h. */
#include "host/message.h"

#include <errno.h>
#include <stdlib.h>

int message_receive(struct message *message, void *socket)
{
	zmq_msg_t extra;
	int more = 1;

	message->n_parts = 0;
	message->bytes = 0;
	message->excess = false;
	while (more) {
		bool keep = message->n_parts < STREAM_PARTS_MAX;
		zmq_msg_t *part = keep ? &message->part[message->n_parts] : &extra;

		zmq_msg_init(part);
		/* After the first part the others are there: ZeroMQ delivers a message whole. */
		if (zmq_msg_recv(part, socket, ZMQ_DONTWAIT) < 0) {
			int error = zmq_errno();

			zmq_msg_close(part);
			message_close(message);
			return -error;
		}
		more = zmq_msg_more(part);
		if (keep) {
			message->n_parts++;
			message->bytes += zmq_msg_size(part);
		} else {
			message->excess = true;
			zmq_msg_close(part);
		}
	}
	return 0;
}

int message_send(struct message *message, void *socket)
{
	for (unsigned i = 0; i < message->n_parts; i++) {
		int flags = i + 1 < message->n_parts ? ZMQ_SNDMORE : 0;

		/* Only the first part can be refused for want of room; the rest follows it without waiting. Where the peer dies in between, libzmq
		 * throws the rest away - but only if it may wait: else it refuses the part, and the next try would begin a message with it. */
		if (zmq_msg_send(&message->part[i], socket, i ? flags : flags | ZMQ_DONTWAIT) >= 0)
			continue;
		if (i == 0)
			return -zmq_errno();
		message_close(message);
		return -EIO;
	}
	message_close(message);
	return 0;
}

int message_share(struct message *to, struct message *from)
{
	to->excess = from->excess;
	to->bytes = from->bytes;
	for (to->n_parts = 0; to->n_parts < from->n_parts; to->n_parts++) {
		zmq_msg_t *part = &to->part[to->n_parts];

		zmq_msg_init(part);
		if (zmq_msg_copy(part, &from->part[to->n_parts]) < 0) {
			to->n_parts++;
			message_close(to);
			return -ENOMEM;
		}
	}
	return 0;
}

int message_make(struct message *message, size_t bytes, uint8_t **at)
{
	*message = (struct message){0};
	if (zmq_msg_init_size(&message->part[0], bytes) < 0)
		return -ENOMEM;
	message->n_parts = 1;
	message->bytes = bytes;
	*at = zmq_msg_data(&message->part[0]);
	return 0;
}

static void free_bytes(void *bytes, void *hint)
{
	(void)hint;
	free(bytes);
}

int message_adopt(struct message *message, uint8_t *bytes, size_t len)
{
	*message = (struct message){0};
	if (zmq_msg_init_data(&message->part[0], bytes, len, free_bytes, NULL) < 0) {
		free(bytes);
		return -ENOMEM;
	}
	message->n_parts = 1;
	message->bytes = len;
	return 0;
}

void message_close(struct message *message)
{
	for (unsigned i = 0; i < message->n_parts; i++)
		zmq_msg_close(&message->part[i]);
	message->n_parts = 0;
	message->bytes = 0;
}

void message_spans(struct message *message, struct span *spans)
{
	for (unsigned i = 0; i < message->n_parts; i++)
		spans[i] = (struct span){zmq_msg_data(&message->part[i]), zmq_msg_size(&message->part[i])};
}

bool message_follow(struct span *span, struct message *from, struct message *to)
{
	for (unsigned p = 0; p < from->n_parts; p++) {
		const uint8_t *at = zmq_msg_data(&from->part[p]);

		if (span->at >= at && span->at + span->len <= at + zmq_msg_size(&from->part[p])) {
			span->at = (const uint8_t *)zmq_msg_data(&to->part[p]) + (span->at - at);
			return true;
		}
	}
	return false;
}
