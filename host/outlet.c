/* outlet.c - bound sockets and who is connected to them (outlet.h). */
#include "host/outlet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/monitor.h"

struct outlet {
	void *context, *socket;
	struct monitor monitor;
	unsigned peers;
	bool stranger; /* the next one that disconnects never was a peer: its handshake failed, and libzmq says both in one breath */
	uint64_t departures;
};

int outlet_open(struct outlet **out, enum outlet_kind kind, const char *endpoint, int queue, char *message, size_t message_bytes)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));
	int error;

	*out = NULL;
	if (!outlet)
		return -ENOMEM;
	outlet->context = zmq_ctx_new();
	if (outlet->context)
		outlet->socket = zmq_socket(outlet->context, kind == OUTLET_PUSH ? ZMQ_PUSH : ZMQ_PUB);
	if (!outlet->socket || monitor_open(&outlet->monitor, outlet->context, outlet->socket) < 0)
		goto fail;
	zmq_setsockopt(outlet->socket, ZMQ_SNDHWM, &queue, sizeof(queue));
	if (zmq_bind(outlet->socket, endpoint) < 0)
		goto fail;
	*out = outlet;
	return 0;
fail:
	error = zmq_errno();
	snprintf(message, message_bytes, "cannot open %s for %s: %s", endpoint, kind == OUTLET_PUSH ? "kept frames" : "results",
		 zmq_strerror(error));
	outlet_close(&outlet, 0);
	return error > 0 && error < ZMQ_HAUSNUMERO ? -error : -EINVAL;
}

int outlet_send(struct outlet *outlet, struct message *message)
{
	return message_send(message, outlet->socket);
}

int outlet_send_bytes(struct outlet *outlet, const void *bytes, size_t len)
{
	return zmq_send(outlet->socket, bytes, len, ZMQ_DONTWAIT) < 0 ? -zmq_errno() : 0;
}

static void watch(struct outlet *outlet)
{
	int event;

	while ((event = monitor_next(&outlet->monitor)) != 0) {
		if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
			outlet->peers++;
		} else if (event != ZMQ_EVENT_DISCONNECTED) { /* all that is left for a bound socket: a handshake that failed */
			outlet->stranger = true;
		} else if (outlet->stranger) {
			outlet->stranger = false;
		} else if (outlet->peers) {
			outlet->peers--;
			outlet->departures++;
		}
	}
}

void outlet_wait(struct outlet *outlet, int timeout_ms)
{
	zmq_pollitem_t items[2] = {{outlet->socket, 0, ZMQ_POLLOUT, 0}, {outlet->monitor.socket, 0, ZMQ_POLLIN, 0}};

	zmq_poll(items, 2, timeout_ms);
	watch(outlet);
}

unsigned outlet_peers(struct outlet *outlet)
{
	watch(outlet);
	return outlet->peers;
}

uint64_t outlet_departures(struct outlet *outlet)
{
	return outlet->departures;
}

void outlet_close(struct outlet **outlet, int linger_ms)
{
	if (!*outlet)
		return;
	monitor_close(&(*outlet)->monitor);
	if ((*outlet)->socket) {
		zmq_setsockopt((*outlet)->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
		zmq_close((*outlet)->socket);
	}
	if ((*outlet)->context)
		zmq_ctx_term((*outlet)->context);
	free(*outlet);
	*outlet = NULL;
}
