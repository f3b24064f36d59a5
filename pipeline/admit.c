/* admit.c - the step that knows the runs: which run a message belongs to, whether it is new, twice, late or unreadable, and who analyses it.
 *
 * One lane for all connections, so that a run can come by several. Frames wait here, in their slots, until their plan is ready; then each
 * goes to the worker with the least to do, or past the workers when it cannot be analysed. What leaves has a number in sequence, and publish
 * restores that order. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/log.h"
#include "pipeline/node.h"
#include "pipeline/plans.h"
#include "pipeline/receive.h"

#define BATCH 256
#define ID_MAX (1ull << 62) /* image numbers from here on are nonsense: counting up to them would overflow */

struct admit {
	uint64_t sequence;
	uint64_t next_look_ns; /* when runs are next asked whether they are over */
	uint32_t held[CONFIG_INPUTS_MAX]; /* a message that waits: for the run before it, for a place, for its start; SLOT_NONE */
	struct log_limit unreadable, late, duplicate, odd;
};

#define LOOK_NS 5000000u
#define OVERTAKEN_NS 250000000u /* how long a frame waits for a start that may be on its way by another connection */

static int admit_open(struct lane *lane, char *message, size_t message_bytes)
{
	struct admit *a = calloc(1, sizeof(*a));

	lane->state = a;
	for (unsigned i = 0; a && i < CONFIG_INPUTS_MAX; i++)
		a->held[i] = SLOT_NONE;
	return a ? 0 : -ENOMEM;
}

/* The slot is of no more use to anybody. */
static void discard(struct node *node, struct slot *slot)
{
	atomic_fetch_sub_explicit(&node->bytes_in_flight[slot->source], slot->message.bytes, memory_order_relaxed);
	slot_clear(slot);
	ring_push(&node->refused[slot->source], node_slot_index(node, slot));
	bell_ring(&node->receive[slot->source]->bell);
}

static void pass_by(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;

	slot->sequence = ((struct admit *)lane->state)->sequence++;
	ring_push(&node->passed, node_slot_index(node, slot));
	bell_ring(&node->publish->bell);
}

static void close_run(struct lane *lane, struct run *run, const char *closed_by)
{
	struct slot *token = node_close_token(lane->node, run);

	run_close(&lane->node->runs, run, closed_by);
	token->kind = SLOT_RUN_CLOSE;
	token->run = run;
	pass_by(lane, token);
}

/* --- plans ------------------------------------------------------------------------------------------------------------- */

/* The run's channel for one of a frame's; asks for its plan when it is new. */
static enum ledger_term find_channel(struct node *node, struct run *run, const struct stream_channel *c, uint32_t *number)
{
	uint32_t n = atomic_load_explicit(&run->n_channels, memory_order_relaxed);
	struct run_channel *rc;

	for (*number = 0; *number < n; (*number)++)
		if (!strcmp(run->channel[*number].name, c->name))
			break;
	if (*number == node->config.limits.max_channels)
		return LEDGER_CHANNEL_UNKNOWN;
	rc = &run->channel[*number];
	if (*number == n) {
		memcpy(rc->name, c->name, sizeof(rc->name));
		rc->elem_bytes = 0;
		atomic_store_explicit(&run->n_channels, n + 1, memory_order_release);
	}
	if (!rc->elem_bytes) {
		rc->width = c->pixels.width;
		rc->height = c->pixels.height;
		rc->elem_bytes = c->pixels.elem_bytes;
		plans_ask(node, run, *number);
	}
	if (rc->width != c->pixels.width || rc->height != c->pixels.height || rc->elem_bytes != c->pixels.elem_bytes)
		return LEDGER_SHAPE_DIFFERS;
	return LEDGER_TERMS;
}

/* What a start message already says of the frames: plans are asked for before the first one is there. */
static void ask_early(struct node *node, struct run *run, const struct stream_start *start)
{
	uint32_t n = start->n_channels < node->config.limits.max_channels ? start->n_channels : node->config.limits.max_channels;

	for (uint32_t i = 0; i < n; i++) {
		struct run_channel *rc = &run->channel[i];

		memcpy(rc->name, start->channel[i].name, sizeof(rc->name));
		rc->width = start->width;
		rc->height = start->height;
		rc->elem_bytes = start->width && start->height ? start->elem_bytes : 0;
		atomic_store_explicit(&run->n_channels, i + 1, memory_order_release);
		if (rc->elem_bytes)
			plans_ask(node, run, i);
	}
}

