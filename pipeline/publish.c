/* publish.c - the step that lets results out, in the order of arrival, and sends every slot where it goes next: to the writer, to the
 * consumers of frames (as a second hold on the same message), or back to its source. It also sees runs to their end.
 *
 * One lane; what it hands on never waits for a slow consumer unless the configuration says so. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/log.h"
#include "host/outlet.h"
#include "pipeline/decide.h"
#include "pipeline/live.h"
#include "pipeline/parcels.h"
#include "pipeline/receive.h"
#include "pipeline/records.h"
#include "pipeline/retune.h"

#define LINGER_MS 500
#define FREED_PART 8 /* a source that has run out is woken up when one in so many of its slots is free; sooner it looks by itself */
#define WRITE_PART 2 /* the writer may hold one slot and one byte in two of a source's */

struct publish {
	struct outlet *results;      /* NULL: switched off */
	uint32_t *window, mask;      /* slots that came early, by sequence */
	uint64_t expected;
	uint64_t number;             /* of the results stream */
	uint8_t *buffer;
	size_t buffer_bytes;
	struct { uint64_t bytes; uint32_t slots; } writing[CONFIG_INPUTS_MAX]; /* on their way to the disk, by source */
	bool freed[CONFIG_INPUTS_MAX]; /* slots went back to this source, and it has not been told */
	struct log_limit unsent, backlog;
};

static int publish_open(struct lane *lane, char *message, size_t message_bytes)
{
	struct node *node = lane->node;
	struct publish *p = calloc(1, sizeof(*p));
	uint32_t size = 2;

	lane->state = p;
	if (!p)
		return -ENOMEM;
	while (size < node->pool.n)
		size *= 2;
	p->mask = size - 1;
	p->window = malloc(size * sizeof(*p->window));
	p->buffer_bytes = record_bound(node->plan_bins_max, node->config.spots.max_spots);
	p->buffer = malloc(p->buffer_bytes);
	if (!p->window || !p->buffer)
		return -ENOMEM;
	for (uint32_t i = 0; i < size; i++)
		p->window[i] = SLOT_NONE;
	if (!strcmp(node->config.output.results, "none"))
		return 0;
	return outlet_open(&p->results, OUTLET_PUB, node->config.output.results, (int)node->config.output.results_queue, message, message_bytes);
}

/* --- results ----------------------------------------------------------------------------------------------------------- */

static void send_bytes(struct publish *p, const uint8_t *bytes, int64_t len)
{
	p->number++;
	if (p->results && len > 0)
		outlet_send_bytes(p->results, bytes, (size_t)len);
}

static void tell_screen(struct node *node, struct run *run, enum live_run_news news)
{
	if (!node->live || (news == LIVE_RUN_BEGAN && run->on_screen))
		return;
	run->on_screen = true;
	live_tap_run(&node->live->tap, run, (uint32_t)(run - node->runs.run), news, clock_unix_ns());
}

static void send_start(struct lane *lane, struct run *run)
{
	struct publish *p = lane->state;
	struct record_start start;
	size_t bound;
	uint8_t *bytes;

	if (run->results_started)
		return;
	run->results_started = true;
	tell_screen(lane->node, run, LIVE_RUN_BEGAN);
	records_start(lane->node, run, &start);
	if (!start.n_bins && run->n_channels)
		log_line(LOG_WARNING, "run %" PRIu64 ": no radial integration: %s", run->number, start.radial_off);
	start.number = p->number;
	bound = record_bound_start(&start);
	bytes = malloc(bound); /* once a run */
	if (bytes)
		send_bytes(p, bytes, record_encode_start(bytes, bound, &start));
	free(bytes);
}

static void send_end(struct lane *lane, const struct record_end *end)
{
	struct publish *p = lane->state;
	size_t bound = record_bound_end(end);
	uint8_t *bytes = malloc(bound);

	if (bytes)
		send_bytes(p, bytes, record_encode_end(bytes, bound, end));
	free(bytes);
}

static void send_results(struct lane *lane, struct slot *slot)
{
	struct publish *p = lane->state;
	const struct node_cfg *cfg = &lane->node->cfg;
	uint64_t passed_ns;

	send_start(lane, slot->run);
	for (uint32_t i = 0; i < slot->decoded.image.n_channels; i++) {
		struct outcome *o = &slot->outcome[i];

		records_frame(slot, i, p->number);
		send_bytes(p, p->buffer, p->results ? record_encode(p->buffer, p->buffer_bytes, &o->record) : 0);
		if (cfg->on_record)
			cfg->on_record(cfg->on_record_user, lane->node, &o->record, i, o->strong);
	}
	passed_ns = clock_monotonic_ns() - slot->received_ns;
	latency_add(&slot->run->latency, passed_ns);
	latency_add(&lane->node->latency, passed_ns);
}

