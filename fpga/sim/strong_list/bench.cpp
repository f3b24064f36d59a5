/* bench.cpp - strong_list: order, values, the exact count beyond the cap, room that suffices for a pipeline of 32 beats before it, and no clock
 * lost for what does not go into the list. Its model is the sequence of hits itself. */
#include <algorithm>

#include "Vstrong_list.h"
#include "fpga/sim/bench.h"

static const uint32_t LANES = 512 / PIXEL_BITS;

struct Beat {
	bool valid;
	uint32_t hits, base, values[32];
};

struct Entry {
	uint32_t index, value;
	bool operator==(const Entry &other) const { return index == other.index && value == other.value; }
};

/* How a frame is made: hits in a lane, beats with hits, stalls before and behind (100: nothing is taken before all is in), clocks from room
 * to the list, the cap. */
struct Case {
	uint32_t n_beats, lane_percent, beat_percent, stall_in, stall_out, way, cap;
};

static Beat beat_make(Random &random, const Case &c, uint32_t base)
{
	Beat beat = { true, 0, base, {} };
	const bool any = random.chance(c.beat_percent);

	for (uint32_t lane = 0; lane < LANES; lane++) {
		beat.values[lane] = static_cast<uint32_t>(random.next()) >> (32 - PIXEL_BITS);
		beat.hits |= static_cast<uint32_t>(any && random.chance(c.lane_percent)) << lane;
	}
	return beat;
}

static void put(Bench<Vstrong_list> &bench, const Beat &beat)
{
	uint8_t pixels[64];

	for (uint32_t lane = 0; lane < LANES; lane++)
		std::memcpy(pixels + lane * (PIXEL_BITS / 8), &beat.values[lane], PIXEL_BITS / 8);
	bench->in_valid = beat.valid;
	bench->in_hits = static_cast<decltype(+bench->in_hits)>(beat.hits);
	bench->in_base = beat.base;
	bench_put(bench->in_pixels, pixels, sizeof pixels);
}

/* One frame; returns its clocks. */
static uint64_t pass(Bench<Vstrong_list> &bench, const Case &c)
{
	Stalls gaps(bench.random, c.stall_in), takes(bench.random, c.stall_out);
	Steady<Entry> steady("out");
	std::deque<Beat> way(c.way, Beat{});
	std::deque<Entry> wanted;
	uint64_t n_strong = 0, listed = 0;
	uint32_t base = bench.random.below(1000), left = c.n_beats;

	bench->cfg_max_strong = c.cap;
	bench->in_valid = 0;
	bench.pulse(bench->start);
	const uint64_t begin = bench.clocks;
	for (;;) {
		Beat beat = {};
		const bool go = gaps.go();
		put(bench, way.front());
		bench->out_ready = takes.go() || (c.stall_out == 100 && left == 0);
		bench.settle();
		if (left == 0 && bench->idle && way.size() == c.way && std::none_of(way.begin(), way.end(), [](const Beat &b) { return b.valid; }))
			break;
		if (left && go && bench->room) {
			beat = beat_make(bench.random, c, base);
			base += 1 + bench.random.below(LANES); /* ascending is what the source sees to */
			base += LANES;
			left--;
			for (uint32_t lane = 0; lane < LANES; lane++)
				if (beat.hits >> lane & 1 && n_strong++ < c.cap)
					wanted.push_back({ beat.base + lane, beat.values[lane] });
		}
		way.pop_front();
		way.push_back(beat);
		steady.look(bench->out_valid, bench->out_ready, { bench->out_index, bench->out_value });
		if (bench->out_valid && bench->out_ready) {
			CHECK(!wanted.empty(), "entry %llu is too many", (unsigned long long)listed);
			CHECK_EQUAL(bench->out_index, wanted.front().index, "entry %llu", (unsigned long long)listed);
			CHECK_EQUAL(bench->out_value, wanted.front().value, "entry %llu", (unsigned long long)listed);
			wanted.pop_front();
			listed++;
		}
		bench.edge();
	}
	CHECK(wanted.empty(), "%zu entries are missing behind %llu", wanted.size(), (unsigned long long)listed);
	CHECK_EQUAL(bench->n_strong, n_strong, "with a cap of %u", c.cap);
	bench.edge(); /* n_beyond comes two clocks later */
	bench.edge();
	CHECK_EQUAL(bench->n_beyond, n_strong > c.cap ? n_strong - c.cap : 0, "entries past a cap of %u", c.cap);
	return bench.clocks - begin;
}

int main()
{
	Bench<Vstrong_list> bench;
	Random &random = bench.random;

	bench.limit = 5'000'000;
	bench->start = bench->in_valid = bench->out_ready = 0;
	bench.reset();
	for (int round = 0; round < 60; round++) {
		const uint32_t cap = random.chance(30) ? random.below(200) : random.chance(20) ? 0 : 0xffffffffu;
		pass(bench, { 200 + random.below(1800), random.below(101), random.below(101), random.chance(50) ? random.below(70) : 0,
			      random.chance(50) ? random.below(80) : 0, 1 + random.below(32), cap });
	}
	/* Every pixel strong and nobody takes the list for long: the queue fills to its end and nothing is lost. */
	pass(bench, { 1500, 100, 100, 0, 90, 32, 0xffffffffu });
	/* One entry per clock. */
	uint64_t clocks = pass(bench, { 1000, 100, 100, 0, 0, 32, 0xffffffffu });
	CHECK(clocks <= 1000 * LANES + 60, "%llu clocks for %u entries", (unsigned long long)clocks, 1000 * LANES);
	/* Past the cap: as fast as nothing at all. */
	clocks = pass(bench, { 5000, 100, 100, 0, 0, 32, 100 });
	CHECK(clocks <= 5000 + 150, "%llu clocks for 5000 beats past the cap", (unsigned long long)clocks);
	/* Also where the cap is reached while the queue is full and nobody takes. */
	clocks = pass(bench, { 5000, 100, 100, 0, 100, 32, 470 * LANES });
	CHECK(clocks <= 5000 + 470 * LANES + 150, "%llu clocks for 5000 beats past a full queue", (unsigned long long)clocks);
	std::printf("64 frames, %llu clocks\n", (unsigned long long)bench.clocks);
	return 0;
}
