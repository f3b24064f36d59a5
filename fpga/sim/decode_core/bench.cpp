/* bench.cpp - decode_core against the reference's decoder: pixels of every good block, refusal of every bad one, and the good one behind it.
 *
 * Blocks as detectors send them, made up and damaged, of all lengths, under stalls of every port; clocks per block of typical data are printed. */
#include "Vdecode_core.h"
#include "fpga/sim/blocks.h"

static const unsigned LANES = 512 / PIXEL_BITS;
static const unsigned WATCHDOG_CLOCKS = WATCHDOG;

struct Stall {
	uint32_t cmd, in, out;
};
struct Command {
	unsigned in_bytes, out_bytes;
};
struct Beat {
	std::array<uint8_t, 64> data;
	unsigned count;
	bool last, error;
	bool operator==(const Beat &other) const { return data == other.data && count == other.count && last == other.last && error == other.error; }
};

/* What comes out, looked at beat by beat. */
class Sink {
public:
	size_t n_done = 0, n_refused = 0;
	bool watched = false; /* the watchdog may refuse good blocks */

	Sink(const std::vector<Block> &blocks_, unsigned pixel_bytes_) : blocks(blocks_), pixel_bytes(pixel_bytes_) {}
	void take(const Beat &beat)
	{
		CHECK(n_done < blocks.size(), "more comes out than went in");
		const Block &block = blocks[n_done];
		const unsigned n_pixels = block.out_bytes / pixel_bytes;
		const unsigned count = std::min(LANES, n_pixels - at);

		CHECK_EQUAL(beat.count, count, "block %zu, pixel %u of %u", n_done, at, n_pixels);
		CHECK_EQUAL(beat.last, at + count == n_pixels, "block %zu, pixel %u of %u", n_done, at, n_pixels);
		if (at == 0)
			pixels = pixels_of(block, pixel_bytes);
		for (unsigned i = 0; i < count; i++)
			differs |= std::memcmp(beat.data.data() + i * PIXEL_BITS / 8, &pixels[(at + i) * pixel_bytes], pixel_bytes) != 0 ||
				   (pixel_bytes == 1 && beat.data[2 * i + 1] != 0);
		at += count;
		if (beat.last)
			finish(block, beat.error);
		else
			CHECK(!beat.error, "block %zu: an error before the last beat", n_done);
	}

private:
	const std::vector<Block> &blocks;
	unsigned pixel_bytes, at = 0;
	Bytes pixels;
	bool differs = false;

	void finish(const Block &block, bool error)
	{
		if (!watched || !block.good)
			CHECK_EQUAL(error, !block.good, "block %zu of %zu bytes, to become %u", n_done, block.in.size(), block.out_bytes);
		CHECK(error || !differs, "block %zu of %zu bytes: other pixels than the reference's", n_done, block.in.size());
		n_refused += error;
		n_done++;
		at = 0;
		differs = false;
	}
};

/* Sends the blocks through and checks what comes out, for so many clocks at most; returns the clocks that it took. */
static uint64_t pass(Bench<Vdecode_core> &bench, const std::vector<Block> &blocks, unsigned pixel_bytes, const Stall &stall, Sink &sink,
		     uint64_t most_clocks = UINT32_MAX)
{
	Offer<Command> commands(bench.random, stall.cmd);
	Offer<Word> words(bench.random, stall.in);
	Stalls out(bench.random, stall.out);
	Steady<Beat> steady("out");
	const uint64_t begin = bench.clocks;

	for (const Block &block : blocks) {
		commands.words.push_back({ static_cast<unsigned>(block.in.size()), block.out_bytes });
		push_words(bench.random, words.words, block.in);
	}
	bench->cfg_element_log2 = pixel_bytes == 1 ? 0 : pixel_bytes == 2 ? 1 : 2;
	while (sink.n_done < blocks.size() && bench.clocks - begin < most_clocks) {
		bench->cmd_valid = commands.next();
		bench->cmd_in_bytes = commands.empty() ? 0x5555 : commands.word().in_bytes;
		bench->cmd_out_bytes = commands.empty() ? 0x1555 : commands.word().out_bytes;
		bench->in_valid = words.next();
		if (bench->in_valid)
			bench_put(bench->in_data, words.word().data(), 16);
		bench->out_ready = out.go();
		bench.settle();
		commands.taken(bench->cmd_ready);
		words.taken(bench->in_ready);
		if (bench->out_valid) {
			Beat beat = { {}, bench->out_count, bench->out_last != 0, bench->out_error != 0 };
			bench_get(beat.data.data(), bench->out_data, 64);
			steady.look(true, bench->out_ready, beat);
			if (bench->out_ready)
				sink.take(beat);
		} else
			steady.look(false, bench->out_ready, Beat());
		bench.edge();
	}
	CHECK(sink.n_done < blocks.size() || (commands.empty() && words.empty()), "all blocks are out, but not all words are in");
	return bench.clocks - begin;
}

