/* monitor.h - what libzmq says of a socket's connections. */
#ifndef HOST_MONITOR_H
#define HOST_MONITOR_H

struct monitor {
	void *socket, *of;
};

/* context: the watched socket's own. Call before bind or connect. */
int monitor_open(struct monitor *monitor, void *context, void *socket);
/* The next event's number (ZMQ_EVENT_*), 0: none waiting. */
int monitor_next(struct monitor *monitor);
void monitor_close(struct monitor *monitor);

#endif
