/* pull.h - one connection to a detector: a connecting ZeroMQ PULL socket with its own context, watched and re-made where libzmq gives up.
 *
 * libzmq ends a connecting PULL for good after an oversize message or a protocol error: no reconnection follows. The socket's monitor shows it,
 * and the socket is made again. Used by one thread. */
#ifndef HOST_PULL_H
#define HOST_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/message.h"

struct pull;

struct pull_cfg {
	const char *endpoint;
	size_t max_message_bytes;  /* ZMQ_MAXMSGSIZE, per part */
	const int *cpus;           /* processors that ZeroMQ's own thread may run on: it writes the messages' memory first, which places it */
	unsigned n_cpus;           /* 0: any */
	size_t queue_bytes;        /* the socket's high-water mark, which counts messages, is this by 32 MiB: large frames keep within it */
};

struct pull_state {
	bool connected;
	uint64_t connects, disconnects;
	uint64_t remade; /* the connection had ended for good: a message over max_message_bytes, or a protocol error */
};

/* -EINVAL with a message for an endpoint that ZeroMQ does not take. The peer need not be there. */
int pull_open(struct pull **out, const struct pull_cfg *cfg, char *message, size_t message_bytes);
/* 0: message filled (it must be empty before); -EAGAIN: nothing within timeout_ms; else -errno. */
int pull_receive(struct pull *pull, struct message *message, int timeout_ms);
/* To be asked also while nothing is received: libzmq stops serving a socket whose monitor nobody reads. */
void pull_state(struct pull *pull, struct pull_state *out);
void pull_close(struct pull **pull);

#endif