enum readiness { READY, WAIT, GIVE_UP };

static enum readiness plans_ready(struct node *node, const struct slot *slot, uint64_t now_ns, enum ledger_term *reason)
{
	for (uint32_t i = 0; i < slot->decoded.image.n_channels; i++) {
		struct run_channel *rc = &slot->run->channel[slot->run_channel[i]];
		int state = atomic_load_explicit(&rc->plan_state, memory_order_acquire);

		if (state == PLAN_FAILED) {
			*reason = LEDGER_PLAN_FAILED;
			return GIVE_UP;
		}
		if (state == PLAN_READY)
			continue;
		if (!node->cfg.patient && now_ns - slot->received_ns > (uint64_t)node->config.run.plan_timeout_ms * 1000000u) {
			*reason = LEDGER_NO_PLAN;
			return GIVE_UP;
		}
		return WAIT;
	}
	return READY;
}

/* --- to the workers ---------------------------------------------------------------------------------------------------- */

static void pass_unanalysed(struct lane *lane, struct slot *slot, enum record_status status, enum ledger_term reason)
{
	slot->analyse = false;
	slot->status = status;
	slot->reason = reason;
	pass_by(lane, slot);
}

static bool running_low(struct node *node, unsigned source)
{
	uint32_t free_slots = ring_count(&node->released[source]) + ring_count(&node->refused[source]);

	return free_slots < node->slots_per_source / 4 ||
	       atomic_load_explicit(&node->bytes_in_flight[source], memory_order_relaxed) > node->source_budget_bytes / 4 * 3;
}

/* To the worker with the least to do; false: all are full. */
static bool to_worker(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;
	struct admit *a = lane->state;
	uint32_t least = UINT32_MAX, best = 0;

	for (uint32_t w = 0; w < node->n_workers; w++) {
		uint32_t n = ring_count(&node->work_in[w]);

		if (n < least) {
			least = n;
			best = w;
		}
	}
	slot->sequence = a->sequence;
	slot->analyse = true;
	if (!ring_push(&node->work_in[best], node_slot_index(node, slot)))
		return false;
	a->sequence++;
	bell_ring(&node->work[best]->bell);
	return true;
}

/* Sends a frame on if it can go; false: it has to wait. */
static bool dispatch(struct lane *lane, struct slot *slot, uint64_t now_ns)
{
	struct node *node = lane->node;
	enum ledger_term reason = LEDGER_TERMS;
	enum readiness readiness = plans_ready(node, slot, now_ns, &reason);

	if (readiness == GIVE_UP) {
		pass_unanalysed(lane, slot, RECORD_UNANALYSED, reason);
		return true;
	}
	if (readiness == READY && to_worker(lane, slot))
		return true;
	if (readiness == READY && !node->cfg.patient && node->config.overload.analysis == OVERLOAD_SHED &&
	    running_low(node, slot->source)) {
		pass_unanalysed(lane, slot, RECORD_UNANALYSED, LEDGER_OVERLOAD);
		return true;
	}
	return false;
}

static void wait_in_line(struct node *node, struct slot *slot)
{
	struct run *run = slot->run;
	uint32_t index = node_slot_index(node, slot);

	if (!run->n_waiting)
		run->waiting_head = index;
	else
		node_slot(node, run->waiting_tail)->next = index;
	run->waiting_tail = index;
	run->n_waiting++;
}

/* Sends on what waits, in order; false: nothing could go. */
static bool serve_line(struct lane *lane, struct run *run, uint64_t now_ns)
{
	bool any = false;

	while (run->n_waiting) {
		struct slot *slot = node_slot(lane->node, run->waiting_head);
		uint32_t next = slot->next;

		if (!dispatch(lane, slot, now_ns))
			break;
		run->waiting_head = next;
		run->n_waiting--;
		any = true;
	}
	return any;
}

/* --- messages ---------------------------------------------------------------------------------------------------------- */

static struct run_identity identity_of(const struct node *node, const struct slot *slot)
{
	struct run_identity id = {.group = node->group_of[slot->source]};
	const char *unique = id.series_unique_id;

