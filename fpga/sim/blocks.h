/* blocks.h - LZ4 blocks of bit planes for the benches of the decoders: as detectors send them, made up to be awkward, and damaged; and what they are.
 *
 * What a block becomes, and whether it is refused, is what kernels/codec.h says. Benches only. */
#ifndef FPGA_SIM_BLOCKS_H
#define FPGA_SIM_BLOCKS_H

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "fpga/sim/bench.h"
REFERENCE_BEGIN
#include "kernels/codec.h"
REFERENCE_END

using Bytes = std::vector<uint8_t>;
using Word = std::array<uint8_t, 16>;

static const unsigned BLOCK_BYTES_MAX = 8192, IN_BYTES_MAX = 16383;

struct Block {
	Bytes in;
	unsigned out_bytes = 0;
	bool good = false;
	Bytes planes; /* out_bytes of them, where it is good */
};

/* Decodes it by the reference. */
inline void judge(Block &block)
{
	uint32_t offset[2] = { 0, static_cast<uint32_t>(block.in.size() + 4) };
	struct block_table table = {};
	struct payload payload = {};
	const uint8_t none = 0;

	table.n_blocks = 1;
	table.block_bytes = table.last_bytes = block.out_bytes;
	table.capacity = 2;
	table.offset = offset;
	payload.bytes = block.in.empty() ? &none : block.in.data();
	payload.len_bytes = block.in.size();
	payload.codec = CODEC_LZ4_RAW;
	block.planes.assign(block.out_bytes, 0);
	block.good = codec_decode_block(&payload, &table, 0, block.planes.data(), nullptr) == 0;
}

/* The pixels of a good block. */
inline Bytes pixels_of(const Block &block, unsigned pixel_bytes)
{
	Bytes pixels(block.out_bytes);

	codec_bitunshuffle(pixels.data(), block.planes.data(), block.out_bytes / pixel_bytes, pixel_bytes);
	return pixels;
}

inline Block compress(const Bytes &planes)
{
	const struct image_shape shape = { static_cast<uint32_t>(planes.size()), 1, PIXEL_U8 };
	size_t len = codec_bound(CODEC_LZ4_RAW, &shape, 0);
	Block block;

	block.in.resize(len);
	CHECK(codec_encode(CODEC_LZ4_RAW, &shape, 0, planes.data(), block.in.data(), &len) == 0, "%zu bytes", planes.size());
	block.in.resize(len);
	block.out_bytes = static_cast<unsigned>(planes.size());
	judge(block);
	CHECK(block.good && block.planes == planes, "%zu bytes", planes.size());
	return block;
}

inline uint32_t poisson(Random &random, double mean)
{
	const double limit = std::exp(-mean);
	double product = 1;
	uint32_t n = 0;

	do {
		product *= static_cast<double>(random.next() >> 11) * 0x1p-53;
		n++;
	} while (product > limit);
	return n - 1;
}

/* A block of a frame: counts around a mean, some bright pixels, and gaps of the largest value. */
inline Block photon_block(Random &random, double mean, unsigned pixel_bytes, unsigned out_bytes)
{
	const unsigned n = out_bytes / pixel_bytes;
	const unsigned gap_from = random.chance(10) ? random.below(n) : n, gap_to = gap_from + random.below(200);
	Bytes pixels(out_bytes), planes(out_bytes);

	for (unsigned i = 0; i < n; i++) {
		uint32_t value = poisson(random, mean);
		if (random.below(40000) == 0)
			value = 100 + random.below(100000);
		if (i >= gap_from && i < gap_to)
			value = UINT32_MAX;
		value = pixel_bytes == 1 ? std::min(value, 255u) : pixel_bytes == 2 ? std::min(value, 65535u) : value;
		std::memcpy(&pixels[i * pixel_bytes], &value, pixel_bytes);
	}
	codec_bitshuffle(planes.data(), pixels.data(), n, pixel_bytes);
	return compress(planes);
}

