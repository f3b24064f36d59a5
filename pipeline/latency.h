/* latency.h - a histogram of times, for percentiles: 16 steps per octave from 1 microsecond to 69 seconds, a time counts as its step's upper end, so at most 1/16 too long. One writer, any readers. */
#ifndef PIPELINE_LATENCY_H
#define PIPELINE_LATENCY_H

#include <stdatomic.h>
#include <stdint.h>

#define LATENCY_OCTAVES 27
#define LATENCY_STEPS (16 * LATENCY_OCTAVES)

struct latency {
	_Atomic uint64_t count[LATENCY_STEPS]; /* relaxed: mere counts */
	_Atomic uint64_t n, max_ns, sum_ns;
};

void latency_add(struct latency *latency, uint64_t ns);
void latency_clear(struct latency *latency);
/* The time that a fraction (0..1) of the entries did not pass, in ns; 0 where there are none. */
uint64_t latency_percentile(const struct latency *latency, double fraction);
/* The longest time that counts as this step, in ns. */
uint64_t latency_upto_ns(unsigned step);
/* Entries of one octave (from 0), whose longest time goes to upto_ns; the last octave holds whatever is longer too. */
uint64_t latency_octave(const struct latency *latency, unsigned octave, uint64_t *upto_ns);

#endif
