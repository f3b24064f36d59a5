/* node.c - makes a node out of a configuration, and takes it apart again (node.h). */
#include "pipeline/node.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/frame_file.h"
#include "host/log.h"
#include "host/stream.h"
#include "pipeline/parcels.h"

#define SLOTS_DEFAULT 2048 /* 17 ms of the fastest detectors; a slot costs memory only once it is used */
#define SLOTS_PER_WORKER 8 /* what one has in hand and in front of it, and what waits elsewhere meanwhile */
#define SLOTS_MIN 8
#define PARCELS_MAX 8192

static bool off(const char *text)
{
	return !text[0] || !strcmp(text, "none");
}

/* user: the node, which remembers what was said of its engines. */
static void say(void *user, const char *line)
{
	struct node *node = user;

	if (node->n_said < NODE_SAID_MAX)
		snprintf(node->said[node->n_said++], sizeof(node->said[0]), "%s", line);
	log_line(LOG_INFO, "%s", line);
}

/* Entries of one name form a group; an entry without one is a group by itself. */
static void form_groups(struct node *node)
{
	const struct config *c = &node->config;

	for (uint32_t i = 0; i < node->n_sources; i++) {
		uint32_t first = 0;

		while (first < i && (!c->input.entry[i].group[0] || strcmp(c->input.entry[first].group, c->input.entry[i].group)))
			first++;
		node->group_of[i] = first;
		node->group_fifo[first] = first == i;
		node->group_shared[first] |= c->input.entry[i].shared;
	}
	if (node->cfg.file)
		node->group_shared[0] = true; /* numbers that a file lacks are elsewhere, not lost */
}

/* Lanes that analyse in place stand by where devices come first: they cost nothing until they are needed. */
static void count_workers(struct node *node)
{
	uint32_t taken = node->n_sources + (node->sinks.files ? 1 : 0), cores = node->topology.n_cpus;
	uint32_t threads = node->config.engine.threads;

	if (!threads)
		threads = cores > taken ? cores - taken : 1;
	node->n_feeders = engines_feeders(&node->engines, node->config.engine.queues_per_device);
	if (node->n_feeders >= NODE_WORKERS_MAX)
		node->n_feeders = NODE_WORKERS_MAX - 1;
	node->n_workers = node->n_feeders + (node->engines.in_place ? threads : 0);
	if (node->n_workers > NODE_WORKERS_MAX)
		node->n_workers = NODE_WORKERS_MAX;
}

static int settle(struct node *node, char *message, size_t message_bytes)
{
	struct config *c = &node->config;

	node->n_sources = node->cfg.file ? 1 : c->input.n;
	node->sinks = (struct ledger_sinks){.files = !off(c->output.directory), .frames = !off(c->output.frames)};
	node->plan_bins_max = c->radial.bins * c->radial.sectors;
	node->config_text = config_print(c, false);
	if (!node->config_text)
		return -ENOMEM;
	if (node->cfg.file) {
		c->run.quiet_after_end_ms = 0; /* nothing comes late out of a file ... */
		c->run.quiet_ms = UINT32_MAX;  /* ... but a disk may be slow */
		if (c->limits.max_channels < frame_file_info(node->cfg.file)->n_channels)
			c->limits.max_channels = frame_file_info(node->cfg.file)->n_channels;
	}
	topology_read(&node->topology, c->machine.sysfs, NULL, 0);
	node->card_node = node->cfg.file ? -1 : topology_endpoint_node(c->machine.sysfs, c->input.entry[0].endpoint);
	form_groups(node);
	return settings_add(&node->settings, c, "[]", message, message_bytes);
}