inline Block noise_block(Random &random, unsigned out_bytes)
{
	Bytes planes(out_bytes);

	for (uint8_t &byte : planes)
		byte = static_cast<uint8_t>(random.next());
	return compress(planes);
}

/* The rest of a length, past what the token holds. */
inline void put_length(Bytes &in, unsigned more)
{
	for (; more >= 255; more -= 255)
		in.push_back(255);
	in.push_back(static_cast<uint8_t>(more));
}

inline unsigned awkward_length(Random &random)
{
	switch (random.below(8)) {
	case 0:
		return 15 + 255 * random.below(6) + random.below(2); /* around where another byte is needed */
	case 1:
		return 19 + 255 * random.below(6) - random.below(2);
	case 2:
		return random.below(1500);
	case 3:
		return 16 * random.below(5);
	case 4:
		return random.below(70);
	default:
		return random.below(16);
	}
}

inline unsigned awkward_offset(Random &random, unsigned done)
{
	unsigned offset;

	switch (random.below(8)) {
	case 0:
	case 1:
		offset = 1 + random.below(16);
		break;
	case 2:
	case 3:
		offset = 1 + random.below(120);
		break;
	case 4:
		offset = 16 * (1 + random.below(8)) + random.below(3) - 1;
		break;
	case 5:
		offset = random.chance(20) ? 0 : done;
		break;
	default:
		offset = 1 + random.below(done);
	}
	return std::min(offset, done);
}

/* Sequences that no compressor would write: every kind of length and offset, next to each other. Matches begin no later than `begins` bytes
 * before the end, and end no later than `ends` before it: 12 and 5 by the format, down to 0 for blocks that may be refused. */
inline Block crafted_block(Random &random, unsigned out_bytes, unsigned begins = 12, unsigned ends_before = 5)
{
	Block block;
	unsigned done = 0;

	block.out_bytes = out_bytes;
	for (;;) {
		const unsigned left = out_bytes - done;
		unsigned literals = done && random.chance(55) ? 0 : awkward_length(random), match = 4 + awkward_length(random);
		bool ends = left <= begins || random.chance(1);

		if (!ends) {
			literals = std::min(literals, left - begins);
			ends = done + literals == 0 || left - literals < 4 + ends_before;
		}
		if (ends)
			literals = left;
		else
			match = std::min(match, left - literals - ends_before);
		const unsigned low = ends ? random.below(16) : std::min(match - 4, 15u);
		block.in.push_back(static_cast<uint8_t>(std::min(literals, 15u) << 4 | low));
		if (literals >= 15)
			put_length(block.in, literals - 15);
		for (unsigned i = 0; i < literals; i++)
			block.in.push_back(static_cast<uint8_t>(random.next()));
		done += literals;
		if (ends)
			break;
		const unsigned offset = awkward_offset(random, done);
		block.in.push_back(static_cast<uint8_t>(offset));
		block.in.push_back(static_cast<uint8_t>(offset >> 8));
		if (low == 15)
			put_length(block.in, match - 19);
		done += match;
	}
	judge(block);
	CHECK(block.good || begins < 12 || ends_before < 5, "a crafted block of %u bytes is refused", out_bytes);
	return block;
}

/* A length that is too long by a power of two, so that it looks right where higher bits are lost. */
inline Block overflowing_block(Random &random)
{
	const unsigned too_long = 1u << (13 + random.below(6)), n = 16 + random.below(200), n_match = 19 + random.below(500);
	const bool in_match = random.chance(50);
	Block block;

	block.out_bytes = in_match ? n + n_match + 5 : n;
	block.in.push_back(0xff);
	put_length(block.in, n - 15 + (in_match ? 0 : too_long));
	for (unsigned i = 0; i < n; i++)
		block.in.push_back(static_cast<uint8_t>(random.next()));
	if (in_match) {
		block.in.insert(block.in.end(), { 1, 0 });
		put_length(block.in, n_match - 19 + too_long);
		block.in.insert(block.in.end(), { 0x50, 1, 2, 3, 4, 5 });
	}
	judge(block);
	CHECK(!block.good, "a length of %u and more is taken", too_long);
	return block;
}

