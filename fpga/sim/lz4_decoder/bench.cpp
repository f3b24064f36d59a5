/* bench.cpp - lz4_decoder against the reference's decoder: what it writes to the memory behind, what it refuses, and that it keeps to its half.
 *
 * Sound blocks, made-up ones and damaged ones of all lengths, under stalls before and behind; clocks per block are printed. */
#include "Vlz4_decoder.h"
#include "fpga/sim/blocks.h"
#include "fpga/sim/halves.h"

struct Command {
	unsigned in_bytes, out_bytes;
};
struct Stall {
	uint32_t cmd, in, release; /* release: how long a half is held, in clocks at most */
};

class Pass {
public:
	size_t n_done = 0, n_refused = 0;

	Pass(Bench<Vlz4_decoder> &bench_, const std::vector<Block> &blocks_, const Stall &stall_) : bench(bench_), blocks(blocks_), stall(stall_) {}
	void run()
	{
		Offer<Command> commands(bench.random, stall.cmd);
		Offer<Word> words(bench.random, stall.in);

		for (const Block &block : blocks) {
			commands.words.push_back({ static_cast<unsigned>(block.in.size()), block.out_bytes });
			push_words(bench.random, words.words, block.in);
		}
		while (n_done < blocks.size() || !held.empty()) {
			bench->cmd_valid = commands.next();
			bench->cmd_in_bytes = commands.empty() ? 0x2aaa : commands.word().in_bytes;
			bench->cmd_out_bytes = commands.empty() ? 0x2aaa : commands.word().out_bytes;
			bench->in_valid = words.next();
			if (bench->in_valid)
				bench_put(bench->in_data, words.word().data(), 16);
			let_go();
			bench.settle();
			commands.taken(bench->cmd_ready);
			words.taken(bench->in_ready);
			memory.write(*bench);
			if (bench->done_valid)
				done();
			bench.edge();
		}
		CHECK(commands.empty() && words.empty(), "all blocks are done, but not all words are in");
	}

private:
	Bench<Vlz4_decoder> &bench;
	const std::vector<Block> &blocks;
	Stall stall;
	Halves memory;
	std::deque<uint64_t> held; /* until when halves are read, the oldest first */

	/* A half is looked at when it is let go, so that what is written to it in the meantime shows. */
	void let_go()
	{
		bench->release_half = !held.empty() && bench.clocks >= held.front();
		if (!bench->release_half)
			return;
		const size_t i = n_done - held.size();
		const Block &block = blocks[i];
		CHECK(!block.good || std::memcmp(memory.bytes[i & 1], block.planes.data(), block.out_bytes) == 0,
		      "block %zu of %zu bytes, to become %u: other bytes than the reference's", i, block.in.size(), block.out_bytes);
		memory.reading[i & 1] = false;
		held.pop_front();
	}
	void done()
	{
		const Block &block = blocks[n_done];

		CHECK_EQUAL(bench->done_error, !block.good, "block %zu of %zu bytes, to become %u", n_done, block.in.size(), block.out_bytes);
		CHECK_EQUAL(bench->done_bytes, block.out_bytes, "block %zu", n_done);
		CHECK_EQUAL(bench->out_half, n_done & 1, "block %zu", n_done);
		memory.reading[n_done & 1] = true;
		n_refused += !block.good;
		n_done++;
		held.push_back(bench.clocks + 1 + bench.random.below(1 + stall.release));
	}
};

static void figures(Bench<Vlz4_decoder> &bench, unsigned pixel_bytes)
{
	static const double means[] = { 0.02, 0.5, 5 };

	for (double mean : means) {
		std::vector<Block> blocks;
		for (int i = 0; i < 20; i++)
			blocks.push_back(photon_block(bench.random, mean, pixel_bytes, BLOCK_BYTES_MAX));
		Pass pass(bench, blocks, { 0, 0, 0 });
		const uint64_t begin = bench.clocks;
		pass.run();
		std::printf("u%u, mean %g: %.0f clocks per block of 8192 bytes\n", 8 * pixel_bytes, mean, static_cast<double>(bench.clocks - begin) / 20);
	}
}

/* Short blocks around all that the format, and liblz4, say of a block's end; and lengths that lead far beyond it. */
static void ends(Bench<Vlz4_decoder> &bench)
{
	std::vector<Block> blocks;

	for (int i = 0; i < 9500; i++)
		blocks.push_back(crafted_block(bench.random, 8 + 8 * bench.random.below(16), bench.random.below(14), bench.random.below(7)));
	for (int i = 0; i < 500; i++)
		blocks.push_back(overflowing_block(bench.random));
	Pass pass(bench, blocks, { 10, 10, 10 });
	pass.run();
	CHECK(pass.n_refused > 1000 && pass.n_refused < 9000, "%zu of 10000 blocks refused: the bench proves less than it says", pass.n_refused);
	std::printf("10000 blocks with unusual ends, %zu of them refused, as the reference does\n", pass.n_refused);
}

int main()
{
	Bench<Vlz4_decoder> bench;
	size_t n = 0, n_refused = 0;

	bench.limit = 20'000'000;
	bench->cmd_valid = bench->in_valid = bench->release_half = 0;
	bench.reset();
	for (unsigned pixel_bytes = 1; pixel_bytes <= 4; pixel_bytes *= 2)
		figures(bench, pixel_bytes);
	ends(bench);
	for (int round = 0; round < 150; round++) {
		const Stall stall = { bench.random.below(4) * 25, bench.random.below(4) * 20, bench.random.chance(50) ? 0 : bench.random.below(1000) };
		const unsigned unit = 8;
		std::vector<Block> blocks;
		for (int i = 0; i < 50; i++) {
			blocks.push_back(damaged(bench.random, any_block(bench.random, 1, any_length(bench.random, unit)), unit));
			blocks.push_back(crafted_block(bench.random, any_length(bench.random, unit)));
		}
		Pass pass(bench, blocks, stall);
		pass.run();
		n_refused += pass.n_refused;
		n += blocks.size();
	}
	CHECK(n_refused > n / 5, "hardly any damaged block was refused: the bench proves less than it says");
	std::printf("%zu blocks, %zu of them refused, as the reference does; %llu clocks\n", n, n_refused, static_cast<unsigned long long>(bench.clocks));
	return 0;
}
