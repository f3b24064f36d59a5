/* bench.cpp - fifo against a std::deque: order, level, room for exactly 2^DEPTH_LOG2 words, one word per clock where nothing stalls. */
#include "Vfifo.h"
#include "fpga/sim/bench.h"

static const uint64_t MASK = (1ull << WIDTH) - 1;
static const unsigned DEPTH = 1u << DEPTH_LOG2;

/* Words through the queue, under stalls of both sides; returns the clocks it took. */
static uint64_t pass(Bench<Vfifo> &bench, size_t n_words, uint32_t stall_in, uint32_t stall_out)
{
	Offer<uint64_t> in(bench.random, stall_in);
	Stalls out(bench.random, stall_out);
	Steady<uint64_t> steady("out");
	std::deque<uint64_t> held;
	const uint64_t begin = bench.clocks;
	bool was_full = false;

	for (size_t i = 0; i < n_words; i++)
		in.words.push_back(bench.random.next() & MASK);
	while (!in.empty() || !held.empty()) {
		bench->in_valid = in.next();
		bench->in_data = in.empty() ? bench.random.next() & MASK : in.word();
		bench->out_ready = out.go();
		bench.settle();
		CHECK_EQUAL(bench->level, held.size(), "at clock %llu", (unsigned long long)bench.clocks);
		CHECK_EQUAL(bench->in_ready, held.size() < DEPTH, "with %zu of %u words", held.size(), DEPTH);
		was_full |= held.size() == DEPTH;
		steady.look(bench->out_valid, bench->out_ready, bench->out_data);
		if (bench->out_valid) {
			CHECK(!held.empty(), "a word comes out of an empty queue");
			CHECK_EQUAL(bench->out_data, held.front(), "with %zu words held", held.size());
		}
		const bool take = bench->out_valid && bench->out_ready;
		const uint64_t word = in.empty() ? 0 : in.word();
		if (in.taken(bench->in_ready))
			held.push_back(word);
		if (take)
			held.pop_front();
		bench.edge();
	}
	if (stall_out > stall_in + 30)
		CHECK(was_full, "never full with more stalls behind than before: the bench proves less than it says");
	return bench.clocks - begin;
}

int main()
{
	Bench<Vfifo> bench;

	bench.limit = 1'000'000;
	bench->in_valid = 0;
	bench->out_ready = 0;
	bench.reset();
	const uint64_t clocks = pass(bench, 4000, 0, 0);
	CHECK(clocks <= 4000 + 4, "%llu clocks for 4000 words", (unsigned long long)clocks);
	for (int round = 0; round < 12; round++)
		pass(bench, 2000, round % 3 * 35, round / 3 * 25);
	std::printf("%d words of %d bits: 28000 words in order, %llu clocks for 4000 where nothing stalls\n", DEPTH, WIDTH, (unsigned long long)clocks);
	return 0;
}