	switch (slot->decoded.kind) {
	case STREAM_START:
		id.series_id = slot->decoded.start.series_id;
		unique = slot->decoded.start.series_unique_id;
		break;
	case STREAM_IMAGE:
		id.series_id = slot->decoded.image.series_id;
		unique = slot->decoded.image.series_unique_id;
		break;
	case STREAM_END:
		id.series_id = slot->decoded.end.series_id;
		unique = slot->decoded.end.series_unique_id;
		break;
	}
	if (unique != id.series_unique_id)
		memcpy(id.series_unique_id, unique, sizeof(id.series_unique_id));
	return id;
}

static void hold(struct lane *lane, struct slot *slot)
{
	((struct admit *)lane->state)->held[slot->source] = node_slot_index(lane->node, slot);
}

/* Is there a place for one more run? Where none is on its way out either, the one that was silent for longest makes room. */
static bool room_for_run(struct lane *lane)
{
	struct node *node = lane->node;
	struct run *silent = NULL;

	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++)
		if (atomic_load_explicit(&node->runs.run[i].state, memory_order_acquire) == RUN_FREE)
			return true;
	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++) {
		struct run *r = &node->runs.run[i];

		if (atomic_load_explicit(&r->state, memory_order_relaxed) != RUN_OPEN)
			return false;
		if (!r->n_waiting && (!silent || r->last_ns < silent->last_ns))
			silent = r;
	}
	if (silent) {
		log_limited(&((struct admit *)lane->state)->odd, LOG_WARNING, "series %" PRIu64 ": closed to make room, %u runs are open",
			    silent->identity.series_id, RUNS_OPEN_MAX);
		close_run(lane, silent, silent->end_ns ? "end" : "next_start");
	}
	return false;
}

/* The run that a message is the first one of; NULL: there is no room yet, and the message is held. */
static struct run *begin(struct lane *lane, struct slot *slot, const struct run_identity *identity)
{
	struct node *node = lane->node;
	struct run *run = room_for_run(lane) ? run_open(&node->runs, identity, slot->received_ns) : NULL;

	if (!run) {
		hold(lane, slot);
		return NULL;
	}
	run->dialect = slot->decoded.dialect;
	run->shared = node->group_shared[identity->group];
	atomic_store_explicit(&node->current_run, run->number, memory_order_relaxed);
	return run;
}

/* The run that an unreadable message is counted to: the newest open one of its group. */
static struct ledger *nearest_ledger(struct node *node, const struct slot *slot)
{
	struct run *found = NULL;

	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++) {
		struct run *r = &node->runs.run[i];

		if (atomic_load_explicit(&r->state, memory_order_relaxed) == RUN_OPEN && r->identity.group == node->group_of[slot->source] &&
		    (!found || r->number > found->number))
			found = r;
	}
	return found ? &found->ledger : &node->total;
}

static void take_unreadable(struct lane *lane, struct slot *slot)
{
	struct ledger *ledger = nearest_ledger(lane->node, slot);

	ledger_add(ledger, LEDGER_MESSAGES, 1);
	ledger_add_reason(ledger, (enum ledger_term)(LEDGER_UNREADABLE_REASON + slot->refusal));
	log_limited(&((struct admit *)lane->state)->unreadable, LOG_WARNING, "unreadable message (%s): %s",
		    stream_refusal_words(slot->refusal), slot->decoded.detail);
	discard(lane->node, slot);
}

/* Is this start a second copy, come by another connection of the group, of the one that opened the run? Stream v1 has no unique name: after the
 * end it may be the same number given to the next run. */
static bool copy_of_start(const struct node *node, const struct run *run, const struct slot *slot)
{
	if (!run || node->group_fifo[run->identity.group] || run->start_sources >> slot->source & 1)
		return false;
	return slot->decoded.start.series_unique_id[0] || (run->start_sources && !run->end_ns);
}

static bool in_group(const struct run *run, uint32_t group)
{
	return atomic_load_explicit(&run->state, memory_order_relaxed) == RUN_OPEN && run->identity.group == group;
}

/* Frames of it wait, or the plan lane is reading what it was announced with: it cannot end yet. */
static bool is_busy(struct run *run)
{
	bool asked = false;

	for (uint32_t c = 0; c < atomic_load_explicit(&run->n_channels, memory_order_relaxed); c++)
		asked |= atomic_load_explicit(&run->channel[c].plan_state, memory_order_acquire) == PLAN_ASKED;
	return asked || run->n_waiting;
}