/* --- where a slot goes ------------------------------------------------------------------------------------------------- */

static void release(struct node *node, struct slot *slot)
{
	atomic_fetch_sub_explicit(&node->bytes_in_flight[slot->source], slot->message.bytes, memory_order_relaxed);
	slot_clear(slot);
	ring_push(&node->released[slot->source], node_slot_index(node, slot));
	((struct publish *)node->publish->state)->freed[slot->source] = true;
}

/* Not slot by slot: to wake a source up costs more than to receive a small frame. */
static void wake_sources(struct node *node, struct publish *p)
{
	for (uint32_t s = 0; s < node->n_sources; s++) {
		if (!p->freed[s] || ring_count(&node->released[s]) < node->slots_per_source / FREED_PART)
			continue;
		p->freed[s] = false;
		bell_ring(&node->receive[s]->bell);
	}
}

/* A message for strict clients: the very bytes that came where they are good enough, else the same said properly. */
static int strict_message(struct message *to, struct slot *slot)
{
	bool v2 = slot->decoded.dialect == STREAM_V2 || slot->message.n_parts == 0;
	const struct stream_message *m = &slot->decoded;
	int64_t len = -EINVAL;
	size_t bound;
	uint8_t *at;

	if (!v2 || (m->kind == STREAM_IMAGE ? m->image.strict : m->kind == STREAM_START ? m->start.strict : m->end.strict))
		return message_share(to, &slot->message);
	bound = m->kind == STREAM_IMAGE ? stream_v2_bound_image(&m->image) : m->kind == STREAM_START ? stream_v2_bound_start(&m->start) : 1024;
	at = malloc(bound); /* for sloppy senders and recorded files only */
	if (!at)
		return -ENOMEM;
	if (m->kind == STREAM_IMAGE)
		len = stream_v2_emit_image(at, bound, &m->image);
	else if (m->kind == STREAM_START)
		len = stream_v2_emit_start(at, bound, &m->start);
	else
		len = stream_v2_emit_end(at, bound, &m->end);
	if (len < 0) {
		free(at);
		return (int)len;
	}
	return message_adopt(to, at, (size_t)len);
}

/* Hands a message on, or counts why it cannot be; false: no room now. */
static bool put_parcel(struct node *node, enum parcel_kind kind, struct run *run, struct slot *slot)
{
	struct parcel *parcel = parcels_next(node->parcels);

	if (!parcel)
		return false;
	parcel->kind = kind;
	parcel->run = run;
	parcel->put_ns = clock_monotonic_ns();
	if (slot && strict_message(&parcel->message, slot) < 0) {
		log_line(LOG_ERROR, "run %" PRIu64 ": a message could not be said in the stream's dialect", run->number);
		if (kind == PARCEL_FRAME)
			ledger_add_reason(&run->ledger, LEDGER_UNFIT);
		return true;
	}
	parcels_put(node->parcels);
	bell_ring(&node->forward->bell);
	return true;
}

static void to_consumers(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;
	struct publish *p = lane->state;

	if (!node->sinks.frames || !slot->kept)
		return;
	if (parcels_room(node->parcels, slot->message.bytes) && put_parcel(node, PARCEL_FRAME, slot->run, slot))
		return;
	ledger_add_reason(&slot->run->ledger, LEDGER_QUEUE_FULL);
	log_limited(&p->unsent, LOG_WARNING, "frame %" PRIu64 " is not sent on: the consumer is too slow", slot->decoded.image.image_id);
}

/* Of a source's budget, so that no disk uses up what one of several has to receive into; a first frame always goes. */
static bool write_bytes_full(const struct node *node, const struct publish *p, const struct slot *slot)
{
	uint64_t queue = ((uint64_t)node->config.output.write_queue_mib << 20) / node->n_sources, part = node->source_budget_bytes / WRITE_PART;
	uint64_t bytes = p->writing[slot->source].bytes;

	return bytes && bytes + slot->message.bytes > (queue < part ? queue : part);
}

