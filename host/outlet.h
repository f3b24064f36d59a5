/* outlet.h - a bound ZeroMQ socket that things go out by: PUSH for kept frames, PUB for results. Used by one thread. */
#ifndef HOST_OUTLET_H
#define HOST_OUTLET_H

#include <stddef.h>
#include <stdint.h>

#include "host/message.h"

enum outlet_kind { OUTLET_PUSH, OUTLET_PUB };

struct outlet;

/* queue: messages that libzmq may hold per peer. -EADDRINUSE, -EINVAL ... with a message. */
int outlet_open(struct outlet **out, enum outlet_kind kind, const char *endpoint, int queue, char *message, size_t message_bytes);
/* 0, or -EAGAIN: nobody is connected or the peers are full (never for PUB); the message is then still the caller's.
 * -EIO: it is lost. */
int outlet_send(struct outlet *outlet, struct message *message);
int outlet_send_bytes(struct outlet *outlet, const void *bytes, size_t len);
/* Waits until something can be sent or a peer comes or goes. */
void outlet_wait(struct outlet *outlet, int timeout_ms);
unsigned outlet_peers(struct outlet *outlet);        /* connected now */
uint64_t outlet_departures(struct outlet *outlet);   /* peers that went, ever */
/* Gives peers up to linger_ms to take what libzmq still holds. */
void outlet_close(struct outlet **outlet, int linger_ms);

#endif
