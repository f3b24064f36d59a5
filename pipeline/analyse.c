/* analyse.c - the step that has an engine analyse every channel of a frame, and the worker lane that runs it.
 *
 * An engine that fails is passed over for the next one in the configured order; where all fail the frame is unanalysed, never lost. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "pipeline/receive.h"
#include "pipeline/work.h"


/* 0: the item's status says how it went; else the engine itself failed. */
static int try_engine(struct work *w, unsigned e, const struct engine *engine, struct outcome *o, struct engine_item *item)
{
	int rc;

	if (!w->queue[e] || !o->plan->handle[e])
		return -ENOTSUP;
	rc = engine->submit(w->queue[e], o->plan->handle[e], item, 1);
	if (rc == 0)
		rc = engine->wait(w->queue[e]);
	if (rc == 0 && item->status != 0 && item->status != -EBADMSG)
		rc = item->status;
	return rc;
}

static void analyse_channel(struct lane *lane, struct slot *slot, uint32_t i)
{
	struct work *w = lane->state;
	const struct engines *engines = &lane->node->engines;
	struct outcome *o = &slot->outcome[i];
	struct engine_item item = {
		.payload = w->payload[i], .blocks = &w->table[i], .wanted = OUTPUT_TOTALS | OUTPUT_RADIAL | OUTPUT_SPOTS | OUTPUT_STRONG,
		.result = &o->result, .bin_sum = o->record.radial.bin_sum, .bin_count = o->record.radial.bin_count,
		.strong = o->strong ? o->strong : w->strong, .spots = w->spots[i],
	};

	for (unsigned e = 0; e < engines->n; e++) {
		const struct engine *engine = engines->open[e].engine;
		int rc = try_engine(w, e, engine, o, &item);

		if (rc < 0) {
			if (rc != -ENOTSUP)
				log_limited(&w->failed, LOG_ERROR, "engine %s failed on frame %" PRIu64 ": error %d", engine->name,
					    slot->decoded.image.image_id, -rc);
			continue;
		}
		o->engine = engine->name;
		if (item.status == -EBADMSG) {
			o->status = RECORD_INVALID;
			o->reason = LEDGER_BAD_BLOCK;
		}
		return;
	}
	o->status = RECORD_UNANALYSED;
	o->reason = LEDGER_ENGINE_FAILED;
}

static void analyse_frame(struct lane *lane, struct slot *slot)
{
	struct work *w = lane->state;

	slot->status = RECORD_ANALYSED;
	slot->reason = LEDGER_TERMS;
	for (uint32_t i = 0; i < slot->decoded.image.n_channels; i++) {
		struct outcome *o = &slot->outcome[i];

		if (o->status == RECORD_ANALYSED)
			analyse_channel(lane, slot, i);
		if (o->status > slot->status) {
			slot->status = o->status;
			slot->reason = o->reason;
		}
	}
	if (slot->status == RECORD_INVALID)
		log_limited(&w->invalid, LOG_WARNING, "frame %" PRIu64 " is damaged: %s", slot->decoded.image.image_id,
			    ledger_words(slot->reason));
}

const struct step step_analyse = {"analyse", analyse_frame};

/* --- the worker lane --------------------------------------------------------------------------------------------------- */

static int work_open(struct lane *lane, char *message, size_t message_bytes)
{
	struct node *node = lane->node;
	const struct config *c = &node->config;
	uint64_t pixels = (uint64_t)c->limits.max_megapixels << 20;
	struct work *w = calloc(1, sizeof(*w));
	size_t n_offsets = block_table_entries((size_t)pixels * 4, 8);
	int rc = -ENOMEM;

	lane->state = w;
	if (!w)
		return rc;
	w->n_offsets = n_offsets < UINT32_MAX ? (uint32_t)n_offsets : UINT32_MAX;
	rc = memory_open(&w->memory, (size_t)w->n_offsets * sizeof(uint32_t) + (size_t)c->limits.max_channels * c->spots.max_spots * sizeof(struct spot) +
			 (size_t)c->spots.max_strong * sizeof(uint32_t) + (size_t)node->plan_bins_max * 2 * sizeof(double) + 256,
			 lane->numa_node, c->machine.huge_pages);
	if (rc < 0)
		goto fail;
	w->intensity = w->memory.at;
	w->sigma = w->intensity + node->plan_bins_max;
	w->spots[0] = (struct spot *)(w->sigma + node->plan_bins_max);
	for (uint32_t i = 1; i < c->limits.max_channels; i++)
		w->spots[i] = w->spots[i - 1] + c->spots.max_spots;
	w->strong = (uint32_t *)(w->spots[0] + (size_t)c->limits.max_channels * c->spots.max_spots);
	w->offsets = w->strong + c->spots.max_strong;
	rc = score_scratch_open(&w->scratch, c->spots.max_spots, node->plan_bins_max);
	for (unsigned e = 0; e < node->engines.n && rc == 0; e++)
		rc = node->engines.open[e].engine->queue_open(node->engines.open[e].context, &w->queue[e], (size_t)pixels * 4);
	if (rc == 0)
		return 0;
fail:
	snprintf(message, message_bytes, "not enough memory for a worker of %u megapixels (limits.max_megapixels)", c->limits.max_megapixels);
	return rc;
}

static bool work_turn(struct lane *lane)
{
	struct node *node = lane->node;
	struct ring *in = &node->work_in[lane->index];

	if (ring_count(in) == (in->mask + 1) / 2) /* frames may be waiting in admit for room */
		bell_ring(&node->admit->bell);
	return lane_pass_frames(lane, in, &node->work_out[lane->index], node->publish);
}

static void work_close(struct lane *lane)
{
	struct work *w = lane->state;

	if (!w)
		return;
	for (unsigned e = 0; e < lane->node->engines.n; e++)
		if (w->queue[e])
			lane->node->engines.open[e].engine->queue_close(&w->queue[e]);
	score_scratch_close(&w->scratch);
	memory_close(&w->memory);
	free(w);
	lane->state = NULL;
}

const struct lane_spec work_lane = {
	.name = "work", .kind = LANE_WORK, .open = work_open, .turn = work_turn, .close = work_close, .idle_us = 20000,
	.steps = {&step_stage, &step_analyse, &step_score, &step_decide},
	.does = "analyses frames: stage, analyse, score, decide",
};