/* The writer holds what it is given until it is on disk; what would hold up receiving is not given to it. */
static void to_writer_or_back(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;
	struct publish *p = lane->state;
	bool full = p->writing[slot->source].slots >= node->slots_per_source / WRITE_PART;

	slot->write_payload = slot->kept;
	if (node->sinks.files && !node->cfg.patient && slot->kept && (full || write_bytes_full(node, p, slot))) {
		slot->write_payload = false;
		ledger_add_reason(&slot->run->ledger, LEDGER_BACKLOG);
		log_limited(&p->backlog, LOG_ERROR, "frame %" PRIu64 " is not written: the disk does not keep up", slot->decoded.image.image_id);
	}
	if (!node->sinks.files || (full && !node->cfg.patient)) {
		if (node->sinks.files)
			ledger_add(&slot->run->ledger, LEDGER_RESULTS_UNWRITTEN, 1);
		release(node, slot);
		return;
	}
	if (!slot->write_payload) { /* its bytes are needed no more */
		atomic_fetch_sub_explicit(&node->bytes_in_flight[slot->source], slot->message.bytes, memory_order_relaxed);
		message_close(&slot->message);
	}
	p->writing[slot->source].slots++;
	p->writing[slot->source].bytes += slot->message.bytes;
	ring_push(&node->to_write, node_slot_index(node, slot));
	bell_ring(&node->write->bell);
}

/* --- in order ---------------------------------------------------------------------------------------------------------- */

static void count_fate(struct slot *slot)
{
	struct ledger *ledger = &slot->run->ledger;

	if (slot->status == RECORD_ANALYSED)
		ledger_add(ledger, LEDGER_ANALYSED, 1);
	else
		ledger_add_reason(ledger, slot->reason);
	if (slot->hit)
		ledger_add(ledger, LEDGER_HITS, 1);
	ledger_add(ledger, slot->kept ? LEDGER_KEPT : LEDGER_RELEASED, 1);
}

static bool has_to_wait(const struct node *node, const struct slot *slot)
{
	bool wait = node->cfg.patient || node->config.output.when_blocked == WHEN_BLOCKED_WAIT;

	return wait && node->sinks.frames && slot->kept && !parcels_room(node->parcels, slot->message.bytes);
}

/* False: it cannot go yet. */
static bool let_out_frame(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;
	struct run *run = slot->run;

	if (!slot->analyse && slot->status != RECORD_ANALYSED) {
		records_unanalysed(slot);
		slot->kept = decide_keep(&settings_newest(&node->settings)->config, slot->status, false, &slot->decoded.image);
	}
	if (has_to_wait(node, slot)) {
		atomic_store_explicit(&node->consumer_waited_ns, clock_monotonic_ns(), memory_order_relaxed);
		return false;
	}
	run->last_frame_ns = slot->received_ns;
	if (!run->first_frame_ns)
		run->first_frame_ns = slot->received_ns;
	run->bytes += slot->message.bytes;
	count_fate(slot);
	send_results(lane, slot);
	if (node->live)
		live_tap_frame(&node->live->tap, slot);
	if (slot->analyse)
		retune_let_out(slot);
	to_consumers(lane, slot);
	to_writer_or_back(lane, slot);
	return true;
}

static bool let_out(struct lane *lane, struct slot *slot)
{
	struct node *node = lane->node;

	if (slot->kind == SLOT_RUN_CLOSE) {
		/* Here and not later: the start of the next run may be right behind. */
		if (node->sinks.frames && slot->run->end && !put_parcel(node, PARCEL_END, slot->run, slot->run->end))
			return false;
		ledger_add(&slot->run->ledger, LEDGER_DETECTOR_DROPPED,
			   atomic_load_explicit(&node->detector_dropped[slot->run->identity.group], memory_order_relaxed));
		slot->run->closing = node->sinks.frames ? CLOSING_TELL : CLOSING_FILES;
		return true;
	}
	if (slot->decoded.kind == STREAM_IMAGE)
		return let_out_frame(lane, slot);
	/* A start: it stays with its run. */
	tell_screen(node, slot->run, LIVE_RUN_BEGAN);
	return !node->sinks.frames || put_parcel(node, PARCEL_START, slot->run, slot);
}

/* --- the end of a run -------------------------------------------------------------------------------------------------- */