/* A reset in the middle of all that, after which nothing of it is left. */
static void resets(Bench<Vdecode_core> &bench, unsigned pixel_bytes)
{
	for (int i = 0; i < 60; i++) {
		std::vector<Block> blocks;
		for (int j = 0; j < 6; j++)
			blocks.push_back(any_block(bench.random, pixel_bytes, any_length(bench.random, 8 * pixel_bytes)));
		Sink broken(blocks, pixel_bytes), whole(blocks, pixel_bytes);
		pass(bench, blocks, pixel_bytes, { 20, 20, 50 }, broken, 20 + bench.random.below(1500));
		bench->cmd_valid = bench->in_valid = bench->out_ready = 0;
		bench.reset(1 + bench.random.below(2));
		pass(bench, blocks, pixel_bytes, { 20, 20, 20 }, whole);
	}
}

static void figures(Bench<Vdecode_core> &bench, unsigned pixel_bytes)
{
	static const struct {
		const char *name;
		double mean;
	} kinds[] = { { "sparse (mean 0.02)", 0.02 }, { "typical (mean 0.5)", 0.5 }, { "dense (mean 5)", 5 }, { "incompressible", -1 } };

	for (const auto &kind : kinds) {
		std::vector<Block> blocks;
		uint64_t in_bytes = 0;
		for (int i = 0; i < 20; i++) {
			blocks.push_back(kind.mean < 0 ? noise_block(bench.random, BLOCK_BYTES_MAX) :
							 photon_block(bench.random, kind.mean, pixel_bytes, BLOCK_BYTES_MAX));
			in_bytes += blocks.back().in.size();
		}
		Sink sink(blocks, pixel_bytes);
		const uint64_t clocks = pass(bench, blocks, pixel_bytes, { 0, 0, 0 }, sink);
		std::printf("u%u %s: %.0f clocks per block of 8192 bytes, %.0f compressed\n", 8 * pixel_bytes, kind.name,
			    static_cast<double>(clocks) / static_cast<double>(blocks.size()),
			    static_cast<double>(in_bytes) / static_cast<double>(blocks.size()));
	}
}

/* Damaged blocks, each with a good one behind it. */
static void damage(Bench<Vdecode_core> &bench, unsigned pixel_bytes, int n_rounds)
{
	const unsigned unit = 8 * pixel_bytes;
	size_t n_bad = 0, n = 0;

	for (int round = 0; round < n_rounds; round++) {
		const Stall stall = { bench.random.below(4) * 25, bench.random.below(4) * 20, bench.random.below(4) * 31 }; /* 93: all buffers behind fill */
		std::vector<Block> blocks;
		for (int i = 0; i < 50; i++) {
			blocks.push_back(damaged(bench.random, any_block(bench.random, pixel_bytes, any_length(bench.random, unit)), unit));
			blocks.push_back(any_block(bench.random, pixel_bytes, any_length(bench.random, unit)));
		}
		Sink sink(blocks, pixel_bytes);
		pass(bench, blocks, pixel_bytes, stall, sink);
		n_bad += sink.n_refused;
		n += blocks.size();
	}
	CHECK(n_bad > n / 5, "hardly any damaged block was refused: the bench proves less than it says");
	std::printf("u%u: %zu blocks, %zu of them refused, as the reference does\n", 8 * pixel_bytes, n, n_bad);
}

/* A watchdog that bites early: blocks that take long are refused, the ones behind them are as they should be. */
static void watchdog(Bench<Vdecode_core> &bench, unsigned pixel_bytes)
{
	std::vector<Block> blocks;

	for (int i = 0; i < 40; i++)
		blocks.push_back(i & 1 ? noise_block(bench.random, 8 * pixel_bytes) : crafted_block(bench.random, BLOCK_BYTES_MAX));
	Sink sink(blocks, pixel_bytes);
	sink.watched = true;
	pass(bench, blocks, pixel_bytes, { 20, 20, 20 }, sink);
	CHECK_EQUAL(sink.n_refused, 20, "of 20 long blocks and 20 short ones");
}

int main()
{
	Bench<Vdecode_core> bench;

	bench.limit = 20'000'000;
	bench->cmd_valid = bench->in_valid = bench->out_ready = 0;
	bench.reset();
	for (unsigned pixel_bytes = PIXEL_BITS == 32 ? 4 : 1; pixel_bytes <= PIXEL_BITS / 8; pixel_bytes *= 2) {
		if (WATCHDOG_CLOCKS < 1000) {
			watchdog(bench, pixel_bytes);
			continue;
		}
		figures(bench, pixel_bytes);
		damage(bench, pixel_bytes, 60);
		resets(bench, pixel_bytes);
	}
	std::printf("%llu clocks\n", static_cast<unsigned long long>(bench.clocks));
	return 0;
}
