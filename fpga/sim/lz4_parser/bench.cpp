/* bench.cpp - lz4_parser against a parser of its own (sequences.h): every step of a block in its order, at most three more behind a fault, one
 * end with the reference's verdict, exactly the block's words. Blocks made for one rule each, then sound, made-up and damaged ones by the thousand. */
#include "Vlz4_parser.h"
#include "fpga/sim/lz4_parser/sequences.h"

static const unsigned BEHIND_A_FAULT = 3; /* steps at most */

struct Command {
	unsigned in_bytes, out_bytes;
};
struct Stall {
	uint32_t cmd, in, room;
};

/* Holds the steps that come against those that should. */
class Listener {
public:
	size_t n_done = 0, n_refused = 0, n_steps = 0;
	uint64_t clocks = 0; /* that the blocks may take */

	explicit Listener(const std::vector<Block> &blocks_) : blocks(blocks_) { begin(); }
	/* A step that is pushed, and how many words have been taken so far. */
	void step(const Vlz4_parser &m, size_t n_words)
	{
		n_steps++;
		CHECK(n_done < blocks.size(), "a step after all blocks");
		switch (m.out_kind) {
		case STEP_LITERALS:
			literals(m);
			break;
		case STEP_MATCH:
			match(m.out_data[0] & 0x3fff, m.out_data[0] >> 14 & 0x1fff);
			break;
		default:
			CHECK_EQUAL(m.out_kind, STEP_END, "%s", words());
			end(m.out_data[0] & 0x3fff, m.out_data[0] >> 14 & 1, n_words);
		}
	}

private:
	const std::vector<Block> &blocks;
	std::unique_ptr<Parsed> wanted; /* of the block at hand */
	size_t at = 0, words_before = 0;
	unsigned behind = 0;
	char text[100] = "";

	void begin()
	{
		at = behind = 0;
		if (n_done == blocks.size())
			return;
		const Block &block = blocks[n_done];
		wanted = std::make_unique<Parsed>(block);
		CHECK_EQUAL(wanted->good, block.good, "the bench's own parser and the reference, block of %zu bytes to become %u", block.in.size(), block.out_bytes);
	}
	const char *words()
	{
		std::snprintf(text, sizeof text, "step %zu of block %zu, %zu bytes to become %u", at, n_done, blocks[n_done].in.size(), blocks[n_done].out_bytes);
		return text;
	}
	/* The step that should come; none where the block has no more, which only a bad one may pass. */
	const Step *next()
	{
		if (at < wanted->steps.size())
			return &wanted->steps[at++];
		CHECK(!wanted->good, "%s: there is none", words());
		CHECK(++behind <= BEHIND_A_FAULT, "%s: too many behind a fault", words());
		return nullptr;
	}
	void literals(const Vlz4_parser &m)
	{
		const Step *step = next();
		uint8_t data[16];

		CHECK(m.out_count >= 1 && m.out_count <= 16, "%s: %u literals", words(), m.out_count);
		if (!step)
			return;
		CHECK_EQUAL(step->kind, STEP_LITERALS, "%s", words());
		CHECK_EQUAL(m.out_count, step->literals.size(), "%s", words());
		bench_get(data, m.out_data, 16);
		for (unsigned i = 0; i < m.out_count; i++)
			CHECK_EQUAL(data[(m.out_phase + i) % 16], step->literals[i], "%s, literal %u", words(), i);
	}
	void match(unsigned length, unsigned offset)
	{
		const Step *step = next();

		if (!step)
			return;
		CHECK_EQUAL(step->kind, STEP_MATCH, "%s", words());
		CHECK_EQUAL(length, step->length, "%s", words());
		CHECK_EQUAL(offset, step->offset, "%s", words());
	}
	void end(unsigned bytes, unsigned refused, size_t n_words)
	{
		const Block &block = blocks[n_done];

		CHECK_EQUAL(at, wanted->steps.size(), "%s: the end, but there are steps left", words());
		CHECK_EQUAL(bytes, block.out_bytes, "%s", words());
		CHECK_EQUAL(refused, !block.good, "%s", words());
		CHECK_EQUAL(n_words - words_before, (block.in.size() + 15) / 16, "%s: words taken", words());
		words_before = n_words;
		clocks += wanted->clocks;
		n_refused += refused;
		n_done++;
		begin();
	}
};

