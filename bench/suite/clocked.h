/* clocked.h - what a device that counts clocks has counted, and the measurement of one that is simulated: its time is clocks, not the simulator's seconds.
 *
 * For the suite. A frame takes a simulated device as long as ten thousand take a real one, so each of its units does one and no more: the
 * same frame takes the same clocks again. */
#ifndef BENCH_SUITE_CLOCKED_H
#define BENCH_SUITE_CLOCKED_H

#include "bench/suite/engine_bench.h"

#define CLOCKED_STAGES_MAX 16

struct clocked {
	unsigned frames;
	uint32_t units;
	uint32_t clock_mhz;      /* assumed: what was given, or what the engine takes where nothing was; no device tells its own */
	double clocks_per_frame; /* between one finished frame and the next, all units at work; 0: nothing was counted */
	double frames_per_s;     /* that makes at this clock */
	double payload_gb_per_s, table_gb_per_s, record_gb_per_s; /* over the memory ports of all units at that rate, 10^9 bytes */
	uint32_t n_stages;
	struct engine_stage stage[CLOCKED_STAGES_MAX]; /* over all frames and units */
};

/* Since the seat was opened. An engine that counts no clocks leaves zeros. */
void clocked_read(struct clocked *out, const struct engine_seat *seat);
/* One frame per unit on a simulated device; -ENOTSUP where it counts no clocks, and what the engine says. */
int clocked_measure(struct clocked *out, const struct engine_bench *bench);
/* Clocks of a stage per frame of one unit. */
static inline double clocked_per_frame(const struct clocked *c, uint64_t stage_clocks)
{
	return c->frames ? (double)stage_clocks / c->frames : 0;
}

#endif
