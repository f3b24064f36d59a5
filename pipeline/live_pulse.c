/* live_pulse.c - how the node does from second to second: rates, latency, queues, and how busy each lane is by its thread's processor clock (live.h). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "host/clock.h"
#include "pipeline/latency.h"
#include "pipeline/live.h"
#include "pipeline/parcels.h"

struct live_pulse {
	uint64_t before_ns, received, bytes, written;
	uint64_t count[LATENCY_STEPS];
	uint64_t cpu_ns[NODE_LANES_MAX];
	float slots, memory; /* largest since the last second */
};

int live_pulse_open(struct live_pulse **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void live_pulse_close(struct live_pulse **pulse)
{
	free(*pulse);
	*pulse = NULL;
}

/* --- queues ------------------------------------------------------------------------------------------------------------ */

static unsigned add(struct live_queue *out, unsigned n, unsigned max, const char *name, int index, uint64_t used, uint64_t room, bool bytes)
{
	if (n == max)
		return n;
	out[n] = (struct live_queue){.used = used < room ? used : room, .room = room, .bytes = bytes};
	snprintf(out[n].name, sizeof(out[n].name), index < 0 ? "%s" : "%s.%d", name, index);
	return n + 1;
}

static uint64_t slots_used(struct node *node, unsigned source)
{
	uint64_t free_slots = ring_count(&node->released[source]) + ring_count(&node->refused[source]);

	return free_slots < node->slots_per_source ? node->slots_per_source - free_slots : 0;
}

unsigned live_queues(struct node *node, struct live_queue *out, unsigned max)
{
	uint64_t in_work = 0, room = 0, slots = 0, bytes = 0;
	unsigned n = 0;

	for (uint32_t s = 0; s < node->n_sources; s++) {
		slots += slots_used(node, s);
		bytes += atomic_load_explicit(&node->bytes_in_flight[s], memory_order_relaxed);
	}
	n = add(out, n, max, "frames in the node", -1, slots, node->n_frame_slots, false);
	n = add(out, n, max, "memory of frames", -1, bytes, node->source_budget_bytes * node->n_sources, true);
	for (uint32_t s = 0; s < node->n_sources; s++)
		n = add(out, n, max, "arrived", node->n_sources > 1 ? (int)s : -1, ring_count(&node->arrived[s]), node->slots_per_source, false);
	for (uint32_t w = 0; w < node->n_workers; w++) {
		in_work += ring_count(&node->work_in[w]);
		room += node->work_in[w].mask + 1;
	}
	n = add(out, n, max, "to analyse", -1, in_work, room, false);
	if (node->sinks.files)
		n = add(out, n, max, "to write", -1, ring_count(&node->to_write), node->slots_per_source, false);
	if (node->sinks.frames) {
		bytes = parcels_bytes(node->parcels, &room);
		n = add(out, n, max, "frames out", -1, bytes, room, true);
	}
	return n;
}

void live_pulse_look(struct live *live)
{
	struct live_queue queue[2];
	struct live_pulse *p = live->pulse;

	live_queues(live->node, queue, 2);
	p->slots = fmaxf(p->slots, (float)queue[0].used / (float)(queue[0].room ? queue[0].room : 1));
	p->memory = fmaxf(p->memory, (float)queue[1].used / (float)(queue[1].room ? queue[1].room : 1));
}

/* --- lanes ------------------------------------------------------------------------------------------------------------- */

/* NaN: its clock cannot be read. */
static float load_of(struct live_pulse *p, struct lane *lane, unsigned i, double seconds)
{
	int clock = atomic_load_explicit(&lane->clock, memory_order_relaxed);
	uint64_t cpu_ns, before = p->cpu_ns[i];
	struct timespec t;

	if (!clock || clock_gettime((clockid_t)clock, &t)) /* not yet, or its thread has ended */
		return NAN;
	cpu_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	p->cpu_ns[i] = cpu_ns;
	return before ? (float)((double)(cpu_ns - before) / 1e9 / seconds) : NAN;
}

static void loads(struct live *live, float *load, struct live_recent *r, double seconds)
{
	struct node *node = live->node;
	float work = 0;

	r->load_busiest = NAN;
	for (unsigned i = 0; i < node->n_lanes; i++) {
		load[i] = load_of(live->pulse, &node->lane[i], i, seconds);
		r->load_busiest = fmaxf(r->load_busiest, load[i]);
		if (node->lane[i].spec->kind == LANE_WORK)
			work += load[i];
	}
	r->load_work = work / (float)node->n_workers;
}

/* --- a second ---------------------------------------------------------------------------------------------------------- */

static float percentile_ms(const uint64_t *count, uint64_t n, double fraction)
{
	uint64_t wanted = (uint64_t)ceil((double)n * fraction), below = 0;

	for (unsigned i = 0; n && i < LATENCY_STEPS; i++) {
		below += count[i];
		if (below >= wanted && below)
			return (float)((double)latency_upto_ns(i) / 1e6);
	}
	return NAN;
}

static void latencies(struct live *live, struct live_recent *r)
{
	struct live_pulse *p = live->pulse;
	uint64_t fresh[LATENCY_STEPS], n = 0;

	for (unsigned i = 0; i < LATENCY_STEPS; i++) {
		uint64_t now = atomic_load_explicit(&live->node->latency.count[i], memory_order_relaxed);

		fresh[i] = now - p->count[i];
		p->count[i] = now;
		n += fresh[i];
	}
	r->p50_ms = percentile_ms(fresh, n, 0.5);
	r->p95_ms = percentile_ms(fresh, n, 0.95);
	r->p99_ms = percentile_ms(fresh, n, 0.99);
}

void live_pulse_second(struct live *live)
{
	struct live_pulse *p = live->pulse;
	struct node *node = live->node;
	uint64_t now_ns = clock_monotonic_ns(), received = ledger_get(&node->total, LEDGER_RECEIVED);
	uint64_t bytes = atomic_load_explicit(&node->bytes_received, memory_order_relaxed);
	uint64_t written = atomic_load_explicit(&node->bytes_written, memory_order_relaxed);
	double seconds = (double)(now_ns - (p->before_ns ? p->before_ns : live->start_ns)) / 1e9;
	struct live_recent r = {.slots = p->slots, .memory = p->memory};
	float load[NODE_LANES_MAX];

	r.frames_per_s = (float)((double)(received - p->received) / seconds);
	r.bytes_per_s = (float)((double)(bytes - p->bytes) / seconds);
	r.written_bytes_per_s = (float)((double)(written - p->written) / seconds);
	latencies(live, &r);
	loads(live, load, &r, seconds);
	p->before_ns = now_ns;
	p->received = received;
	p->bytes = bytes;
	p->written = written;
	p->slots = p->memory = 0;
	lock_take(&live->lock);
	live->recent[live->n_recent++ % LIVE_RECENT] = r;
	for (unsigned i = 0; i < node->n_lanes; i++)
		live->load[i] = load[i];
	lock_leave(&live->lock);
}
