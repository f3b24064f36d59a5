/* sequences.h - what the steps of an LZ4 block are, read from the description of the format; and blocks put together sequence by sequence.
 *
 * For the bench of lz4_parser alone. The parser here knows nothing of the design's: it reads one sequence after the other, and judges each before it
 * makes a step of it. */
#ifndef FPGA_SIM_LZ4_PARSER_SEQUENCES_H
#define FPGA_SIM_LZ4_PARSER_SEQUENCES_H

#include "fpga/sim/blocks.h"

enum StepKind { STEP_LITERALS, STEP_MATCH, STEP_END };

/* Literals: the bytes. A match: its length and offset. */
struct Step {
	StepKind kind;
	Bytes literals;
	unsigned length, offset;
};

/* Reads a block until its end or its first fault. */
class Parsed {
public:
	std::vector<Step> steps;    /* of what is in order; no end among them */
	bool good = false;
	unsigned made = 0;          /* bytes that the steps make */
	unsigned clocks = 7;        /* that lz4_parser may take for it, by its description, where nothing keeps it waiting; so many to begin and to end */

	explicit Parsed(const Block &block) : in(block.in), out_bytes(block.out_bytes)
	{
		while (sequence()) {
		}
		clocks += static_cast<unsigned>((in.size() + 15) / 16); /* to go on to every next word, or to throw it away */
	}

private:
	const Bytes &in;
	unsigned out_bytes;
	size_t at = 0;

	/* liblz4 looks at no limit of a sequence's end where this much is left: 14 literals and 18 bytes of a match are written in any case. */
	bool is_short_cut(unsigned literals) const { return literals < 15 && in.size() - at >= 14 + 2 + 1 && out_bytes - made >= 14 + 18; }

	/* Adds the bytes that go on with a length: any number of 255, then another one. False where the block ends first. Four of them in two clocks. */
	bool more(unsigned &length, unsigned unpaid)
	{
		unsigned n = 0;
		uint8_t byte = 255;

		for (; byte == 255; n++) {
			if (at == in.size())
				return false;
			byte = in[at++];
			length += byte;
		}
		clocks += n > unpaid ? 2 * ((n + 3) / 4) : 0;
		return true;
	}

	void put_literals(unsigned n)
	{
		for (unsigned done = 0; done < n; done += 16) {
			const auto from = in.begin() + static_cast<ptrdiff_t>(at + done);
			steps.push_back({ STEP_LITERALS, Bytes(from, from + std::min(n - done, 16u)), 0, 0 });
			clocks += n - done < 16; /* a whole word of them goes on to the next one by itself */
		}
		at += n;
		made += n;
	}

	/* One sequence; false where it is the last one or bad. */
	bool sequence()
	{
		if (at == in.size())
			return false;
		const unsigned token = in[at++], low = token & 15;
		unsigned literals = token >> 4;
		const bool short_cut = is_short_cut(literals);
		clocks += 2;
		if (literals == 15 && !more(literals, 1))
			return false;
		if (literals > in.size() - at || literals > out_bytes - made)
			return false;
		put_literals(literals);
		if (at == in.size()) {
			good = made == out_bytes;
			return false;
		}
		clocks += literals ? 2 : 0;
		return match(low, short_cut);
	}

	/* The format: the last 5 bytes are literals, and no match begins in the last 12. So behind a match's beginning there are at least
	 * an offset, a token and 5 literals. */
	bool match(unsigned low, bool short_cut)
	{
		if (!short_cut && (in.size() - at < 2 + 1 + 5 || out_bytes - made < 12))
			return false;
		const unsigned offset = in[at] | static_cast<unsigned>(in[at + 1]) << 8;
		const bool unseen = short_cut && low != 15 && offset >= 8;
		unsigned length = low;
		at += 2;
		if (low == 15 && !more(length, 0))
			return false;
		length += 4;
		if (offset > made || length > out_bytes - made || (!unseen && out_bytes - made - length < 5))
			return false;
		clocks += low == 15 ? 1 : 0;
		steps.push_back({ STEP_MATCH, {}, length, offset });
		made += length;
		return true;
	}
};

/* Puts a block together. */
class Maker {
public:
	Bytes in;
	unsigned made = 0;

	explicit Maker(Random &random_) : random(random_) {}
	/* Any length and offset, good or bad. */
	Maker &sequence(unsigned literals, unsigned offset, unsigned match)
	{
		put(literals, std::min(match - 4, 15u));
		in.push_back(static_cast<uint8_t>(offset));
		in.push_back(static_cast<uint8_t>(offset >> 8));
		if (match >= 19)
			put_length(in, match - 19);
		made += match;
		return *this;
	}
	Maker &last(unsigned literals)
	{
		put(literals, random.below(16));
		return *this;
	}
	/* A good sequence, behind which the next one begins at that byte of a word. */
	Maker &go_to(unsigned phase)
	{
		const unsigned n = 4 + (phase + 12 - static_cast<unsigned>(in.size())) % 16; /* bytes of it: literals, token, offset; then a longer match */
		const unsigned literals = std::min(n - 3, 14u), longer = n - 3 - literals;

		return sequence(literals, 1 + random.below(made + literals), longer ? 19 + 255 * (longer - 1) : 4 + random.below(15));
	}
	Block block(int more_out = 0) const
	{
		Block block;

		block.in = in;
		block.out_bytes = static_cast<unsigned>(std::min(std::max(static_cast<int>(made) + more_out, 1), static_cast<int>(BLOCK_BYTES_MAX)));
		judge(block);
		return block;
	}

private:
	Random &random;

	void put(unsigned literals, unsigned low)
	{
		in.push_back(static_cast<uint8_t>(std::min(literals, 15u) << 4 | low));
		if (literals >= 15)
			put_length(in, literals - 15);
		for (unsigned i = 0; i < literals; i++)
			in.push_back(static_cast<uint8_t>(random.next()));
		made += literals;
	}
};

#endif
