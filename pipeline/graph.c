/* graph.c - read this first: the way of a frame through the node, as two tables.
 *
 *   detector => receive -> admit -> feed or work (stage, analyse, score, decide) -> publish => results (PUB)
 *                            |  \_________ not analysed _________________^   |  \-> forward => kept frames (PUSH)
 *                            plan (tables, off the way)                      |----> write   => HDF5
 *                                                                            \ - - > live (a tap: copies when it has room) -> serve => screen
 *
 * The lanes that analyse are of two kinds with the same steps: feed has a device (a GPU) that it copies frames for, several at once; work computes
 * by itself, in the message as it was received. Frames go to the first engine of engine.order that takes them, and to the next one when that fails.
 * A lane is a thread; a step is a verb that knows nothing of threads; a ring holds indices of slots and joins two lanes, one producer and one consumer each.
 * Every frame that receive takes in gets to publish exactly once, in the order of arrival, whatever becomes of it; that is why the ledger can balance.
 * When something is slow: the rings into publish and write have room for every slot there is and are never full; the short rings in front of the
 * workers fill first, then frames wait in admit, then (overload.analysis: shed) they pass unanalysed, and at last receive has no slot left, stops
 * receiving, and the detector's own buffer fills. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/live.h"
#include "pipeline/node.h"
#include "pipeline/receive.h"

enum how_many { ONE, PER_SOURCE, PER_FEEDER, PER_PROCESSOR, PER_WORKER, IF_FRAMES, IF_FILES, IF_SIMPLON, IF_HTTP };

static const struct {
	const struct lane_spec *spec;
	enum how_many many;
	const char *many_words;
} lanes[] = {
	{&receive_lane, PER_SOURCE, "one per input"},
	{&admit_lane, ONE, "one"},
	{&plan_lane, ONE, "one"},
	{&feed_lane, PER_FEEDER, "engine.queues_per_device"},
	{&work_lane, PER_PROCESSOR, "engine.threads"},
	{&publish_lane, ONE, "one"},
	{&forward_lane, IF_FRAMES, "with output.frames"},
	{&write_lane, IF_FILES, "with output.directory"},
	{&simplon_lane, IF_SIMPLON, "with input.simplon"},
	{&live_lane, IF_HTTP, "with http.listen"},
	{&serve_lane, IF_HTTP, "with http.listen"},
};
#define N_LANE_ROWS (sizeof(lanes) / sizeof(lanes[0]))

enum room { ALL_SLOTS, SOURCE_SLOTS, AHEAD, PLANS };

static const struct {
	const char *from, *to;
	size_t at;
	enum how_many many;
	enum room room;
	const char *when_full;
} rings[] = {
	{"receive", "admit", offsetof(struct node, arrived), PER_SOURCE, SOURCE_SLOTS, "never: room for every slot of the source"},
	{"admit", "receive", offsetof(struct node, refused), PER_SOURCE, SOURCE_SLOTS, "never"},
	{"publish", "receive", offsetof(struct node, released), PER_SOURCE, SOURCE_SLOTS, "never"},
	{"admit", "feed, work", offsetof(struct node, work_in), PER_WORKER, AHEAD, "frames wait in admit; when slots run low they pass unanalysed or receive stops"},
	{"feed, work", "publish", offsetof(struct node, work_out), PER_WORKER, ALL_SLOTS, "never"},
	{"admit", "publish", offsetof(struct node, passed), ONE, ALL_SLOTS, "never"},
	{"admit", "plan", offsetof(struct node, plans_asked), ONE, PLANS, "never: room for every channel of every run"},
	{"publish", "write", offsetof(struct node, to_write), ONE, ALL_SLOTS, "never; publish stops handing over at half of a source's slots or bytes, or output.write_queue_mib: failed.backlog"},
	{"write", "publish", offsetof(struct node, written), ONE, ALL_SLOTS, "never"},
};
#define N_RING_ROWS (sizeof(rings) / sizeof(rings[0]))

static bool wants_simplon(const struct node *node)
{
	for (uint32_t i = 0; i < node->config.input.n && !node->cfg.file; i++)
		if (node->config.input.entry[i].simplon[0] && strcmp(node->config.input.entry[i].simplon, "none"))
			return true;
	return false;
}

static uint32_t count(const struct node *node, enum how_many many)
{
	switch (many) {
	case ONE:
		return 1;
	case PER_SOURCE:
		return node->n_sources;
	case PER_FEEDER:
		return node->n_feeders;
	case PER_PROCESSOR:
		return node->n_workers - node->n_feeders;
	case PER_WORKER:
		return node->n_workers;
	case IF_FRAMES:
		return node->sinks.frames;
	case IF_FILES:
		return node->sinks.files;
	case IF_SIMPLON:
		return wants_simplon(node);
	case IF_HTTP:
		return strcmp(node->config.http.listen, "none") && !node->cfg.file;
	}
	return 0;
}

static void remember(struct node *node, struct lane *lane)
{
	switch (lane->spec->kind) {
	case LANE_RECEIVE:
	case LANE_REPLAY:
		node->receive[lane->index] = lane;
		break;
	case LANE_ADMIT:
		node->admit = lane;
		break;
	case LANE_PLAN:
		node->plan = lane;
		break;
	case LANE_WORK:
		if (lane->spec == &work_lane)
			lane->index += node->n_feeders;
		node->work[lane->index] = lane;
		lane->device = lane->spec == &feed_lane ? engines_fed_by(&node->engines, node->config.engine.queues_per_device, lane->index) : -1;
		lane->serves = lane->device < 0 ? node->engines.in_place : 1u << lane->device;
		atomic_init(&lane->ahead, NODE_AHEAD);
		break;
	case LANE_PUBLISH:
		node->publish = lane;
		break;
	case LANE_FORWARD:
		node->forward = lane;
		break;
	case LANE_WRITE:
		node->write = lane;
		break;
	case LANE_SIMPLON:
		node->simplon = lane;
		break;
	case LANE_LIVE:
		node->live_lane = lane;
		break;
	case LANE_SERVE:
		node->serve = lane;
		break;
	}
}

int graph_lanes(struct node *node)
{
	for (size_t r = 0; r < N_LANE_ROWS; r++) {
		uint32_t n = count(node, lanes[r].many);

		for (uint32_t i = 0; i < n; i++) {
			struct lane *lane = &node->lane[node->n_lanes++];

			lane->node = node;
			lane->spec = lanes[r].spec->kind == LANE_RECEIVE && node->cfg.file ? &replay_lane : lanes[r].spec;
			lane->index = i;
			lane->cpu = lane->numa_node = -1;
			snprintf(lane->name, sizeof(lane->name), n > 1 ? "%s.%u" : "%s", lane->spec->name, i);
			remember(node, lane);
		}
	}
	return 0;
}

static struct ring *ring_at(struct node *node, size_t row, uint32_t i)
{
	return (struct ring *)(void *)((char *)node + rings[row].at) + i;
}

static uint32_t room_for(const struct node *node, enum room room, uint32_t i)
{
	switch (room) {
	case ALL_SLOTS:
		return node->pool.n;
	case SOURCE_SLOTS:
		return node->slots_per_source;
	case AHEAD:
		return i < node->n_feeders && 2 * node->config.engine.max_batch > NODE_AHEAD ? 2 * node->config.engine.max_batch : NODE_AHEAD;
	case PLANS:
		return RUNS_OPEN_MAX * STREAM_CHANNELS_MAX;
	}
	return 0;
}

int graph_rings(struct node *node)
{
	for (size_t r = 0; r < N_RING_ROWS; r++)
		for (uint32_t i = 0; i < count(node, rings[r].many); i++) {
			int rc = ring_open(ring_at(node, r, i), room_for(node, rings[r].room, i));

			if (rc < 0)
				return rc;
		}
	return 0;
}

void graph_rings_close(struct node *node)
{
	for (size_t r = 0; r < N_RING_ROWS; r++)
		for (uint32_t i = 0; i < count(node, rings[r].many); i++)
			ring_close(ring_at(node, r, i));
}

void graph_print(void)
{
	printf("lanes\n");
	for (size_t r = 0; r < N_LANE_ROWS; r++)
		printf("  %-9s %-24s %s\n", lanes[r].spec->name, lanes[r].many_words, lanes[r].spec->does);
	printf("rings, and what happens when one is full\n");
	for (size_t r = 0; r < N_RING_ROWS; r++)
		printf("  %-10s -> %-10s %s\n", rings[r].from, rings[r].to, rings[r].when_full);
}
