/* simplon_lane.c - the lane that asks detectors for their own dropped counters, where the configuration gives their address. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/log.h"
#include "host/simplon.h"
#include "pipeline/receive.h"

#define INTERVAL_NS 500000000u

struct ask {
	struct simplon *simplon[CONFIG_INPUTS_MAX];
	uint64_t next_ns;
	struct log_limit failed;
};

static int ask_open(struct lane *lane, char *message, size_t message_bytes)
{
	const struct config *c = &lane->node->config;
	struct ask *a = calloc(1, sizeof(*a));
	int rc = 0;

	lane->state = a;
	if (!a)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->input.n && rc == 0; i++)
		if (c->input.entry[i].simplon[0] && strcmp(c->input.entry[i].simplon, "none"))
			rc = simplon_open(&a->simplon[i], c->input.entry[i].simplon);
	return rc;
}

static bool ask_turn(struct lane *lane)
{
	struct node *node = lane->node;
	struct ask *a = lane->state;
	uint64_t dropped, now_ns = clock_monotonic_ns();
	char message[768];

	if (now_ns < a->next_ns || atomic_load_explicit(&lane->finish, memory_order_relaxed))
		return false;
	a->next_ns = now_ns + INTERVAL_NS;
	for (uint32_t i = 0; i < node->config.input.n; i++) {
		if (!a->simplon[i])
			continue;
		if (simplon_dropped(a->simplon[i], &dropped, message, sizeof(message)) < 0)
			log_limited(&a->failed, LOG_WARNING, "the detector's dropped counter is not known: %s", message);
		else
			atomic_store_explicit(&node->detector_dropped[node->group_of[i]], dropped, memory_order_relaxed);
	}
	return false;
}

static void ask_close(struct lane *lane)
{
	struct ask *a = lane->state;

	for (unsigned i = 0; a && i < CONFIG_INPUTS_MAX; i++)
		simplon_close(&a->simplon[i]);
	free(a);
	lane->state = NULL;
}

const struct lane_spec simplon_lane = {
	.name = "simplon", .kind = LANE_SIMPLON, .open = ask_open, .turn = ask_turn, .close = ask_close, .idle_us = 100000,
	.does = "asks detectors how many frames they dropped themselves",
};