/* On a single connection nothing of a run comes after the next start. False: one of them is busy. */
static bool close_before(struct lane *lane, uint32_t group)
{
	struct node *node = lane->node;

	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++)
		if (in_group(&node->runs.run[i], group) && is_busy(&node->runs.run[i]))
			return false;
	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++)
		if (in_group(&node->runs.run[i], group))
			close_run(lane, &node->runs.run[i], node->runs.run[i].end_ns ? "end" : "next_start");
	return true;
}

static void take_start(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;
	struct run_identity identity = identity_of(node, slot);
	struct run *run = run_find(&node->runs, &identity);

	if (copy_of_start(node, run, slot)) {
		if (!run->start_sources)
			log_line(LOG_WARNING, "series %" PRIu64 ": its start message came after its first frames and is not used", identity.series_id);
		run->start_sources |= 1ull << slot->source;
		discard(node, slot);
		return;
	}
	if (node->group_fifo[identity.group] && !close_before(lane, identity.group)) {
		hold(lane, slot);
		return;
	}
	run = begin(lane, slot, &identity);
	if (!run)
		return;
	run->start_sources = 1ull << slot->source;
	run->announced = slot->decoded.start.n_images_known ? slot->decoded.start.n_images : 0;
	run->start = slot;
	slot->run = run;
	ask_early(node, run, &slot->decoded.start);
	pass_by(lane, slot);
}

static void take_end(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;
	struct run_identity identity = identity_of(node, slot);
	struct run *run = run_find(&node->runs, &identity);

	if (!run && !run_was(&node->runs, &identity)) { /* a run of which only the end was seen */
		run = begin(lane, slot, &identity);
		if (!run)
			return;
		run->joined_late = true;
	}
	if (!run || run->end) {
		discard(node, slot);
		return;
	}
	run->end = slot;
	run->end_ns = run->last_ns = slot->received_ns;
}

static void take_late(struct lane *lane, struct slot *slot, struct ledger *ledger, enum ledger_term reason)
{
	ledger_add(ledger, LEDGER_MESSAGES, 1);
	ledger_add_reason(ledger, reason);
	log_limited(&((struct admit *)lane->state)->late, LOG_WARNING, "series %" PRIu64 ": frame %" PRIu64 " came too late: %s",
		    slot->decoded.image.series_id, slot->decoded.image.image_id, ledger_words(reason));
	discard(lane->node, slot);
}

/* Finds the channels of a frame that is new; afterwards it is on its way or in line. */
static void take_in(struct lane *lane, struct slot *slot, struct run *run)
{
	struct node *node = lane->node;
	struct stream_image *image = &slot->decoded.image;
	enum ledger_term reason = LEDGER_TERMS;

	slot->run = run;
	ledger_add(&run->ledger, LEDGER_RECEIVED, 1);
	for (uint32_t i = 0; i < image->n_channels; i++) { /* all of them: the writer wants to know each one's place */
		enum ledger_term wrong = find_channel(node, run, &image->channel[i], &slot->run_channel[i]);

		reason = reason == LEDGER_TERMS ? wrong : reason;
	}
	if (reason != LEDGER_TERMS)
		pass_unanalysed(lane, slot, RECORD_INVALID, reason);
	else if (run->n_waiting || !dispatch(lane, slot, clock_monotonic_ns()))
		wait_in_line(node, slot);
}

/* Of the connections of a group one may be faster than the other: a frame overtakes the start of its run. */
static bool start_may_come(const struct node *node, const struct slot *slot)
{
	return !node->group_fifo[node->group_of[slot->source]] && !atomic_load_explicit(&node->draining, memory_order_relaxed) &&
	       clock_monotonic_ns() - slot->received_ns < OVERTAKEN_NS;
}

