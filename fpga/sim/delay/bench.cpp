/* bench.cpp - delay against what went in: in every size of the design the same bits come out exactly so many clocks later, whatever comes between. */
#include "Vdelay_cases.h"
#include "fpga/sim/bench.h"

static const unsigned WIDEST = 576, LONGEST = 64;

struct Word {
	uint8_t bytes[WIDEST / 8];
	bool operator==(const Word &other) const { return std::memcmp(bytes, other.bytes, sizeof bytes) == 0; }
};

/* Now and then nothing but zeros or ones, the same again, or one bit alone, so that a bit that comes from elsewhere is seen. */
static Word choose(Random &random, const Word &last)
{
	const uint32_t kind = random.below(10);
	Word word{};

	if (kind == 0)
		return last;
	if (kind == 1)
		return word;
	if (kind == 2)
		std::memset(word.bytes, 0xff, sizeof word.bytes);
	else if (kind < 5) {
		const uint32_t bit = random.below(random.chance(50) ? 12 : WIDEST);
		word.bytes[bit / 8] = static_cast<uint8_t>(1u << bit % 8);
	} else
		for (uint8_t &byte : word.bytes)
			byte = static_cast<uint8_t>(random.next());
	return word;
}

/* Its lowest bits, zeros above. */
static Word cut(const Word &word, unsigned width)
{
	Word lowest{};

	for (unsigned i = 0; i < width; i += 8)
		lowest.bytes[i / 8] = static_cast<uint8_t>(word.bytes[i / 8] & (width - i < 8 ? (1u << (width - i)) - 1 : 0xffu));
	return lowest;
}

int main()
{
	static const unsigned CLOCKS = 6000;
	Bench<Vdelay_cases> bench;
	std::deque<Word> past; /* the last one first */

	bench.reset();
	for (unsigned clock = 0; clock < CLOCKS; clock++) {
		past.push_front(choose(bench.random, clock ? past.front() : Word{}));
		bench_put(bench->in, past.front().bytes, sizeof past.front().bytes);
		bench.edge();
		/* Nothing may pass by the registers. */
		bench_put(bench->in, choose(bench.random, Word{}).bytes, WIDEST / 8);
		bench.settle();
		for (unsigned i = 0; i < CASES; i++) {
			const unsigned width = bench->width[i], clocks = bench->clocks[i];
			Word out;
			CHECK(width && width <= WIDEST && clocks && clocks <= LONGEST, "there is no case %u", i);
			if (clocks > past.size())
				continue;
			bench_get(out.bytes, bench->out[i], sizeof out.bytes);
			CHECK(out == cut(past[clocks - 1], width), "%u bits, %u clocks", width, clocks);
		}
		if (past.size() == LONGEST)
			past.pop_back();
	}
	std::printf("%d sizes, %u clocks\n", CASES, CLOCKS);
	return 0;
}
