/* sender.h - the detector's sockets: one bound PUSH per endpoint, and what to do when nobody takes a message.
 *
 * For series.c and replay_capture.c, one thread. Counts what goes out and tells it once a second. */
#ifndef BENCH_DETECTOR_SENDER_H
#define BENCH_DETECTOR_SENDER_H

#include <signal.h>
#include <stdatomic.h>

#include "bench/detector/settings.h"
#include "host/message.h"

struct sender;

/* Set by a signal: everything returns as soon as it can. */
extern volatile sig_atomic_t sender_stop;

/* queue: messages that wait per connection. -errno with a message in words. */
int sender_open(struct sender **out, const struct options *options, unsigned queue, char *message, size_t message_bytes);
/* Waits until what was sent is taken (options' linger, or the signal). */
void sender_close(struct sender **sender);
unsigned sender_endpoints(const struct sender *sender);

/* Sends and empties the message. -EINTR: stopped; -ETIMEDOUT: given up; -EAGAIN: nobody takes it and may_drop says not to wait. In all three
 * the message was closed. */
int sender_send(struct sender *sender, struct message *message, unsigned endpoint, bool may_drop, bool is_frame);
/* Waits until *in_flight is 0: ZeroMQ has let go of the bytes. Same returns. */
int sender_wait_free(struct sender *sender, const _Atomic unsigned *in_flight);

/* Waits until a moment (CLOCK_MONOTONIC) or for some seconds. -EINTR: stopped. */
int sender_wait_until(struct sender *sender, uint64_t at_ns);
int sender_wait(struct sender *sender, double seconds);

/* Closes the sockets when what was sent is taken, waits, and binds again. */
int sender_rebind(struct sender *sender, double seconds, char *message, size_t message_bytes);

struct sender_totals {
	uint64_t frames, bytes, messages;
	double seconds;          /* from the first message to the last */
	double blocked_s;        /* spent waiting for somebody to take a message */
};
struct sender_totals sender_totals(const struct sender *sender);
uint64_t sender_order(const struct sender *sender); /* messages sent so far: the number of the next one */

#endif
