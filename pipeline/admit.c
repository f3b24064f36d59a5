/* admit.c - the step that knows the runs: which run a message belongs to, whether it is new, twice, late or unreadable, and who analyses it.
 *
 * One lane for all connections, so that a run can come by several. What is new is dealt out by deal.c. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/log.h"
#include "pipeline/channels.h"
#include "pipeline/deal.h"
#include "pipeline/node.h"
#include "pipeline/plans.h"
#include "pipeline/receive.h"
#include "pipeline/retune.h"

#define BATCH 256
#define ID_MAX (1ull << 62) /* image numbers from here on are nonsense: counting up to them would overflow */

struct admit {
	struct deal deal;
	uint64_t next_look_ns; /* when runs are next asked whether they are over */
	uint32_t held[CONFIG_INPUTS_MAX]; /* a message that cannot be taken yet, and with it all behind it; SLOT_NONE */
	struct log_limit unreadable, late, duplicate, odd;
};

#define LOOK_NS 5000000u
#define START_WAIT_NS 250000000u /* frames by one connection of a group may overtake the start by another */

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

static void close_run(struct lane *lane, struct run *run, const char *closed_by)
{
	struct slot *token = node_close_token(lane->node, run);
	struct admit *a = lane->state;

	run_close(&lane->node->runs, run, closed_by);
	token->kind = SLOT_RUN_CLOSE;
	token->run = run;
	deal_past(&a->deal, lane->node, token);
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

/* Frames of it wait, or the plan lane is reading what it was announced with: it cannot end yet. */
static bool is_busy(struct run *run)
{
	bool asked = false;

	for (uint32_t c = 0; c < atomic_load_explicit(&run->n_channels, memory_order_relaxed); c++)
		asked |= atomic_load_explicit(&run->channel[c].plan_state, memory_order_acquire) == PLAN_ASKED ||
			 atomic_load_explicit(&run->channel[c].renew_state, memory_order_acquire) == PLAN_ASKED;
	return asked || run->n_waiting;
}

/* Every place is taken. Runs that are ending will leave theirs; where none is, one must end before its time, so that strays never keep a run out. */
static void make_place(struct lane *lane)
{
	struct node *node = lane->node;
	struct run *run = run_to_displace(&node->runs);

	if (!run || is_busy(run))
		return;
	log_limited(&((struct admit *)lane->state)->odd, LOG_ERROR, "series %" PRIu64 " is closed: %u runs are open and another one begins",
		    run->identity.series_id, RUNS_OPEN_MAX);
	close_run(lane, run, "displaced");
}

/* NULL: there is no place yet; the message has to wait. */
static struct run *begin(struct lane *lane, const struct slot *slot, const struct run_identity *identity)
{
	struct node *node = lane->node;
	struct run *run = run_open(&node->runs, identity, slot->received_ns);

	if (!run) {
		make_place(lane);
		return NULL;
	}
	run->dialect = slot->decoded.dialect;
	run->shared = node->group_shared[identity->group];
	run->joined_late = slot->decoded.kind != STREAM_START;
	atomic_store_explicit(&node->current_series, identity->series_id, memory_order_relaxed);
	atomic_store_explicit(&node->current_place, (uint32_t)(run - node->runs.run), memory_order_relaxed);
	atomic_store_explicit(&node->current_run, run->number, memory_order_release);
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

/* The functions that take a message return false where it has to be taken again later. */
static bool take_start(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;
	struct run_identity identity = identity_of(node, slot);
	struct run *run = run_find(&node->runs, &identity);

	if (copy_of_start(node, run, slot)) {
		if (!run->start_sources)
			log_line(LOG_WARNING, "series %" PRIu64 ": its start message came after its first frames and is not used", identity.series_id);
		run->start_sources |= 1ull << slot->source;
		discard(node, slot);
		return true;
	}
	if (node->group_fifo[identity.group] && !close_before(lane, identity.group))
		return false;
	run = begin(lane, slot, &identity);
	if (!run)
		return false;
	run->start_sources = 1ull << slot->source;
	run->announced = slot->decoded.start.n_images_known ? slot->decoded.start.n_images : 0;
	run->start = slot;
	slot->run = run;
	channels_announced(node, run, &slot->decoded.start);
	deal_past(&((struct admit *)lane->state)->deal, node, slot);
	return true;
}

static bool take_end(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;
	struct run_identity identity = identity_of(node, slot);
	struct run *run = run_find(&node->runs, &identity);

	if (!run && !run_was(&node->runs, &identity)) { /* a run of which only the end was seen */
		run = begin(lane, slot, &identity);
		if (!run)
			return false;
	}
	if (!run || run->end) {
		discard(node, slot);
		return true;
	}
	run->end = slot;
	run->end_ns = run->last_ns = slot->received_ns;
	return true;
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
	struct deal *deal = &((struct admit *)lane->state)->deal;
	struct stream_image *image = &slot->decoded.image;
	enum ledger_term reason = LEDGER_TERMS;

	slot->run = run;
	ledger_add(&run->ledger, LEDGER_RECEIVED, 1);
	for (uint32_t i = 0; i < image->n_channels; i++) { /* all of them: the writer wants to know each one's place */
		enum ledger_term wrong = channels_find(node, run, &image->channel[i], &slot->run_channel[i]);

		reason = reason == LEDGER_TERMS ? wrong : reason;
	}
	if (reason != LEDGER_TERMS)
		deal_unanalysed(deal, node, slot, RECORD_INVALID, reason);
	else
		deal_frame(deal, node, slot, clock_monotonic_ns());
}

/* The run of a frame whose series is not known: joined late, unless its start is on its way by another connection. NULL: not yet. */
static struct run *join(struct lane *lane, const struct slot *slot, const struct run_identity *identity)
{
	struct run *run = NULL;

	if (lane->node->group_fifo[identity->group] || clock_monotonic_ns() - slot->received_ns > START_WAIT_NS)
		run = begin(lane, slot, identity);
	if (run)
		log_line(LOG_WARNING, "series %" PRIu64 ": joined without its start message; geometry is taken from the configuration alone",
			 identity->series_id);
	return run;
}

static void take_frame_of(struct lane *lane, struct slot *slot, struct run *run)
{
	switch (run_note(run, slot->decoded.image.image_id)) {
	case IDSET_NEW:
		ledger_add(&run->ledger, LEDGER_MESSAGES, 1);
		take_in(lane, slot, run);
		return;
	case IDSET_SEEN:
		ledger_add(&run->ledger, LEDGER_MESSAGES, 1);
		ledger_add(&run->ledger, LEDGER_DUPLICATE, 1);
		log_limited(&((struct admit *)lane->state)->duplicate, LOG_WARNING, "series %" PRIu64 ": frame %" PRIu64 " came twice",
			    run->identity.series_id, slot->decoded.image.image_id);
		discard(lane->node, slot);
		return;
	case IDSET_RETIRED:
		take_late(lane, slot, &run->ledger, LEDGER_LATE_RETIRED);
		return;
	}
}

static bool take_image(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;
	struct run_identity identity = identity_of(node, slot);
	struct run *run;

	if (slot->decoded.image.image_id >= ID_MAX) {
		slot->refusal = STREAM_BAD_FIELD;
		snprintf(slot->decoded.detail, sizeof(slot->decoded.detail), "image number %" PRIu64, slot->decoded.image.image_id);
		take_unreadable(lane, slot);
		return true;
	}
	run = run_find(&node->runs, &identity);
	if (!run && run_was(&node->runs, &identity)) {
		take_late(lane, slot, &node->total, LEDGER_LATE_CLOSED);
		return true;
	}
	if (!run)
		run = join(lane, slot, &identity);
	if (!run)
		return false;
	run->last_ns = slot->received_ns;
	take_frame_of(lane, slot, run);
	return true;
}

static bool take(struct lane *lane, struct slot *slot)
{
	if (slot->refusal == STREAM_OK && slot->decoded.kind == STREAM_START)
		return take_start(lane, slot);
	if (slot->refusal == STREAM_OK && slot->decoded.kind == STREAM_END)
		return take_end(lane, slot);
	if (slot->refusal == STREAM_OK)
		return take_image(lane, slot);
	take_unreadable(lane, slot);
	return true;
}

/* --- the lane's turn --------------------------------------------------------------------------------------------------- */

static bool take_arrivals(struct lane *lane)
{
	struct node *node = lane->node;
	struct admit *a = lane->state;
	bool any = false;

	for (uint32_t s = 0; s < node->n_sources; s++) {
		uint32_t index = a->held[s];

		for (unsigned n = 0; n < BATCH && (index != SLOT_NONE || ring_pop(&node->arrived[s], &index)); n++) {
			bool taken = take(lane, node_slot(node, index));

			a->held[s] = taken ? SLOT_NONE : index;
			if (!taken)
				break;
			index = SLOT_NONE;
			any = true;
		}
	}
	return any;
}

static bool any_held(const struct admit *a)
{
	for (unsigned s = 0; s < CONFIG_INPUTS_MAX; s++)
		if (a->held[s] != SLOT_NONE)
			return true;
	return false;
}

/* Are frames of the group's runs on their way to publish? */
static bool under_way(const struct node *node, uint32_t group)
{
	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++) {
		const struct run *run = &node->runs.run[i];
		const struct ledger *l = &run->ledger;

		if (atomic_load_explicit(&run->state, memory_order_relaxed) != RUN_FREE && run->identity.group == group &&
		    ledger_get(l, LEDGER_RECEIVED) > ledger_get(l, LEDGER_KEPT) + ledger_get(l, LEDGER_RELEASED))
			return true;
	}
	return false;
}

/* A run is not silent while the node itself does not listen: its slots are used up by frames that cannot go on, or what came has to wait. Slots
 * used up by starts and ends are no excuse: only the end of their runs gives them back. */
static void note_own_silence(struct lane *lane, struct run *run, uint64_t now_ns)
{
	struct node *node = lane->node;
	const struct admit *a = lane->state;
	bool stuck = under_way(node, run->identity.group);

	for (uint32_t s = 0; s < node->n_sources; s++) {
		uint64_t deaf_ns = a->held[s] != SLOT_NONE ? now_ns : stuck ? atomic_load_explicit(&node->deaf_ns[s], memory_order_relaxed) : 0;

		if (node->group_of[s] == run->identity.group && deaf_ns > run->deaf_ns)
			run->deaf_ns = deaf_ns;
	}
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
		note_own_silence(lane, run, now_ns);
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
		any |= deal_line(&a->deal, node, &node->runs.run[i], now_ns);
	if (!any || now_ns >= a->next_look_ns) {
		a->next_look_ns = now_ns + LOOK_NS;
		retune_turn(node);
		close_what_is_over(lane, now_ns, draining && !any && !any_held(a));
	}
	if (any || !atomic_load_explicit(&lane->finish, memory_order_relaxed) || (!any_held(a) && run_all_free(&node->runs)))
		return any;
	bell_wait(&lane->bell, bell_listen(&lane->bell), 1000); /* while draining it stays until every run is done */
	return true;
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
