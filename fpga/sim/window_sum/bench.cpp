/* bench.cpp - window_sum against seven additions per lane, new columns in every clock: any numbers, the largest, and one column alone. */
#include "Vwindow_sum.h"
#include "fpga/sim/bits.h"

static const unsigned COLUMNS = LANES + 6, CLOCKS = 2; /* from columns to their sums */
static const int N_INPUTS = 1000000;

struct Columns {
	uint64_t of[COLUMNS];
};

static Columns columns_make(Random &random)
{
	const uint64_t largest = bits_largest(BITS);
	const uint32_t how = random.below(4), alone = random.below(COLUMNS);
	Columns columns;

	for (unsigned i = 0; i < COLUMNS; i++)
		columns.of[i] = how == 0 ? random.next() & largest : how == 1 ? largest - random.below(2) : how == 2 ? random.below(2) * largest : i == alone ? largest : 0;
	return columns;
}

int main()
{
	Bench<Vwindow_sum> bench;
	std::deque<Columns> under_way;

	for (int n = 0; n < N_INPUTS; n++) {
		under_way.push_back(columns_make(bench.random));
		for (unsigned i = 0; i < COLUMNS; i++)
			bits_put(bench->columns, i * BITS, BITS, under_way.back().of[i]);
		bench.settle();
		if (under_way.size() > CLOCKS) {
			for (unsigned lane = 0; lane < LANES; lane++) {
				uint64_t sum = 0;
				for (unsigned i = 0; i < 7; i++)
					sum += under_way.front().of[lane + i];
				CHECK_EQUAL(bits_get(bench->sums, lane * (BITS + 3), BITS + 3), sum, "lane %u in clock %d", lane, n);
			}
			under_way.pop_front();
		}
		bench.edge();
	}
	std::printf("%d inputs, one per clock\n", N_INPUTS);
	return 0;
}