/* Blocks one after the other. `until`: clocks after which it is given up, as a reset does. */
static Listener pass(Bench<Vlz4_parser> &bench, const std::vector<Block> &blocks, const Stall &stall, uint64_t until = UINT64_MAX)
{
	Offer<Command> commands(bench.random, stall.cmd);
	Offer<Word> words(bench.random, stall.in);
	Stalls rooms(bench.random, stall.room);
	Listener listener(blocks);
	bool had_room = false;
	size_t n_words = 0;
	unsigned idle = 0;

	for (const Block &block : blocks) {
		commands.words.push_back({ static_cast<unsigned>(block.in.size()), block.out_bytes });
		push_words(bench.random, words.words, block.in);
	}
	for (uint64_t clock = 0; idle < 8 && clock < until; clock++) { // a few clocks more than to the last end: nothing may come any more
		Word word;
		bench->cmd_valid = commands.next();
		bench->cmd_in_bytes = bench->cmd_valid ? commands.word().in_bytes : bench.random.below(1 << 15);
		bench->cmd_out_bytes = bench->cmd_valid ? commands.word().out_bytes : bench.random.below(1 << 14);
		bench->in_valid = words.next();
		for (uint8_t &byte : word)
			byte = static_cast<uint8_t>(bench.random.next());
		bench_put(bench->in_data, bench->in_valid ? words.word().data() : word.data(), 16);
		bench->room = rooms.go();
		bench.settle();
		if (bench->out_valid) {
			CHECK(had_room, "a step is pushed without room");
			listener.step(*bench, n_words);
		}
		had_room = bench->room;
		commands.taken(bench->cmd_ready);
		n_words += words.taken(bench->in_ready);
		idle += listener.n_done == blocks.size();
		bench.edge();
	}
	CHECK(until != UINT64_MAX || (commands.empty() && words.empty()), "all blocks are done, but not all words are in");
	return listener;
}

/* Both as fast as it goes, which must be as fast as promised, and with stalls. */
static void both(Bench<Vlz4_parser> &bench, const char *name, const std::vector<Block> &blocks)
{
	const uint64_t begin = bench.clocks;
	const Listener fast = pass(bench, blocks, { 0, 0, 0 });
	const uint64_t clocks = bench.clocks - begin;
	const Listener slow = pass(bench, blocks, { 20, 30, 30 });

	CHECK(clocks <= fast.clocks + 8, "%s: %llu clocks for what %llu should do", name, (unsigned long long)clocks,
	      (unsigned long long)fast.clocks);
	CHECK_EQUAL(fast.n_refused, slow.n_refused, "%s", name);
	std::printf("%-10s %5zu blocks, %5zu refused, %7llu clocks of %7llu\n", name, blocks.size(), fast.n_refused, (unsigned long long)clocks,
		    (unsigned long long)fast.clocks);
}

/* Lengths that go on over many bytes, from every byte of a word on. */
static std::vector<Block> long_lengths(Random &random)
{
	static const unsigned full[] = { 0, 1, 2, 3, 4, 5, 14, 15, 16, 17, 29 }, ends[] = { 0, 1, 254 };
	std::vector<Block> blocks;

	for (unsigned phase = 0; phase < 16; phase++)
		for (unsigned n : full)
			for (unsigned end : ends) {
				Maker begun(random);
				begun.go_to(phase);
				Maker match = begun;
				const unsigned length = 255 * n + end;
				blocks.push_back(begun.last(15 + length).block());
				CHECK(blocks.back().good, "%u literals", 15 + length);
				blocks.push_back(match.sequence(1, 1 + random.below(match.made + 1), 19 + length).last(5 + random.below(3)).block());
				CHECK(blocks.back().good, "a match of %u", 19 + length);
			}
	return blocks;
}

/* Blocks of a few words of every kind of sequence, cut off at every byte: to become what they should have been, what is left makes (the output is full
 * exactly), one byte more and one fewer. And with something behind them. */
static std::vector<Block> cut_off(Random &random)
{
	std::vector<Block> blocks;

	for (int i = 0; i < 12; i++) {
		Block whole = crafted_block(random, 40 + random.below(300), 5 + random.below(8), random.below(6));
		const size_t size = std::min<size_t>(whole.in.size(), 150);
		for (size_t n = 0; n <= size; n++) {
			Block cut = whole;
			cut.in.resize(n);
			judge(cut);
			blocks.push_back(cut);
			const int made = static_cast<int>(Parsed(cut).made);
			for (int more = -1; more <= 1; more++) {
				cut.out_bytes = static_cast<unsigned>(std::max(made + more, 1));
				judge(cut);
				blocks.push_back(cut);
			}
		}
		for (unsigned n = 1; n <= 18; n++) {
			whole.in.push_back(static_cast<uint8_t>(random.chance(50) ? random.next() : 0));
			judge(whole);
			blocks.push_back(whole);
		}
	}
	return blocks;
}

/* Sound blocks, and the same ones with one byte of input or output too many or too few. */
static std::vector<Block> exact(Random &random)
{
	std::vector<Block> blocks;

	for (int i = 0; i < 300; i++) {
		const Block sound = crafted_block(random, 1 + random.below(600));
		for (int change = 0; change < 8; change++) { // every other one is sound
			blocks.push_back(sound);
			if (change == 1)
				blocks.back().in.push_back(static_cast<uint8_t>(random.next()));
			if (change == 3)
				blocks.back().in.pop_back();
			blocks.back().out_bytes += change == 5 ? 1 : change == 7 && sound.out_bytes > 1 ? -1 : 0;
			judge(blocks.back());
		}
	}
	return blocks;
}

/* One block that takes the most clocks that a sound one can: the watchdog lets it pass. And sound blocks with so much behind them that a length of 14 bits
 * would not tell. */
