/* work.c - the lanes that analyse: feed, which has a device, and work, which has this machine's processors. They differ in what they hold: feed takes
 * several frames at once and has a slab for them, and both have every engine that analyses in place, the one as its next, the other as its first. */
#include <errno.h>
#include <stdlib.h>

#include "pipeline/receive.h"
#include "pipeline/work.h"

/* Lists are address space until a frame has spots; no huge pages, so that a frame with few takes little. */
static int take_memory(struct lane *lane, struct work *w)
{
	const struct config *c = &lane->node->config;
	size_t bins = lane->node->plan_bins_max, n_offsets = block_table_entries(((size_t)c->limits.max_megapixels << 20) * 4, 8);
	int rc;

	w->n_offsets = n_offsets < UINT32_MAX ? (uint32_t)n_offsets : UINT32_MAX;
	rc = memory_open(&w->memory, bins * 2 * sizeof(double) + (size_t)w->max_images * c->spots.max_spots * sizeof(struct spot) +
			 (size_t)w->n_offsets * sizeof(uint32_t), lane->numa_node, c->machine.huge_pages && lane->device < 0);
	if (rc < 0)
		return rc;
	w->intensity = w->memory.at;
	w->sigma = w->intensity + bins;
	w->spots = (struct spot *)(w->sigma + bins);
	w->offsets = (uint32_t *)(w->spots + (size_t)w->max_images * c->spots.max_spots);
	return score_scratch_open(&w->scratch, c->spots.max_spots, lane->node->plan_bins_max);
}

/* Its own device and what analyses in place. A device without room for its queues is out; the others do its work. */
static int open_queues(struct lane *lane, struct work *w)
{
	struct engines *engines = &lane->node->engines;
	size_t max_bytes = ((size_t)lane->node->config.limits.max_megapixels << 20) * 4;
	int rc = 0;

	for (unsigned e = 0; e < engines->n && rc == 0; e++) {
		bool own = (int)e == lane->device;

		if (!own && !(engines->in_place >> e & 1))
			continue;
		rc = engines->open[e].engine->queue_open(engines->open[e].context, &w->queue[e], max_bytes);
		if (rc < 0 && own && engines->n > 1) {
			if (engines_take_out(engines, e, -rc))
				log_line(LOG_ERROR, "engine %s cannot be used: no room for %u queues (engine.queues_per_device)", engines->open[e].label,
					 lane->node->config.engine.queues_per_device);
			w->queue[e] = NULL;
			rc = 0;
		}
	}
	return rc;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Images; at least a frame, all channels of it. What devices have in hand and in front of them leaves half of the slots, so that these can run low, and
 * frames pass by when devices are too slow. */
static uint32_t most_together(const struct lane *lane)
{
	const struct node *node = lane->node;
	uint32_t most;

	if (lane->device < 0)
		return STREAM_CHANNELS_MAX;
	most = smaller(node->config.engine.max_batch, node->engines.open[lane->device].can.max_batch);
	most = smaller(most, node->n_frame_slots / node->n_feeders / NODE_SLOTS_PER_BATCH);
	return most > STREAM_CHANNELS_MAX ? most : STREAM_CHANNELS_MAX;
}

static int work_open(struct lane *lane, char *message, size_t message_bytes)
{
	struct work *w = calloc(1, sizeof(*w));
	int rc;

	lane->state = w;
	if (!w)
		return -ENOMEM;
	lane->hand = w->hand;
	lane->max_hand = 1; /* until it is known how large frames are */
	w->max_images = most_together(lane);
	rc = take_memory(lane, w);
	if (rc == 0)
		rc = open_queues(lane, w);
	if (rc < 0)
		snprintf(message, message_bytes, "not enough memory for a worker of %u megapixels (limits.max_megapixels)",
			 lane->node->config.limits.max_megapixels);
	return rc;
}

static bool work_turn(struct lane *lane)
{
	struct node *node = lane->node;
	struct ring *in = &node->work_in[lane->index];
	uint32_t waited = ring_count(in), half = atomic_load_explicit(&lane->ahead, memory_order_relaxed) / 2;

	if (!lane_take_frames(lane, in))
		return false;
	if (waited >= half && ring_count(in) < half) /* frames may be waiting in admit for room */
		bell_ring(&node->admit->bell);
	lane_pass_frames(lane, in, &node->work_out[lane->index], node->publish);
	return true;
}

static void work_close(struct lane *lane)
{
	struct work *w = lane->state;

	if (!w)
		return;
	for (unsigned e = 0; e < lane->node->engines.n; e++)
		if (w->queue[e])
			lane->node->engines.open[e].engine->queue_close(&w->queue[e]);
	if (lane->device >= 0)
		slab_close(&w->slab, &lane->node->engines.open[lane->device]);
	score_scratch_close(&w->scratch);
	memory_close(&w->memory);
	free(w);
	lane->state = NULL;
}

const struct lane_spec feed_lane = {
	.name = "feed", .kind = LANE_WORK, .open = work_open, .turn = work_turn, .close = work_close, .idle_us = 20000,
	.steps = {&step_stage, &step_analyse, &step_score, &step_decide},
	.does = "has a device analyse frames, as many together as wait: stage (copies), analyse, score, decide",
};

const struct lane_spec work_lane = {
	.name = "work", .kind = LANE_WORK, .open = work_open, .turn = work_turn, .close = work_close, .idle_us = 20000,
	.steps = {&step_stage, &step_analyse, &step_score, &step_decide},
	.does = "analyses frames on a processor: stage, analyse, score, decide",
};