static void finish_run(struct lane *lane, struct run *run)
{
	struct node *node = lane->node;
	struct record_count counts[LEDGER_TERMS];
	struct record_end end;

	send_start(lane, run);
	records_end(node, run, &end, counts);
	end.number = ((struct publish *)lane->state)->number;
	send_end(lane, &end);
	if (node->cfg.on_run)
		node->cfg.on_run(node->cfg.on_run_user, node, run);
	tell_screen(node, run, LIVE_RUN_ENDED);
	if (run->start)
		release(node, run->start);
	if (run->end)
		release(node, run->end);
	run->closing = CLOSING_NOT;
	atomic_store_explicit(&run->state, RUN_DONE, memory_order_release);
	atomic_fetch_add_explicit(&node->runs_done, 1, memory_order_release);
	bell_ring(&node->admit->bell);
}

/* Each sink is told in turn, so that the file's ledger already holds what became of the frames sent on. */
static bool see_to_end(struct lane *lane, struct run *run)
{
	struct node *node = lane->node;

	switch (run->closing) {
	case CLOSING_NOT:
		return false;
	case CLOSING_TELL:
		if (!put_parcel(node, PARCEL_CLOSE, run, NULL))
			return false;
		run->closing = CLOSING_FRAMES;
		return true;
	case CLOSING_FRAMES:
		if (!atomic_load_explicit(&run->frames_done, memory_order_acquire))
			return false;
		run->closing = CLOSING_FILES;
		return true;
	case CLOSING_FILES:
		if (node->sinks.files) {
			ring_push(&node->to_write, node_slot_index(node, node_close_token(node, run)));
			bell_ring(&node->write->bell);
			run->closing = CLOSING_WRITTEN;
			return true;
		}
		finish_run(lane, run);
		return true;
	case CLOSING_WRITTEN:
		if (!atomic_load_explicit(&run->files_done, memory_order_acquire))
			return false;
		finish_run(lane, run);
		return true;
	}
	return false;
}

/* The oldest run that is about to end: ends go out in the order of their runs. */
static struct run *first_closing(struct node *node)
{
	struct run *first = NULL;

	for (unsigned i = 0; i < RUNS_OPEN_MAX; i++) {
		struct run *r = &node->runs.run[i];

		if (r->closing != CLOSING_NOT && (!first || r->number < first->number))
			first = r;
	}
	return first;
}

/* --- the lane's turn --------------------------------------------------------------------------------------------------- */

static bool gather(struct node *node, struct publish *p, struct ring *ring)
{
	uint32_t index;
	bool any = false;

	while (ring_pop(ring, &index)) {
		p->window[node_slot(node, index)->sequence & p->mask] = index;
		any = true;
	}
	return any;
}

static bool take_written(struct node *node, struct publish *p)
{
	uint32_t index;
	bool any = false;

	while (ring_pop(&node->written, &index)) {
		struct slot *slot = node_slot(node, index);

		p->writing[slot->source].slots--;
		p->writing[slot->source].bytes -= slot->message.bytes;
		release(node, slot);
		any = true;
	}
	return any;
}

static bool publish_turn(struct lane *lane)
{
	struct node *node = lane->node;
	struct publish *p = lane->state;
	bool any = gather(node, p, &node->passed);
	struct run *run;
	uint32_t index;

	for (uint32_t w = 0; w < node->n_workers; w++)
		any |= gather(node, p, &node->work_out[w]);
	if (node->sinks.files)
		any |= take_written(node, p);
	if (node->live)
		live_tap_turn(&node->live->tap);
	if (p->results)
		outlet_peers(p->results); /* libzmq stops serving a socket whose monitor nobody reads */
	while ((index = p->window[p->expected & p->mask]) != SLOT_NONE && let_out(lane, node_slot(node, index))) {
		p->window[p->expected++ & p->mask] = SLOT_NONE;
		any = true;
	}
	while ((run = first_closing(node)) && see_to_end(lane, run))
		any = true;
	wake_sources(node, p);
	return any;
}

static void publish_close(struct lane *lane)
{
	struct publish *p = lane->state;

	if (!p)
		return;
	outlet_close(&p->results, LINGER_MS);
	free(p->window);
	free(p->buffer);
	free(p);
	lane->state = NULL;
}

const struct lane_spec publish_lane = {
	.name = "publish", .kind = LANE_PUBLISH, .open = publish_open, .turn = publish_turn, .close = publish_close, .idle_us = 5000,
	.does = "restores the order of arrival, lets results out, hands frames to the sinks, ends runs",
};
