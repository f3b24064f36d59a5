/* bench.cpp - radial_lane against plain sums: every order of three bins and gaps, bins that come back after 1 to 6 clocks, long runs of the
 * largest value; read with and without clearing, in any order, and fed again in the clock behind. */
#include "Vradial_lane.h"
#include "fpga/sim/bits.h"

static const uint32_t N_BINS = 1u << BIN_BITS;
static const uint64_t LARGEST = (1ull << PIXEL_BITS) - 1;
/* Pixels of a run: as many as a bin can count, if that is not too many to wait for. */
static const uint32_t RUN = COUNT_BITS < 18 ? (1u << COUNT_BITS % 32) - 1 : 3000000;

struct Bin {
	uint64_t sum = 0;
	uint32_t count = 0;
};

/* The lane, the sums it should hold, and what was read and has not come out yet. */
class Lane {
public:
	Bench<Vradial_lane> bench;
	Random &random = bench.random;
	uint64_t n_reads = 0;

	Lane()
	{
		bench.limit = 20'000'000;
		add_nothing(0);
		bench.reset();
		known.assign(N_BINS, false);
		bins.resize(N_BINS);
	}

	void add(uint32_t bin, uint64_t pixel)
	{
		bench->add = 1;
		bench->add_bin = static_cast<uint16_t>(bin);
		bench->add_pixel = static_cast<decltype(+bench->add_pixel)>(pixel);
		bins[bin].sum += pixel;
		bins[bin].count++;
		last_add = bench.clocks;
		pass();
	}
	/* One clock in which a pixel of this bin is there, but not to be added. */
	void gap(uint32_t bin)
	{
		add_nothing(bin);
		pass();
	}
	/* Waits until no pixel is under way, which is what the lane asks for, and no longer. */
	void read(uint32_t bin, bool clear)
	{
		while (bench.clocks < last_add + 4 || (cleared == bin && bench.clocks == last_clear + 1))
			gap(bin);
		add_nothing(bin);
		bench->read = 1;
		bench->read_bin = static_cast<uint16_t>(bin);
		bench->clear = clear;
		reads.push_back({ bench.clocks + 2, bin, known[bin], bins[bin] });
		if (clear) {
			known[bin] = true;
			bins[bin] = {};
			cleared = bin;
			last_clear = bench.clocks;
		}
		pass();
	}
	/* What comes in a reset is not added; of what was under way before it nobody knows. */
	void reset()
	{
		const bool idle = random.chance(70);

		for (int i = 0; idle && i < 4; i++)
			gap(0);
		add_nothing(random.below(N_BINS));
		bench->add = 1;
		bench.reset(1 + static_cast<int>(random.below(5)));
		bench->add = 0;
		reads.clear();
		if (!idle)
			known.assign(N_BINS, false);
	}

private:
	struct Read {
		uint64_t clock; // in which it comes out
		uint32_t bin;
		bool known;
		Bin wanted;
	};
	std::vector<bool> known; // cleared once, so that the sums are those in bins
	std::vector<Bin> bins;
	std::deque<Read> reads;
	uint64_t last_add = 0, last_clear = 0;
	uint32_t cleared = ~0u;

	void add_nothing(uint32_t bin)
	{
		bench->add = bench->read = 0;
		bench->add_bin = static_cast<uint16_t>(bin);
		bench->read_bin = static_cast<uint16_t>(bin);
		bench->clear = static_cast<uint8_t>(random.below(2));
		bench->add_pixel = static_cast<decltype(+bench->add_pixel)>(random.next() & LARGEST);
	}
	void pass()
	{
		bench.settle();
		if (!reads.empty() && reads.front().clock == bench.clocks) {
			const Read &read = reads.front();
			if (read.known) {
				CHECK_EQUAL(bench->sum, read.wanted.sum, "bin %u", read.bin);
				CHECK_EQUAL(bench->count, read.wanted.count, "bin %u", read.bin);
				n_reads++;
			}
			reads.pop_front();
		}
		bench.edge();
		bench->read = 0;
		bench->add = 0;
	}
};

static void read_all(Lane &lane, bool clear, uint32_t gaps)
{
	for (uint32_t bin = 0; bin < N_BINS; bin++) {
		while (lane.random.chance(gaps))
			lane.gap(lane.random.below(N_BINS));
		lane.read(bin, clear);
	}
}

/* Every order of gaps and pixels of three bins, seven long: a bin can come back at every distance with everything between. */
static void pass_orders(Lane &lane)
{
	read_all(lane, true, 0);
	for (uint32_t order = 0; order < 1u << 14; order++) {
		const uint32_t first = lane.random.below(N_BINS), step = 1u << lane.random.below(BIN_BITS - 1);
		const auto bin = [&](uint32_t which) { return (first + which * step) % N_BINS; };
		for (uint32_t at = 0; at < 7; at++) {
			const uint32_t what = order >> 2 * at & 3;
			if (what == 3)
				lane.gap(bin(lane.random.below(3)));
			else
				lane.add(bin(what), lane.random.next() & LARGEST);
		}
		for (uint32_t which = 0; which < 3; which++)
			lane.read(bin(which), true);
	}
}

/* Bins that come back after `distance` clocks, with gaps or without, and now and then one from anywhere. */
static void pass_distances(Lane &lane, uint32_t distance, uint32_t gaps, uint32_t strangers)
{
	uint32_t turn[6];

	for (uint32_t &bin : turn)
		bin = lane.random.below(N_BINS);
	for (uint32_t i = 0; i < 600; i++) {
		const uint32_t bin = lane.random.chance(strangers) ? lane.random.below(N_BINS) : turn[i % distance];
		if (lane.random.chance(gaps))
			lane.gap(bin);
		else
			lane.add(bin, lane.random.chance(50) ? lane.random.next() & LARGEST : lane.random.chance(50) ? LARGEST : 0);
	}
	if (N_BINS > 64 && lane.random.chance(90)) { // the rest is read another time
		for (uint32_t bin : turn)
			lane.read(bin, lane.random.chance(70));
	} else
		read_all(lane, lane.random.chance(80), lane.random.chance(50) ? 0 : lane.random.below(40));
}

/* The largest value into one bin until its numbers are wide; its neighbours must not feel it. */
static void pass_long(Lane &lane)
{
	const uint32_t bin = lane.random.below(N_BINS);

	read_all(lane, true, 0);
	for (uint32_t i = 0; i < RUN; i++)
		lane.add(bin, LARGEST);
	read_all(lane, false, 0);
	read_all(lane, true, 0);
	read_all(lane, false, 0);
}

int main()
{
	Lane lane;

	pass_orders(lane);
	pass_long(lane);
	for (int round = 0; round < 1500; round++) {
		if (RUN < 2000) // or the narrow lane's counts run over
			read_all(lane, true, 0);
		pass_distances(lane, 1 + lane.random.below(6), lane.random.chance(50) ? 0 : lane.random.below(60), lane.random.chance(50) ? 0 : lane.random.below(60));
		if (round % 20 == 10) {
			lane.reset();
			read_all(lane, true, lane.random.below(30));
		}
	}
	read_all(lane, true, 0);
	CHECK(lane.n_reads >= 3 << 14, "%llu reads compared: the bench proves less than it says", (unsigned long long)lane.n_reads);
	std::printf("%llu reads compared, %llu clocks\n", (unsigned long long)lane.n_reads, (unsigned long long)lane.bench.clocks);
	return 0;
}
