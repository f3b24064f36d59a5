/* supervise.c - signs of life (supervise.h). */
#include "pipeline/supervise.h"

#include <stdio.h>

#include "host/log.h"
#include "host/notify.h"

#define SIGNS 3 /* within the time that the supervisor waits for one */

void supervise_begin(struct supervise *s)
{
	*s = (struct supervise){.every_ns = notify_watchdog_us() * 1000 / SIGNS};
	notify_supervisor("READY=1");
}

static bool passes_frames(enum lane_kind kind)
{
	return kind == LANE_RECEIVE || kind == LANE_ADMIT || kind == LANE_WORK || kind == LANE_PUBLISH;
}

/* The first lane that has not taken a turn since the last look; even one with nothing to do takes some every second. */
static const struct lane *stuck_lane(struct supervise *s, const struct node *node)
{
	const struct lane *found = NULL;

	for (unsigned i = 0; i < node->n_lanes; i++) {
		uint64_t turns = atomic_load_explicit(&node->lane[i].turns, memory_order_relaxed);

		if (passes_frames(node->lane[i].spec->kind) && turns == s->turns[i] && turns && !found)
			found = &node->lane[i];
		s->turns[i] = turns;
	}
	return found;
}

void supervise_turn(struct supervise *s, const struct node *node, const char *status, uint64_t now_ns)
{
	const struct lane *stuck;
	char line[600];

	if (status) {
		snprintf(line, sizeof(line), "STATUS=%s", status);
		notify_supervisor(line);
	}
	if (!s->every_ns || now_ns < s->next_ns)
		return;
	s->next_ns = now_ns + s->every_ns;
	stuck = stuck_lane(s, node);
	if (!stuck)
		notify_supervisor("WATCHDOG=1");
	else if (!s->stuck)
		log_line(LOG_ERROR, "lane %s does not take its turns any more", stuck->name);
	s->stuck = stuck;
}

void supervise_end(void)
{
	notify_supervisor("STOPPING=1");
}
