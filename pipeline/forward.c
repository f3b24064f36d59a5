/* forward.c - the step that sends kept frames on to whoever takes them, in the dialect they came in, as if it were the detector.
 *
 * A consumer that is missing, slow or dead costs its own frames, which are counted, and nothing else - unless the configuration says
 * `when_blocked: wait`. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "host/clock.h"
#include "host/log.h"
#include "host/outlet.h"
#include "pipeline/parcels.h"
#include "pipeline/receive.h"

#define PEER_QUEUE 4       /* messages that libzmq holds per consumer: what a dying one takes with it */
#define STALL_NS 10000000000u
#define DRAIN_STALL_NS 2000000000u
#define LINGER_MS 2000
#define POLL_MS 5

struct forward {
	struct outlet *outlet;
	uint64_t departures;     /* of consumers, seen so far */
	uint64_t moved_ns;       /* when a message last left, or the line was empty */
	bool away;               /* a start waited in vain: until somebody comes, frames are not waited with */
	struct log_limit stalled;
};

static int forward_open(struct lane *lane, char *message, size_t message_bytes)
{
	struct forward *f = calloc(1, sizeof(*f));

	lane->state = f;
	if (!f)
		return -ENOMEM;
	return outlet_open(&f->outlet, OUTLET_PUSH, lane->node->config.output.frames, PEER_QUEUE, message, message_bytes);
}

static void note_departures(struct forward *f, struct run *run)
{
	uint64_t departures = outlet_departures(f->outlet);

	if (departures == f->departures)
		return;
	ledger_add(&run->ledger, LEDGER_CONSUMER_LEFT, departures - f->departures);
	log_line(LOG_WARNING, "run %" PRIu64 ": a consumer of frames left; up to %u frames on their way to it may be lost", run->number, PEER_QUEUE);
	f->departures = departures;
}

/* Why a parcel that cannot be sent now is not waited for any longer; LEDGER_TERMS: wait. */
static enum ledger_term give_up(struct lane *lane, struct forward *f, const struct parcel *parcel, uint64_t now_ns)
{
	struct node *node = lane->node;
	bool draining = atomic_load_explicit(&node->draining, memory_order_relaxed);
	uint64_t start_wait_ns = (uint64_t)node->config.output.start_wait_ms * 1000000u;

	if (!draining && (node->cfg.patient || node->config.output.when_blocked == WHEN_BLOCKED_WAIT))
		return LEDGER_TERMS;
	if (!outlet_peers(f->outlet)) {
		if (f->away || draining || now_ns - parcel->put_ns > start_wait_ns) {
			if (!f->away)
				log_line(LOG_WARNING, "nobody takes kept frames at %s: they count as unsent until somebody connects",
					 node->config.output.frames);
			f->away = true;
			return LEDGER_NO_CONSUMER;
		}
		return LEDGER_TERMS;
	}
	f->away = false;
	return now_ns - f->moved_ns > (draining ? DRAIN_STALL_NS : STALL_NS) ? LEDGER_STALLED : LEDGER_TERMS;
}

static void drop(struct forward *f, struct parcel *parcel, enum ledger_term reason)
{
	if (parcel->kind == PARCEL_FRAME)
		ledger_add_reason(&parcel->run->ledger, reason);
	if (reason == LEDGER_STALLED)
		log_limited(&f->stalled, LOG_WARNING, "run %" PRIu64 ": kept frames are not sent on: %s", parcel->run->number, ledger_words(reason));
	message_close(&parcel->message);
}

/* Sends the oldest parcel or gives it up; false: it waits. */
static bool forward_one(struct lane *lane, struct forward *f, struct parcel *parcel)
{
	uint64_t bytes = parcel->message.bytes, now_ns = clock_monotonic_ns();
	struct run *run = parcel->run;
	enum parcel_kind kind = parcel->kind;
	int rc = parcel->message.n_parts ? outlet_send(f->outlet, &parcel->message) : 0;

	outlet_peers(f->outlet);
	note_departures(f, run);
	if (rc == 0) {
		f->moved_ns = now_ns;
		if (kind == PARCEL_FRAME)
			ledger_add(&run->ledger, LEDGER_SENT, 1);
	} else {
		enum ledger_term reason = rc == -EAGAIN ? give_up(lane, f, parcel, now_ns) : LEDGER_NO_CONSUMER;

		if (reason == LEDGER_TERMS)
			return false;
		drop(f, parcel, reason);
	}
	parcels_done(lane->node->parcels, bytes);
	if (kind == PARCEL_CLOSE)
		atomic_store_explicit(&run->frames_done, true, memory_order_release);
	bell_ring(&lane->node->publish->bell);
	return true;
}

static bool forward_turn(struct lane *lane)
{
	struct forward *f = lane->state;
	struct parcel *parcel = parcels_first(lane->node->parcels);

	if (!parcel) {
		f->moved_ns = clock_monotonic_ns();
		outlet_peers(f->outlet); /* libzmq stops serving a socket whose monitor nobody reads */
		return false;
	}
	if (!forward_one(lane, f, parcel))
		outlet_wait(f->outlet, POLL_MS);
	return true;
}

static void forward_close(struct lane *lane)
{
	struct forward *f = lane->state;

	if (f)
		outlet_close(&f->outlet, LINGER_MS);
	free(f);
	lane->state = NULL;
}

const struct lane_spec forward_lane = {
	.name = "forward", .kind = LANE_FORWARD, .open = forward_open, .turn = forward_turn, .close = forward_close, .idle_us = 20000,
	.does = "sends kept frames on to their consumers",
};