static int make_slots(struct node *node, char *message, size_t message_bytes)
{
	const struct config *c = &node->config;
	uint32_t wanted = (node->n_workers - node->n_feeders) * SLOTS_PER_WORKER + node->n_feeders * c->engine.max_batch * NODE_SLOTS_PER_BATCH;
	uint32_t enough = wanted > SLOTS_DEFAULT ? wanted : SLOTS_DEFAULT;
	uint32_t slots = c->machine.slots ? c->machine.slots : enough;
	struct slot_pool_cfg cfg = {
		.channels = c->limits.max_channels, .max_bins = node->plan_bins_max, .max_spots = c->spots.max_spots,
		.max_strong = node->cfg.with_strong ? c->spots.max_strong : 0, .node = node->card_node,
	};

	node->slots_per_source = slots / node->n_sources > SLOTS_MIN ? slots / node->n_sources : SLOTS_MIN;
	node->source_budget_bytes = ((uint64_t)c->machine.budget_mib << 20) / node->n_sources;
	node->n_frame_slots = node->slots_per_source * node->n_sources;
	cfg.n = node->n_frame_slots + RUNS_OPEN_MAX;
	if (slot_pool_open(&node->pool, &cfg) < 0) {
		snprintf(message, message_bytes, "not enough memory for %u slots (machine.slots, spots.max_spots)", node->n_frame_slots);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < node->pool.n; i++) {
		slot_clear(node_slot(node, i));
		node_slot(node, i)->source = i / node->slots_per_source;
	}
	return 0;
}

static int make_queues(struct node *node)
{
	const struct config *c = &node->config;
	int rc = graph_rings(node);

	for (uint32_t i = 0; i < node->n_frame_slots && rc == 0; i++)
		ring_push(&node->released[i / node->slots_per_source], i);
	if (rc == 0 && node->sinks.frames)
		rc = parcels_open(&node->parcels, PARCELS_MAX, (uint64_t)c->output.frames_queue_mib << 20);
	if (rc == 0)
		rc = run_table_open(&node->runs, c->run.remembered, &node->total);
	return rc;
}

static int start_lanes(struct node *node, char *message, size_t message_bytes)
{
	int rc = 0;

	for (unsigned i = 0; i < node->n_lanes && rc == 0; i++)
		rc = node->lane[i].spec->open(&node->lane[i], message, message_bytes);
	/* Downstream first: whoever hands something over finds the other there. */
	for (unsigned i = node->n_lanes; i-- > 0 && rc == 0;)
		rc = lane_start(&node->lane[i]);
	return rc;
}

int node_open(struct node **out, const struct node_cfg *cfg, char *message, size_t message_bytes)
{
	struct node *node = aligned_alloc(64, (sizeof(*node) + 63) & ~(size_t)63);
	int rc;

	*out = NULL;
	snprintf(message, message_bytes, "not enough memory");
	if (!node)
		return -ENOMEM;
	memset(node, 0, sizeof(*node));
	node->cfg = *cfg;
	node->config = *cfg->config;
	rc = settle(node, message, message_bytes);
	if (rc == 0) {
		rc = engines_open(&node->engines, &node->config, cfg->engines, say, node);
		if (rc < 0)
			snprintf(message, message_bytes, "none of the engines in engine.order is available here; %s",
				 node->n_said ? node->said[node->n_said - 1] : "");
	}
	if (rc == 0) {
		count_workers(node);
		rc = make_slots(node, message, message_bytes);
	}
	if (rc == 0)
		rc = make_queues(node);
	if (rc == 0)
		rc = graph_lanes(node);
	if (rc == 0) {
		place_lanes(node);
		rc = start_lanes(node, message, message_bytes);
	}
	if (rc < 0) {
		node_close(&node);
		return rc;
	}
	*out = node;
	return 0;
}

/* In the order of the way: each lane returns once nothing can come to it any more and it has nothing left to do. */
void node_drain(struct node *node)
{
	for (uint32_t s = 0; s < node->n_sources; s++)
		lane_finish(node->receive[s]);
	atomic_store_explicit(&node->draining, true, memory_order_release);
	lane_finish(node->admit); /* stays until every run is done */
	lane_finish(node->plan);
	for (uint32_t w = 0; w < node->n_workers; w++)
		lane_finish(node->work[w]);
	lane_finish(node->forward);
	lane_finish(node->write);
	lane_finish(node->publish);
	lane_finish(node->simplon);
	lane_finish(node->live_lane);
	lane_finish(node->serve); /* last: until then people can see how it goes */
}

void node_close(struct node **out)
{
	struct node *node = *out;

	if (!node)
		return;
	node_drain(node);
	/* Backwards: the plan lane unloads plans from engines whose queues are closed by then. */
	for (unsigned i = node->n_lanes; i-- > 0;)
		node->lane[i].spec->close(&node->lane[i]);
	engines_close(&node->engines);
	run_table_close(&node->runs);
	parcels_close(&node->parcels);
	graph_rings_close(node);
	slot_pool_close(&node->pool);
	settings_close(&node->settings);
	free(node->config_text);
	free(node);
	*out = NULL;
}
