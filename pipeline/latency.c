/* latency.c - logarithmic buckets (latency.h). */
#include "pipeline/latency.h"

#include <math.h>

#define SUB 16
#define STEP_NS 62 /* a sixteenth of a microsecond, near enough */

/* Bucket of a time: octave of the microseconds times 16 plus the next four bits. */
static unsigned bucket(uint64_t ns)
{
	uint64_t units = ns / STEP_NS, x = units > SUB ? units : SUB;
	unsigned octave = 63 - (unsigned)__builtin_clzll(x);
	unsigned b = (octave - 4) * SUB + (unsigned)(x >> (octave - 4) & (SUB - 1));

	return b < LATENCY_STEPS ? b : LATENCY_STEPS - 1;
}

static uint64_t upper_edge(unsigned b)
{
	return (uint64_t)(SUB + b % SUB + 1) << (b / SUB);
}

uint64_t latency_upto_ns(unsigned step)
{
	return upper_edge(step) * STEP_NS;
}

void latency_add(struct latency *latency, uint64_t ns)
{
	atomic_fetch_add_explicit(&latency->count[bucket(ns)], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&latency->n, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&latency->sum_ns, ns, memory_order_relaxed);
	if (ns > atomic_load_explicit(&latency->max_ns, memory_order_relaxed))
		atomic_store_explicit(&latency->max_ns, ns, memory_order_relaxed);
}

void latency_clear(struct latency *latency)
{
	for (unsigned i = 0; i < LATENCY_STEPS; i++)
		atomic_store_explicit(&latency->count[i], 0, memory_order_relaxed);
	atomic_store_explicit(&latency->n, 0, memory_order_relaxed);
	atomic_store_explicit(&latency->sum_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&latency->max_ns, 0, memory_order_relaxed);
}

uint64_t latency_percentile(const struct latency *latency, double fraction)
{
	uint64_t n = atomic_load_explicit(&latency->n, memory_order_relaxed), at = 0;
	uint64_t wanted = (uint64_t)ceil(fraction * (double)n);

	for (unsigned i = 0; i < LATENCY_STEPS; i++) {
		at += atomic_load_explicit(&latency->count[i], memory_order_relaxed);
		if (at && at >= wanted) {
			uint64_t edge = upper_edge(i) * STEP_NS, max = atomic_load_explicit(&latency->max_ns, memory_order_relaxed);

			return edge < max ? edge : max;
		}
	}
	return 0;
}

uint64_t latency_octave(const struct latency *latency, unsigned octave, uint64_t *upto_ns)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < SUB; i++)
		n += atomic_load_explicit(&latency->count[octave * SUB + i], memory_order_relaxed);
	*upto_ns = upper_edge(octave * SUB + SUB - 1) * STEP_NS;
	return n;
}