static std::vector<Block> largest(Random &random)
{
	Maker longest(random);
	std::vector<Block> blocks;

	while (longest.made + 5 + 12 <= BLOCK_BYTES_MAX)
		longest.sequence(1, 1 + random.below(longest.made + 1), 4);
	blocks.push_back(longest.last(BLOCK_BYTES_MAX - longest.made).block());
	CHECK(blocks.back().good, "a block of %zu bytes", longest.in.size());
	for (int i = 0; i < 6; i++) {
		Block block = crafted_block(random, 1 + random.below(200));
		block.in.resize(block.in.size() + IN_BYTES_MAX + 1);
		judge(block);
		blocks.push_back(block);
	}
	return blocks;
}

/* Offsets of 0, to the block's first byte, beyond it, and such as look right where higher bits are lost. */
static std::vector<Block> offsets(Random &random)
{
	std::vector<Block> blocks;

	for (unsigned made : { 1u, 7u, 8u, 15u, 16u, 17u, 100u, 4095u, 4096u, 8000u })
		for (unsigned offset : { 0u, 1u, made - 1, made, made + 1, made | 0x1000, made | 0x2000, made | 0x4000, made | 0x8000, 0xffffu, made << 8 })
			for (unsigned match : { 4u, 18u, 19u, 30u })
				for (unsigned last : { 5u, 8u, 40u })
					blocks.push_back(Maker(random).sequence(made - made / 2, 1, 4 + made / 2).sequence(0, offset, match).last(last).block(
						random.chance(10) ? 1 : 0));
	return blocks;
}

/* Around what liblz4's short cut lets pass: a match into the last literals, or to the very end, with no literals behind it. */
static std::vector<Block> short_cuts(Random &random)
{
	std::vector<Block> blocks;

	for (unsigned literals = 12; literals <= 15; literals++)
		for (unsigned match = 16; match <= 20; match++)
			for (unsigned offset = 7; offset <= 9; offset++)
				for (unsigned last = 0; last <= 6; last++)
					for (int more = -1; more <= 1; more++)
						blocks.push_back(Maker(random).go_to(random.below(16)).sequence(literals, offset, match).last(last).block(more));
	return blocks;
}

/* No input at all; one byte after the other of one value, up to the most that there can be. */
static std::vector<Block> uniform(Random &random)
{
	std::vector<Block> blocks;

	for (unsigned value : { 0x00u, 0x01u, 0x0fu, 0x10u, 0x1fu, 0x50u, 0xf0u, 0xffu })
		for (unsigned n : { 0u, 0u, 1u, 2u, 3u, 15u, 16u, 17u, 8000u, IN_BYTES_MAX }) {
			Block block;
			block.in.assign(n, static_cast<uint8_t>(value));
			block.out_bytes = random.chance(50) ? BLOCK_BYTES_MAX : 1 + random.below(BLOCK_BYTES_MAX);
			judge(block);
			blocks.push_back(block);
			if (random.chance(30)) // and one that is as it should be
				blocks.push_back(crafted_block(random, 1 + random.below(100)));
		}
	return blocks;
}

/* Random ones: around all that is said of a block's end, with lengths that lead far beyond it, and any, sound and damaged. */
static std::vector<Block> ends(Random &random)
{
	std::vector<Block> blocks;

	for (int i = 0; i < 4000; i++)
		blocks.push_back(crafted_block(random, 1 + random.below(140), random.below(14), random.below(7)));
	for (int i = 0; i < 300; i++)
		blocks.push_back(overflowing_block(random));
	return blocks;
}

static std::vector<Block> any(Random &random)
{
	std::vector<Block> blocks;

	for (int i = 0; i < 40; i++) {
		blocks.push_back(damaged(random, any_block(random, 1, any_length(random, 1)), 1));
		blocks.push_back(any_block(random, 1, any_length(random, 1)));
	}
	return blocks;
}

int main()
{
	Bench<Vlz4_parser> bench;
	Random &random = bench.random;
	size_t n = 0, n_refused = 0;

	bench.limit = 20'000'000;
	bench->cmd_valid = bench->in_valid = bench->room = 0;
	bench.reset();
	both(bench, "lengths", long_lengths(random));
	both(bench, "cut off", cut_off(random));
	both(bench, "exact", exact(random));
	both(bench, "largest", largest(random));
	both(bench, "offsets", offsets(random));
	both(bench, "short cuts", short_cuts(random));
	both(bench, "uniform", uniform(random));
	both(bench, "ends", ends(random));
	for (int round = 0; round < 50; round++) {
		const std::vector<Block> blocks = any(random);
		const Stall stall = { random.below(4) * 25, random.below(4) * 20, random.below(4) * 20 };
		pass(bench, blocks, stall, random.below(20000)); // and a reset in the middle of it
		bench.reset(1 + static_cast<int>(random.below(3)));
		n_refused += pass(bench, blocks, stall).n_refused;
		n += blocks.size();
	}
	CHECK(n_refused > n / 5, "hardly any damaged block was refused: the bench proves less than it says");
	std::printf("%zu blocks, %zu of them refused, as the reference does; %llu clocks\n", n, n_refused, (unsigned long long)bench.clocks);
	return 0;
}
