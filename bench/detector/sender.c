/* sender.c - see sender.h. */
#include "bench/detector/sender.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "host/clock.h"
#include "host/outlet.h"

#define SLICE_MS 100          /* how often a wait looks for the signal and the clock */
#define BIND_PATIENCE_MS 5000 /* a port may still be held by the socket just closed */

volatile sig_atomic_t sender_stop;

struct sender {
	const struct options *options;
	int queue;
	unsigned n;
	struct outlet *outlet[SETTINGS_ENDPOINTS_MAX];
	struct sender_totals totals;
	uint64_t first_ns, last_ns, blocked_ns;
	uint64_t report_ns, report_frames, report_bytes, report_messages; /* at the last line */
	bool waiting_said;
};

static int bind_all(struct sender *s, char *message, size_t n)
{
	for (; s->n < s->options->n_endpoints; s->n++) {
		const char *endpoint = s->options->endpoint[s->n];
		int error = -EADDRINUSE;

		for (int waited = 0; error == -EADDRINUSE && waited <= BIND_PATIENCE_MS && !sender_stop; waited += SLICE_MS) {
			if (waited)
				nanosleep(&(struct timespec){ 0, SLICE_MS * 1000000L }, NULL);
			error = outlet_open(&s->outlet[s->n], OUTLET_PUSH, endpoint, s->queue, message, n);
		}
		if (error) {
			snprintf(message, n, "--bind %s: %s", endpoint, zmq_strerror(-error));
			return error;
		}
	}
	return 0;
}

int sender_open(struct sender **out, const struct options *options, unsigned queue, char *message, size_t n)
{
	struct sender *s = calloc(1, sizeof *s);
	int error;

	*out = NULL;
	if (!s) {
		snprintf(message, n, "out of memory");
		return -ENOMEM;
	}
	s->options = options;
	s->queue = (int)queue;
	s->report_ns = clock_monotonic_ns();
	error = bind_all(s, message, n);
	if (error)
		sender_close(&s);
	*out = s;
	return error;
}

static void close_all(struct sender *s, int linger_ms)
{
	for (unsigned i = 0; i < s->n; i++)
		outlet_close(&s->outlet[i], linger_ms);
	s->n = 0;
}

void sender_close(struct sender **sender)
{
	if (!*sender)
		return;
	close_all(*sender, sender_stop ? 1000 : (int)((*sender)->options->linger_s * 1000));
	free(*sender);
	*sender = NULL;
}

unsigned sender_endpoints(const struct sender *s)
{
	return s->options->n_endpoints;
}

static void report(struct sender *s)
{
	uint64_t now = clock_monotonic_ns();
	double seconds = (double)(now - s->report_ns) * 1e-9;

	if (s->options->quiet || seconds < 1)
		return;
	if (s->totals.messages != s->report_messages)
		fprintf(stderr, "%llu frames sent, %.1f frames/s, %.1f MB/s\n", (unsigned long long)s->totals.frames,
			(double)(s->totals.frames - s->report_frames) / seconds, (double)(s->totals.bytes - s->report_bytes) / seconds * 1e-6);
	s->report_ns = now;
	s->report_frames = s->totals.frames;
	s->report_bytes = s->totals.bytes;
	s->report_messages = s->totals.messages;
}

static void say_waiting(struct sender *s, unsigned endpoint)
{
	if (s->waiting_said || s->options->quiet || outlet_peers(s->outlet[endpoint]))
		return;
	fprintf(stderr, "waiting for a client on %s\n", s->options->endpoint[endpoint]);
	s->waiting_said = true;
}

/* One slice of waiting. 0: try again. */
static int patience(struct sender *s, uint64_t since_ns)
{
	report(s);
	if (sender_stop)
		return -EINTR;
	if (s->options->give_up_s > 0 && (double)(clock_monotonic_ns() - since_ns) * 1e-9 > s->options->give_up_s)
		return -ETIMEDOUT;
	return 0;
}

static void count(struct sender *s, uint64_t bytes, bool is_frame)
{
	s->last_ns = clock_monotonic_ns();
	if (!s->first_ns)
		s->first_ns = s->last_ns;
	s->totals.messages++;
	s->totals.bytes += bytes;
	s->totals.frames += is_frame;
	report(s);
}

int sender_send(struct sender *s, struct message *message, unsigned endpoint, bool may_drop, bool is_frame)
{
	uint64_t bytes = message->bytes, since = 0;
	int error;

	while ((error = outlet_send(s->outlet[endpoint], message)) == -EAGAIN && !may_drop) {
		if (!since)
			since = clock_monotonic_ns();
		say_waiting(s, endpoint);
		outlet_wait(s->outlet[endpoint], SLICE_MS);
		error = patience(s, since);
		if (error)
			break;
	}
	if (since)
		s->blocked_ns += clock_monotonic_ns() - since;
	if (error)
		message_close(message);
	else
		count(s, bytes, is_frame);
	return error;
}

int sender_wait_free(struct sender *s, const _Atomic unsigned *in_flight)
{
	uint64_t since = clock_monotonic_ns();
	bool waited = false;
	int error = 0;

	/* Acquire pairs with the release of the thread that gave the bytes back. */
	while (!error && atomic_load_explicit(in_flight, memory_order_acquire)) {
		nanosleep(&(struct timespec){ 0, 50000 }, NULL);
		error = patience(s, since);
		waited = true;
	}
	if (waited)
		s->blocked_ns += clock_monotonic_ns() - since;
	return error;
}

int sender_wait_until(struct sender *s, uint64_t at_ns)
{
	for (;;) {
		uint64_t now = clock_monotonic_ns(), slice = now + SLICE_MS * 1000000ull, to = at_ns < slice ? at_ns : slice;
		struct timespec t = { (time_t)(to / 1000000000u), (long)(to % 1000000000u) };

		if (sender_stop)
			return -EINTR;
		if (now >= at_ns)
			return 0;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		report(s);
	}
}

int sender_wait(struct sender *s, double seconds)
{
	return seconds > 0 ? sender_wait_until(s, clock_monotonic_ns() + (uint64_t)(seconds * 1e9)) : 0;
}

int sender_rebind(struct sender *s, double seconds, char *message, size_t n)
{
	int error;

	close_all(s, (int)(s->options->linger_s * 1000));
	error = sender_wait(s, seconds);
	return error ? error : bind_all(s, message, n);
}

struct sender_totals sender_totals(const struct sender *s)
{
	struct sender_totals t = s->totals;

	t.seconds = (double)(s->last_ns - s->first_ns) * 1e-9;
	t.blocked_s = (double)s->blocked_ns * 1e-9;
	return t;
}

uint64_t sender_order(const struct sender *s)
{
	return s->totals.messages;
}