/* Changed in one of the ways in which bytes come to harm; it may still be good. unit: what out_bytes is a multiple of. */
inline Block damaged(Random &random, Block block, unsigned unit)
{
	Bytes &in = block.in;
	const unsigned at = random.below(static_cast<uint32_t>(in.size())), n = 1 + random.below(4);
	const unsigned early = std::min(at, random.below(40)); /* most sequences begin at a block's begin */

	switch (random.below(14)) {
	case 0:
		for (unsigned i = 0; i < n; i++)
			in[random.below(static_cast<uint32_t>(in.size()))] ^= static_cast<uint8_t>(1u << random.below(8));
		break;
	case 1:
		in[early] ^= static_cast<uint8_t>(1u << random.below(8));
		break;
	case 2:
		in.resize(at);
		break;
	case 3:
		in.resize(in.size() - std::min<size_t>(in.size() - 1, random.below(17)));
		break;
	case 4:
		for (unsigned i = 0; i < n * n; i++)
			in.push_back(static_cast<uint8_t>(random.chance(50) ? random.next() : 0));
		break;
	case 5:
		block.out_bytes = random.chance(50) || block.out_bytes == unit ? block.out_bytes + unit : block.out_bytes - unit;
		break;
	case 6:
		block.out_bytes = unit * (1 + random.below(BLOCK_BYTES_MAX / unit));
		break;
	case 7:
		in.clear();
		break;
	case 8: /* lengths without end, and an end behind them or none */
		in.insert(in.begin() + early, 1 + random.below(random.chance(30) ? 16000 : 300), 255);
		break;
	case 9: /* an offset of 0, or beyond all that there is */
		std::fill_n(in.begin() + at, std::min<size_t>(2, in.size() - at), static_cast<uint8_t>(random.chance(50) ? 0 : 255));
		break;
	case 10:
		in.erase(in.begin() + at);
		break;
	case 11: /* around what the format says of a block's end */
		return crafted_block(random, std::min(block.out_bytes, 64 * unit), 9 + random.below(5), 3 + random.below(4));
	case 12:
		in.insert(in.begin() + at, static_cast<uint8_t>(random.next()));
		break;
	default:
		for (uint8_t &byte : in)
			byte = static_cast<uint8_t>(random.next());
		break;
	}
	if (in.size() > IN_BYTES_MAX)
		in.resize(IN_BYTES_MAX);
	block.out_bytes = std::min(block.out_bytes, BLOCK_BYTES_MAX);
	judge(block);
	return block;
}

/* Any block but a damaged one, of `unit` to 8192 bytes. */
inline Block any_block(Random &random, unsigned pixel_bytes, unsigned out_bytes)
{
	static const double means[] = { 0.02, 0.5, 5 };

	switch (random.below(5)) {
	case 0:
		return noise_block(random, out_bytes);
	case 1:
	case 2:
		return crafted_block(random, out_bytes);
	default:
		return photon_block(random, means[random.below(3)], pixel_bytes, out_bytes);
	}
}

/* Lengths of blocks: many short ones, some whole. */
inline unsigned any_length(Random &random, unsigned unit)
{
	const unsigned most = random.chance(15) ? BLOCK_BYTES_MAX : random.chance(50) ? 1024 : 256;

	return random.chance(5) ? BLOCK_BYTES_MAX : unit * (1 + random.below(most / unit));
}

/* Pushes the words of a block as a port of 128 bits has them; what lies behind its last byte is anything. */
inline void push_words(Random &random, std::deque<Word> &words, const Bytes &in)
{
	for (size_t at = 0; at < in.size(); at += 16) {
		Word word;
		for (uint8_t &byte : word)
			byte = static_cast<uint8_t>(random.next());
		std::copy_n(in.begin() + static_cast<ptrdiff_t>(at), std::min<size_t>(16, in.size() - at), word.begin());
		words.push_back(word);
	}
}

#endif
