/* bench.cpp - reorder against the list of all beats in the order of the blocks: good and refused blocks, tails, stalls of every core. */
#include "Vreorder.h"
#include "fpga/sim/bench.h"

static const unsigned LANES = 512 / PIXEL_BITS;

struct Beat {
	uint32_t word[16];
	uint32_t count;
	bool last, error;
	bool operator==(const Beat &other) const { return std::memcmp(word, other.word, sizeof word) == 0 && count == other.count; }
};
struct Frame {
	std::vector<std::vector<Beat>> blocks;
	uint32_t tail[7], tail_count;
};

static Frame random_frame(Random &random, size_t n_blocks, uint32_t most_beats, uint32_t bad_percent)
{
	Frame frame{};

	for (size_t i = 0; i < n_blocks; i++) {
		std::vector<Beat> block(1 + random.below(most_beats));
		const bool bad = random.chance(bad_percent);
		for (Beat &beat : block) {
			for (uint32_t &word : beat.word)
				word = (uint32_t)random.next();
			beat.count = LANES;
		}
		block.back().count = 1 + random.below(LANES);
		block.back().last = true;
		block.back().error = bad;
		frame.blocks.push_back(block);
	}
	frame.tail_count = random.below(8);
	for (uint32_t &pixel : frame.tail)
		pixel = (uint32_t)random.next();
	return frame;
}

/* All beats in order; of a tail only its pixels count. */
static std::deque<Beat> in_order(const Frame &frame)
{
	std::deque<Beat> beats;

	for (const std::vector<Beat> &block : frame.blocks)
		beats.insert(beats.end(), block.begin(), block.end());
	if (frame.tail_count) {
		Beat tail{};
		for (uint32_t i = 0; i < frame.tail_count; i++)
			std::memcpy((uint8_t *)tail.word + i * PIXEL_BITS / 8, &frame.tail[i], PIXEL_BITS / 8);
		tail.count = frame.tail_count;
		beats.push_back(tail);
	}
	return beats;
}

/* The cores: each offers the beats of its blocks. */
class Cores {
public:
	Cores(Bench<Vreorder> &bench_, const Frame &frame, uint32_t stall) : bench(bench_)
	{
		for (unsigned c = 0; c < CORES; c++)
			core.emplace_back(bench.random, stall);
		for (size_t i = 0; i < frame.blocks.size(); i++)
			for (const Beat &beat : frame.blocks[i])
				core[i % CORES].words.push_back(beat);
	}
	void drive()
	{
		uint32_t valid = 0, last = 0, error = 0;

		for (unsigned c = 0; c < CORES; c++) {
			Beat beat{};
			if (core[c].next()) {
				beat = core[c].word();
				valid |= 1u << c;
			} else
				beat.last = beat.error = bench.random.chance(50);
			last |= (uint32_t)beat.last << c;
			error |= (uint32_t)(beat.last ? beat.error : bench.random.chance(50)) << c; /* means nothing before the last beat */
			std::memcpy((uint8_t *)&bench->in_data + 64 * c, beat.word, 64);
			put_count(c, beat.count);
		}
		bench->in_valid = valid;
		bench->in_last = last;
		bench->in_error = error;
	}
	void look()
	{
		for (unsigned c = 0; c < CORES; c++)
			core[c].taken(bench->in_ready >> c & 1);
	}
	bool empty() const
	{
		for (const Offer<Beat> &one : core)
			if (!one.empty())
				return false;
		return true;
	}

private:
	void put_count(unsigned c, uint32_t count)
	{
		for (unsigned bit = 6 * c; bit < 6 * c + 6; bit++, count >>= 1) {
			uint32_t *word = (uint32_t *)&bench->in_count + bit / 32;
			*word = (*word & ~(1u << bit % 32)) | (count & 1) << bit % 32;
		}
	}
	Bench<Vreorder> &bench;
	std::vector<Offer<Beat>> core;
};

static void start(Bench<Vreorder> &bench, const Frame &frame)
{
	bench->in_valid = 0;
	bench->cfg_n_blocks = (uint32_t)frame.blocks.size();
	bench->cfg_tail_count = frame.tail_count;
	bench_put(bench->cfg_tail, frame.tail, sizeof frame.tail);
	bench.pulse(bench->start);
}

static void check_counts(Bench<Vreorder> &bench, const Frame &frame)
{
	uint32_t n_bad = 0, first = ~0u;

	for (size_t i = 0; i < frame.blocks.size(); i++)
		if (frame.blocks[i].back().error && n_bad++ == 0)
			first = (uint32_t)i;
	CHECK_EQUAL(bench->n_blocks_done, frame.blocks.size(), "all blocks");
	CHECK_EQUAL(bench->n_bad_blocks, n_bad, "of %zu blocks", frame.blocks.size());
	CHECK_EQUAL(bench->first_bad_block, first, "of %zu blocks", frame.blocks.size());
}

/* One frame; returns its clocks. */
static uint64_t run(Bench<Vreorder> &bench, const Frame &frame, uint32_t stall_in, uint32_t stall_out)
{
	Cores cores(bench, frame, stall_in);
	Stalls out(bench.random, stall_out);
	Steady<Beat> steady("out");
	std::deque<Beat> wanted = in_order(frame);
	uint64_t begin;

	start(bench, frame);
	begin = bench.clocks;
	while (!wanted.empty()) {
		cores.drive();
		bench->out_ready = out.go();
		bench.settle();
		Beat beat{};
		bench_get(beat.word, bench->out_data, 64);
		beat.count = bench->out_count;
		steady.look(bench->out_valid, bench->out_ready, beat);
		if (wanted.size() == 1 && frame.tail_count)
			std::memset((uint8_t *)beat.word + frame.tail_count * PIXEL_BITS / 8, 0, 64 - frame.tail_count * PIXEL_BITS / 8);
		if (bench->out_valid)
			CHECK(beat == wanted.front(), "%zu beats before the end, count %u for %u", wanted.size(), beat.count, wanted.front().count);
		if (bench->out_valid && bench->out_ready)
			wanted.pop_front();
		cores.look();
		bench.edge();
	}
	bench.settle();
	CHECK(!bench->out_valid && cores.empty(), "beats too many, or left");
	check_counts(bench, frame);
	return bench.clocks - begin;
}

int main()
{
	Bench<Vreorder> bench;
	uint64_t n_beats = 0;

	bench.limit = 1'000'000;
	bench->start = bench->in_valid = bench->out_ready = 0;
	bench.reset();
	const Frame full = random_frame(bench.random, 400, 12, 0);
	const uint64_t clocks = run(bench, full, 0, 0), full_beats = in_order(full).size();
	CHECK(clocks <= full_beats + 2, "%llu clocks for %llu beats where nothing stalls", (unsigned long long)clocks, (unsigned long long)full_beats);
	for (int round = 0; round < 60; round++) {
		const Frame frame = random_frame(bench.random, bench.random.below(60), round % 2 ? 3 : 40, bench.random.below(40));
		run(bench, frame, bench.random.below(80), bench.random.below(80));
		n_beats += in_order(frame).size();
	}
	std::printf("%d cores, %d bits: %llu clocks for %llu beats where nothing stalls; %llu beats in order\n", CORES, PIXEL_BITS, (unsigned long long)clocks,
		    (unsigned long long)full_beats, (unsigned long long)n_beats);
	return 0;
}
