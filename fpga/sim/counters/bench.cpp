/* bench.cpp - counters against sums in C++: every clock of a job is counted for what its stage says, none before or after it. */
#include "Vcounters.h"
#include "fpga/sim/bench.h"

static const int N_JOBS = 200;

int main()
{
	Bench<Vcounters> bench;
	Random &random = bench.random;
	uint32_t got[3 * STAGES];

	bench->start = bench->running = bench->moved = bench->starved = bench->blocked = 0;
	bench.reset();
	for (int job = 0; job < N_JOBS; job++) {
		uint32_t wanted[3 * STAGES] = {};
		bench.pulse(bench->start);
		const uint32_t clocks = random.below(300);
		for (uint32_t clock = 0; clock < clocks; clock++) {
			const uint32_t said[3] = { random.below(1u << STAGES), random.below(1u << STAGES), random.below(1u << STAGES) };
			bench->running = 1;
			bench->moved = said[0];
			bench->starved = said[1];
			bench->blocked = said[2];
			for (int i = 0; i < 3 * STAGES; i++)
				wanted[i] += said[i % 3] >> (i / 3) & 1;
			bench.edge();
		}
		bench->running = 0;
		for (int i = 0; i < 5; i++) /* what stages say between jobs counts for nothing */
			bench.edge();
		bench_get(got, bench->counts, sizeof got);
		for (int i = 0; i < 3 * STAGES; i++)
			CHECK_EQUAL(got[i], wanted[i], "count %d of stage %d in a job of %u clocks", i % 3, i / 3, clocks);
	}
	return 0;
}
