/* place.c - which lane runs where: receiving next to the network card, feeding next to the device, analysing where room is left.
 *
 * A lane that is not named here runs where the system puts it. */
#include "pipeline/node.h"

#define PIN_CPUS_MIN 4 /* with fewer, a pinned lane and whatever else runs would stand in each other's way */

struct places {
	const struct topology *topology;
	uint16_t lanes[TOPOLOGY_CPUS_MAX]; /* that were put on each processor */
};

/* The processor with the fewest lanes, one of the node where that makes no odds; only: no other node's, if the node has any. */
static unsigned best_place(const struct places *p, int node, bool only)
{
	const struct topology *t = p->topology;
	unsigned best = 0;
	bool any = false;

	for (unsigned i = 0; i < t->n_cpus; i++)
		any |= t->cpu[i].node == node;
	while (only && any && t->cpu[best].node != node)
		best++;
	for (unsigned i = best + 1; i < t->n_cpus; i++) {
		bool near = t->cpu[i].node == node;

		if (only && any && !near)
			continue;
		if (p->lanes[i] < p->lanes[best] || (p->lanes[i] == p->lanes[best] && near && t->cpu[best].node != node))
			best = i;
	}
	return best;
}

static void place(struct places *p, struct lane *lane, int node, bool only, bool pin)
{
	unsigned at = best_place(p, node, only);

	p->lanes[at]++;
	lane->numa_node = p->topology->cpu[at].node;
	if (pin)
		lane->cpu = p->topology->cpu[at].cpu;
}

void place_lanes(struct node *node)
{
	struct places p = {.topology = &node->topology};
	bool pin = node->config.machine.pin_threads && node->topology.n_cpus >= PIN_CPUS_MIN;

	for (unsigned i = 0; i < node->n_lanes; i++) {
		struct lane *lane = &node->lane[i];
		enum lane_kind kind = lane->spec->kind;

		if (kind == LANE_RECEIVE || kind == LANE_REPLAY || (kind == LANE_WORK && lane->device < 0))
			place(&p, lane, node->card_node, false, pin);
		else if (kind == LANE_WORK)
			place(&p, lane, node->engines.open[lane->device].numa_node, true, pin);
	}
}
