/* monitor.c - zmq_socket_monitor behind monitor.h. */
#include "host/monitor.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

static _Atomic unsigned made; /* makes endpoint names unique; a mere count */

int monitor_open(struct monitor *monitor, void *context, void *socket)
{
	char endpoint[64];

	*monitor = (struct monitor){0};
	snprintf(endpoint, sizeof(endpoint), "inproc://monitor-%u", atomic_fetch_add_explicit(&made, 1, memory_order_relaxed));
	if (zmq_socket_monitor(socket, endpoint,
			       ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_DELAYED | ZMQ_EVENT_CONNECT_RETRIED |
				       ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
				       ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) < 0)
		return -EIO;
	monitor->of = socket;
	monitor->socket = zmq_socket(context, ZMQ_PAIR);
	if (!monitor->socket || zmq_connect(monitor->socket, endpoint) < 0) {
		monitor_close(monitor);
		return -EIO;
	}
	return 0;
}

int monitor_next(struct monitor *monitor)
{
	zmq_msg_t head, address;
	uint16_t event = 0;

	if (!monitor->socket)
		return 0;
	zmq_msg_init(&head);
	zmq_msg_init(&address);
	if (zmq_msg_recv(&head, monitor->socket, ZMQ_DONTWAIT) >= 0) {
		if (zmq_msg_size(&head) >= sizeof(event))
			memcpy(&event, zmq_msg_data(&head), sizeof(event));
		if (zmq_msg_more(&head))
			zmq_msg_recv(&address, monitor->socket, 0);
	}
	zmq_msg_close(&address);
	zmq_msg_close(&head);
	return event;
}

void monitor_close(struct monitor *monitor)
{
	if (monitor->of)
		zmq_socket_monitor(monitor->of, NULL, 0);
	if (monitor->socket)
		zmq_close(monitor->socket);
	*monitor = (struct monitor){0};
}
