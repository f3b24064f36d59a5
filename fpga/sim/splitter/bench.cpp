/* bench.cpp - splitter against a model that cuts the whole payload at once: sound frames and hostile offsets, stalls on every port.
 *
 * Each core checks that block i comes to core i mod CORES, the command before the data, the bytes those of the payload. At the end the input
 * must be drained and `done` up. */
#include "Vsplitter.h"
#include "fpga/sim/bench.h"

struct Word {
	uint8_t byte[16];
	bool operator==(const Word &other) const { return std::memcmp(byte, other.byte, 16) == 0; }
};
struct Frame {
	std::vector<uint8_t> payload;
	std::vector<uint32_t> offsets; /* one more than blocks */
	uint32_t block_bytes, last_bytes;
};
struct Block {
	uint64_t begin;
	uint32_t bytes; /* 0: refused */
	uint32_t out_bytes;
};
struct Load {
	uint32_t stall_offsets, stall_in, stall_commands, stall_cores;
};

/* What the blocks of a frame must become. */
static std::vector<Block> cut(const Frame &frame)
{
	std::vector<Block> blocks;
	int64_t good_end = 0;

	for (size_t i = 0; i + 1 < frame.offsets.size(); i++) {
		const int64_t begin = frame.offsets[i], end = (int64_t)frame.offsets[i + 1] - 4;
		const bool good = begin >= good_end && end > begin && end - begin <= 16383 && end <= (int64_t)frame.payload.size();

		if (good)
			good_end = end;
		blocks.push_back({ (uint64_t)begin, good ? (uint32_t)(end - begin) : 0, i + 2 == frame.offsets.size() ? frame.last_bytes : frame.block_bytes });
	}
	return blocks;
}

/* The cores' side: what comes to each. */
class Cores {
public:
	Cores(Bench<Vsplitter> &bench_, const Frame &frame_, const Load &load) : bench(bench_), frame(frame_), blocks(cut(frame_)), steady("core")
	{
		for (unsigned c = 0; c < CORES; c++) {
			core[c].next = c;
			commands.emplace_back(bench.random, load.stall_commands);
			data.emplace_back(bench.random, load.stall_cores);
		}
	}
	void drive()
	{
		command_ready = data_ready = 0;
		for (unsigned c = 0; c < CORES; c++) {
			command_ready |= (uint32_t)(commands[c].go() && core[c].left == 0) << c;
			data_ready |= (uint32_t)(data[c].go() && core[c].left > 0) << c;
		}
		bench->core_cmd_ready = command_ready;
		bench->core_ready = data_ready;
	}
	void look()
	{
		Word word;

		bench_get(word.byte, bench->core_data, 16);
		steady.look(bench->core_valid, bench->core_valid & data_ready, word);
		for (unsigned c = 0; c < CORES; c++) {
			if (bench->core_valid >> c & 1)
				take_word(c, word);
			if (bench->core_cmd_valid >> c & command_ready >> c & 1)
				take_command(c);
		}
	}
	bool done() const
	{
		for (unsigned c = 0; c < CORES; c++)
			if (core[c].left || core[c].next < blocks.size())
				return false;
		return true;
	}
	size_t n_refused() const
	{
		size_t n = 0;

		for (const Block &block : blocks)
			n += block.bytes == 0;
		return n;
	}

private:
	void take_command(unsigned c)
	{
		CHECK(core[c].next < blocks.size(), "a command too many for core %u", c);
		const Block &block = blocks[core[c].next];
		CHECK_EQUAL(bench->core_cmd_in_bytes, block.bytes, "block %zu at %llu", core[c].next, (unsigned long long)block.begin);
		CHECK_EQUAL(bench->core_cmd_out_bytes, block.out_bytes, "block %zu of %zu", core[c].next, blocks.size());
		core[c].at = block.begin;
		core[c].left = block.bytes;
		core[c].next += CORES;
	}
	void take_word(unsigned c, const Word &word)
	{
		const uint32_t n = core[c].left < 16 ? core[c].left : 16;

		CHECK(n > 0, "data for core %u before its command", c);
		CHECK(std::memcmp(word.byte, &frame.payload[core[c].at], n) == 0, "block %zu at byte %llu", core[c].next - CORES, (unsigned long long)core[c].at);
		if (!(data_ready >> c & 1))
			return;
		core[c].at += n;
		core[c].left -= n;
	}
	Bench<Vsplitter> &bench;
	const Frame &frame;
	const std::vector<Block> blocks;
	struct {
		size_t next; /* block */
		uint64_t at;
		uint32_t left;
	} core[CORES]{};
	std::vector<Stalls> commands, data;
	uint32_t command_ready = 0, data_ready = 0;
	Steady<Word> steady;
};

static void fill(Bench<Vsplitter> &bench, const Frame &frame, Offer<Word> &offsets, Offer<Word> &in)
{
	for (size_t i = 0; i < frame.offsets.size(); i += 4) {
		Word word;
		for (unsigned k = 0; k < 4; k++) {
			const uint32_t offset = i + k < frame.offsets.size() ? frame.offsets[i + k] : (uint32_t)bench.random.next();
			std::memcpy(word.byte + 4 * k, &offset, 4);
		}
		offsets.words.push_back(word);
	}
	for (size_t i = 0; i < frame.payload.size(); i += 16) {
		Word word{};
		std::memcpy(word.byte, &frame.payload[i], frame.payload.size() - i < 16 ? frame.payload.size() - i : 16);
		in.words.push_back(word);
	}
}