static void take_image(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;
	struct run_identity identity = identity_of(node, slot);
	struct run *run;

	if (slot->decoded.image.image_id >= ID_MAX) {
		slot->refusal = STREAM_BAD_FIELD;
		snprintf(slot->decoded.detail, sizeof(slot->decoded.detail), "image number %" PRIu64, slot->decoded.image.image_id);
		take_unreadable(lane, slot);
		return;
	}
	run = run_find(&node->runs, &identity);
	if (!run && run_was(&node->runs, &identity)) {
		take_late(lane, slot, &node->total, LEDGER_LATE_CLOSED);
		return;
	}
	if (!run && start_may_come(node, slot)) {
		hold(lane, slot);
		return;
	}
	if (!run) {
		run = begin(lane, slot, &identity);
		if (!run)
			return;
		run->joined_late = true;
		log_line(LOG_WARNING, "series %" PRIu64 ": joined without its start message; geometry is taken from the configuration alone",
			 identity.series_id);
	}
	run->last_ns = slot->received_ns;
	switch (run_note(run, slot->decoded.image.image_id)) {
	case IDSET_NEW:
		ledger_add(&run->ledger, LEDGER_MESSAGES, 1);
		take_in(lane, slot, run);
		return;
	case IDSET_SEEN:
		ledger_add(&run->ledger, LEDGER_MESSAGES, 1);
		ledger_add(&run->ledger, LEDGER_DUPLICATE, 1);
		log_limited(&((struct admit *)lane->state)->duplicate, LOG_WARNING, "series %" PRIu64 ": frame %" PRIu64 " came twice",
			    identity.series_id, slot->decoded.image.image_id);
		discard(node, slot);
		return;
	case IDSET_RETIRED:
		take_late(lane, slot, &run->ledger, LEDGER_LATE_RETIRED);
		return;
	}
}

static void take(struct lane *lane, struct slot *slot)
{
	if (slot->refusal != STREAM_OK)
		take_unreadable(lane, slot);
	else if (slot->decoded.kind == STREAM_START)
		take_start(lane, slot);
	else if (slot->decoded.kind == STREAM_END)
		take_end(lane, slot);
	else
		take_image(lane, slot);
}

/* --- the lane's turn --------------------------------------------------------------------------------------------------- */

static bool take_arrivals(struct lane *lane)
{
	struct node *node = lane->node;
	struct admit *a = lane->state;
	bool any = false;

	for (uint32_t s = 0; s < node->n_sources; s++) {
		uint32_t index = a->held[s];

		if (index != SLOT_NONE) {
			a->held[s] = SLOT_NONE;
			take(lane, node_slot(node, index));
		}
		for (unsigned n = 0; n < BATCH && a->held[s] == SLOT_NONE && ring_pop(&node->arrived[s], &index); n++) {
			take(lane, node_slot(node, index));
			any = true;
		}
	}
	return any;
}

/* draining: nothing can come any more, and what came has been taken. */
static void close_what_is_over(struct lane *lane, uint64_t now_ns, bool draining)
{
	struct node *node = lane->node;
	const struct run_timing timing = {
		.quiet_after_end_ns = (uint64_t)node->config.run.quiet_after_end_ms * 1000000u,
		.quiet_ns = (uint64_t)node->config.run.quiet_ms * 1000000u,
	};

	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++) {
		struct run *run = &node->runs.run[i];
		int state = atomic_load_explicit(&run->state, memory_order_acquire);
		const char *why;

		if (state == RUN_DONE) {
			plans_release(run);
			atomic_store_explicit(&run->state, RUN_FREE, memory_order_relaxed);
		}
		if (state != RUN_OPEN || is_busy(run))
			continue;
		why = run_over(run, &timing, now_ns);
		if (!why && draining)
			why = run->end_ns ? "end" : "shutdown";
		if (why)
			close_run(lane, run, why);
	}
}

static bool admit_turn(struct lane *lane)
{
	struct node *node = lane->node;
	struct admit *a = lane->state;
	bool draining = atomic_load_explicit(&node->draining, memory_order_acquire); /* before the look at what arrived */
	bool any = take_arrivals(lane);
	uint64_t now_ns = clock_monotonic_ns();

	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++)
		any |= serve_line(lane, &node->runs.run[i], now_ns);
	if (!any || now_ns >= a->next_look_ns) {
		a->next_look_ns = now_ns + LOOK_NS;
		close_what_is_over(lane, now_ns, draining && !any);
	}
	/* While draining it stays until every run is done. */
	for (unsigned i = 0; i < RUNS_OPEN_MAX && !any; i++)
		if (atomic_load_explicit(&lane->finish, memory_order_relaxed) &&
		    atomic_load_explicit(&node->runs.run[i].state, memory_order_relaxed) != RUN_FREE) {
			bell_wait(&lane->bell, bell_listen(&lane->bell), 1000);
			return true;
		}
	return any;
}

static void admit_close(struct lane *lane)
{
	free(lane->state);
	lane->state = NULL;
}

const struct lane_spec admit_lane = {
	.name = "admit", .kind = LANE_ADMIT, .open = admit_open, .turn = admit_turn, .close = admit_close, .idle_us = 5000,
	.does = "finds each message's run, counts what is new, twice, late or missing, and deals frames out to the workers",
};
