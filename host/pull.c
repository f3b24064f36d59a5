/* pull.c - the receiving socket, its monitor and its second life (pull.h). */
#include "host/pull.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/log.h"
#include "host/monitor.h"

#define GIVEN_UP_NS 1000000000u /* libzmq retries after 0.1 s; silence for this long means that it will not */
#define MESSAGE_LARGE ((size_t)32 << 20) /* an uncompressed frame of 16 megapixels and 16 bits */
#define HWM_MIN 2
#define WATCH_EVERY 32 /* messages that come without a pause */

struct pull {
	void *context, *socket;
	struct monitor monitor;
	char endpoint[512];
	size_t max_message_bytes, queue_bytes;
	unsigned unwatched;   /* messages received since the monitor was looked at */
	uint64_t lost_ns;     /* when the connection was lost, 0: it is not or libzmq is trying again */
	struct pull_state state;
};

static void socket_close(struct pull *pull)
{
	monitor_close(&pull->monitor);
	if (pull->socket)
		zmq_close(pull->socket);
	pull->socket = NULL;
}

/* It counts messages, whose size is not known yet, and it must not follow them later: libzmq (4.3) tells the sending side of a pipe that there is
 * room again after every so many messages, by the mark that holds at that moment. A mark that changes while the pipe is full makes both
 * sides wait for each other, for good. */
static int high_water_mark(size_t queue_bytes)
{
	size_t hwm = queue_bytes / MESSAGE_LARGE;

	return hwm < HWM_MIN ? HWM_MIN : hwm > INT_MAX ? INT_MAX : (int)hwm;
}

static int socket_open(struct pull *pull, char *message, size_t message_bytes)
{
	int64_t max = (int64_t)pull->max_message_bytes;
	int hwm = high_water_mark(pull->queue_bytes), zero = 0;

	pull->socket = zmq_socket(pull->context, ZMQ_PULL);
	if (!pull->socket)
		goto fail;
	zmq_setsockopt(pull->socket, ZMQ_MAXMSGSIZE, &max, sizeof(max));
	zmq_setsockopt(pull->socket, ZMQ_RCVHWM, &hwm, sizeof(hwm));
	zmq_setsockopt(pull->socket, ZMQ_LINGER, &zero, sizeof(zero));
	/* Notices a detector that was switched off without a word. */
	zmq_setsockopt(pull->socket, ZMQ_TCP_KEEPALIVE, &(int){1}, sizeof(int));
	zmq_setsockopt(pull->socket, ZMQ_TCP_KEEPALIVE_IDLE, &(int){5}, sizeof(int));
	zmq_setsockopt(pull->socket, ZMQ_TCP_KEEPALIVE_INTVL, &(int){2}, sizeof(int));
	zmq_setsockopt(pull->socket, ZMQ_TCP_KEEPALIVE_CNT, &(int){3}, sizeof(int));
	/* One that is away altogether answers nothing: the system itself would try for minutes, less and less often. */
	zmq_setsockopt(pull->socket, ZMQ_CONNECT_TIMEOUT, &(int){2000}, sizeof(int));
	if (monitor_open(&pull->monitor, pull->context, pull->socket) < 0 || zmq_connect(pull->socket, pull->endpoint) < 0)
		goto fail;
	pull->lost_ns = 0;
	return 0;
fail:
	snprintf(message, message_bytes, "%s: %s", pull->endpoint, zmq_strerror(zmq_errno()));
	socket_close(pull);
	return -EINVAL;
}

int pull_open(struct pull **out, const struct pull_cfg *cfg, char *message, size_t message_bytes)
{
	struct pull *pull = calloc(1, sizeof(*pull));

	*out = NULL;
	if (!pull)
		return -ENOMEM;
	snprintf(pull->endpoint, sizeof(pull->endpoint), "%s", cfg->endpoint);
	pull->max_message_bytes = cfg->max_message_bytes;
	pull->queue_bytes = cfg->queue_bytes;
	pull->context = zmq_ctx_new();
	for (unsigned i = 0; pull->context && i < cfg->n_cpus; i++)
		zmq_ctx_set(pull->context, ZMQ_THREAD_AFFINITY_CPU_ADD, cfg->cpus[i]);
	if (!pull->context || socket_open(pull, message, message_bytes) < 0) {
		pull_close(&pull);
		return -EINVAL;
	}
	*out = pull;
	return 0;
}

static void watch(struct pull *pull)
{
	int event;

	pull->unwatched = 0;
	while ((event = monitor_next(&pull->monitor)) != 0) {
		if (event == ZMQ_EVENT_CONNECTED) {
			pull->state.connected = true;
			pull->state.connects++;
			pull->lost_ns = 0;
		} else if (event == ZMQ_EVENT_DISCONNECTED) {
			pull->state.connected = false;
			pull->state.disconnects++;
			pull->lost_ns = clock_monotonic_ns();
		} else if (event == ZMQ_EVENT_CONNECT_DELAYED || event == ZMQ_EVENT_CONNECT_RETRIED) {
			pull->lost_ns = 0;
		}
	}
}

static void revive(struct pull *pull)
{
	char message[256];

	pull->state.remade++;
	log_line(LOG_WARNING, "%s: the connection ended for good (a message over the limit of %zu MiB, or no ZeroMQ peer); connecting anew",
		 pull->endpoint, pull->max_message_bytes >> 20);
	socket_close(pull);
	if (socket_open(pull, message, sizeof(message)) < 0)
		log_line(LOG_ERROR, "%s", message);
}

int pull_receive(struct pull *pull, struct message *message, int timeout_ms)
{
	zmq_pollitem_t items[2] = {{pull->socket, 0, ZMQ_POLLIN, 0}, {pull->monitor.socket, 0, ZMQ_POLLIN, 0}};
	int rc = pull->socket ? message_receive(message, pull->socket) : -EAGAIN;

	if (rc == -EAGAIN) {
		zmq_poll(items, pull->socket ? 2 : 0, timeout_ms);
		if (pull->socket)
			rc = message_receive(message, pull->socket);
	}
	if (rc < 0 || ++pull->unwatched == WATCH_EVERY)
		watch(pull);
	if (rc == -EAGAIN && (!pull->socket || (pull->lost_ns && clock_monotonic_ns() - pull->lost_ns > GIVEN_UP_NS)))
		revive(pull);
	return rc;
}

void pull_state(struct pull *pull, struct pull_state *out)
{
	watch(pull);
	*out = pull->state;
}

void pull_close(struct pull **pull)
{
	if (!*pull)
		return;
	socket_close(*pull);
	if ((*pull)->context)
		zmq_ctx_term((*pull)->context);
	free(*pull);
	*pull = NULL;
}