/* One frame; returns its clocks. */
static uint64_t split(Bench<Vsplitter> &bench, const Frame &frame, const Load &load, size_t *n_refused)
{
	Offer<Word> offsets(bench.random, load.stall_offsets), in(bench.random, load.stall_in);
	Cores cores(bench, frame, load);
	const uint64_t begin = bench.clocks;

	fill(bench, frame, offsets, in);
	bench->cfg_n_blocks = (uint32_t)frame.offsets.size() - 1;
	bench->cfg_block_bytes = frame.block_bytes;
	bench->cfg_last_bytes = frame.last_bytes;
	bench->cfg_payload_bytes = (uint32_t)frame.payload.size();
	bench->off_valid = bench->in_valid = 0;
	bench.pulse(bench->start);
	bench.settle();
	CHECK(!bench->done, "done as soon as started");
	CHECK_EQUAL(bench->n_refused, 0, "blocks refused at the start");
	while (!bench->done) {
		bench->off_valid = offsets.next();
		bench->in_valid = in.next();
		if (bench->off_valid)
			bench_put(bench->off_data, offsets.word().byte, 16);
		if (bench->in_valid)
			bench_put(bench->in_data, in.word().byte, 16);
		cores.drive();
		bench.settle();
		cores.look();
		offsets.taken(bench->off_ready);
		in.taken(bench->in_ready);
		bench.edge();
		bench.settle();
		CHECK(bench.clocks - begin < 60 * (frame.offsets.size() * 40 + frame.payload.size() / 16 + 100), "hangs: %zu offsets, %zu words left", offsets.words.size(), in.words.size());
	}
	CHECK(cores.done() && offsets.empty() && in.empty(), "done with work left: %zu offsets, %zu words", offsets.words.size(), in.words.size());
	CHECK_EQUAL(bench->n_refused, cores.n_refused(), "blocks refused of %zu", frame.offsets.size() - 1);
	*n_refused += cores.n_refused();
	return bench.clocks - begin;
}

/* Blocks behind one another with their lengths between them, as a file has them; bytes before the first and behind the last. */
static Frame sound(Random &random, size_t n_blocks, uint32_t most_bytes)
{
	Frame frame{ {}, {}, 8u * (1 + random.below(1024)), 8u * (1 + random.below(1024)) };
	uint64_t at = 4 + random.below(40);

	frame.offsets.push_back((uint32_t)at);
	for (size_t i = 0; i < n_blocks; i++) {
		at += 1 + random.below(most_bytes) + 4;
		frame.offsets.push_back((uint32_t)at);
	}
	frame.payload.resize(at - 4 + (random.chance(50) ? random.below(60) : 0));
	for (uint8_t &byte : frame.payload)
		byte = (uint8_t)random.next();
	return frame;
}

/* Some offsets are anything. */
static void damage(Random &random, Frame &frame)
{
	const size_t n = 1 + random.below(1 + (uint32_t)frame.offsets.size() / 4);

	for (size_t i = 0; i < n; i++) {
		uint32_t &offset = frame.offsets[random.below((uint32_t)frame.offsets.size())];
		switch (random.below(5)) {
		case 0: offset = (uint32_t)random.next(); break;
		case 1: offset += random.below(64) - 32; break;
		case 2: offset = random.below((uint32_t)frame.payload.size() + 20); break;
		case 3: offset = random.below(8); break;
		default: offset = (uint32_t)(0u - random.below(8)); break;
		}
	}
	if (random.chance(20))
		frame.payload.resize(random.below((uint32_t)frame.payload.size() + 1));
}

/* One word per clock and at most two clocks more per block, long blocks or short, where nothing stalls. */
static void sustained(Bench<Vsplitter> &bench, uint32_t most_bytes)
{
	const Frame frame = sound(bench.random, 400, most_bytes);
	size_t words = 0, n_refused = 0;

	for (const Block &block : cut(frame))
		words += (block.bytes + 15) / 16;
	const uint64_t clocks = split(bench, frame, { 0, 0, 0, 0 }, &n_refused);
	CHECK(clocks <= words + 2 * 400 + 20, "%llu clocks for %zu words in 400 blocks", (unsigned long long)clocks, words);
	std::printf("%d cores: %llu clocks for %zu words in 400 blocks where nothing stalls\n", CORES, (unsigned long long)clocks, words);
}

int main()
{
	Bench<Vsplitter> bench;
	size_t n_refused = 0, n_blocks = 0, n_sound = 0;

	bench.limit = 5'000'000;
	bench->start = bench->off_valid = bench->in_valid = bench->core_cmd_ready = bench->core_ready = 0;
	bench.reset();
	sustained(bench, 4000);
	sustained(bench, 40);
	for (int round = 0; round < 150; round++) {
		const Load load{ bench.random.below(70), bench.random.below(70), bench.random.below(70), bench.random.below(70) };
		Frame frame = sound(bench.random, bench.random.below(60), round % 3 == 0 ? 40 : round % 3 == 1 ? 600 : 16383);
		if (round % 5 < 3)
			damage(bench.random, frame);
		split(bench, frame, load, round % 5 < 3 ? &n_refused : &n_sound);
		n_blocks += frame.offsets.size() - 1;
	}
	CHECK_EQUAL(n_sound, 0, "blocks of sound frames refused");
	CHECK(n_refused > 50, "only %zu blocks refused: the bench proves less than it says", n_refused);
	std::printf("%d cores: %zu blocks, %zu of them refused\n", CORES, n_blocks, n_refused);
	return 0;
}
