/* bench.cpp - gearbox against the frame's rows cut by hand: any width and height, beats of any count, stalls on both sides. */
#include "Vgearbox.h"
#include "fpga/sim/bench.h"

static const unsigned LANES = 512 / PIXEL_BITS;

struct Beat {
	uint8_t byte[64];
	uint32_t count;
	bool row_last, last;
	bool operator==(const Beat &other) const { return std::memcmp(byte, other.byte, 64) == 0 && row_last == other.row_last && last == other.last; }
};
struct Shape {
	uint32_t width, height;
	uint32_t block; /* pixels, after which a beat ends early; 0: beats of any count */
};

static std::vector<uint8_t> random_pixels(Random &random, const Shape &shape)
{
	std::vector<uint8_t> bytes((size_t)shape.width * shape.height * PIXEL_BITS / 8);

	for (uint8_t &byte : bytes)
		byte = (uint8_t)random.next();
	return bytes;
}

/* The pixels as the decoders give them; what is behind a beat's count is anything. */
static void into_beats(Random &random, const Shape &shape, const std::vector<uint8_t> &bytes, std::deque<Beat> &beats)
{
	const size_t n_pixels = bytes.size() / (PIXEL_BITS / 8);

	for (size_t at = 0; at < n_pixels;) {
		Beat beat{};
		size_t n = shape.block ? shape.block - at % shape.block : 1 + random.below(LANES);
		n = n < LANES ? n : LANES;
		n = n < n_pixels - at ? n : n_pixels - at;
		for (uint8_t &byte : beat.byte)
			byte = (uint8_t)random.next();
		std::memcpy(beat.byte, &bytes[at * PIXEL_BITS / 8], n * PIXEL_BITS / 8);
		beat.count = (uint32_t)n;
		beats.push_back(beat);
		at += n;
	}
}

static std::deque<Beat> rows(const Shape &shape, const std::vector<uint8_t> &bytes)
{
	std::deque<Beat> beats;

	for (uint32_t y = 0; y < shape.height; y++)
		for (uint32_t x = 0; x < shape.width; x += LANES) {
			const uint32_t n = shape.width - x < LANES ? shape.width - x : LANES;
			Beat beat{};
			std::memcpy(beat.byte, &bytes[((size_t)y * shape.width + x) * PIXEL_BITS / 8], (size_t)n * PIXEL_BITS / 8);
			beat.row_last = x + LANES >= shape.width;
			beat.last = beat.row_last && y + 1 == shape.height;
			beats.push_back(beat);
		}
	return beats;
}

struct Took {
	size_t n_in, n_out;
	uint64_t clocks;
};

/* One frame, and `excess` beats behind it, which must vanish. */
static Took pack(Bench<Vgearbox> &bench, const Shape &shape, uint32_t stall_in, uint32_t stall_out, unsigned excess)
{
	const std::vector<uint8_t> bytes = random_pixels(bench.random, shape);
	Offer<Beat> in(bench.random, stall_in);
	Stalls out(bench.random, stall_out);
	Steady<Beat> steady("out");
	std::deque<Beat> wanted = rows(shape, bytes);
	Took took{ 0, wanted.size(), 0 };

	into_beats(bench.random, shape, bytes, in.words);
	took.n_in = in.words.size();
	in.words.insert(in.words.end(), excess, Beat{ {}, LANES, false, false });
	bench->cfg_width = (uint16_t)shape.width;
	bench->cfg_height = (uint16_t)shape.height;
	bench->in_valid = 0;
	bench.pulse(bench->start);
	took.clocks = bench.clocks;
	while (!wanted.empty() || !in.empty()) {
		bench->in_valid = in.next();
		if (bench->in_valid) {
			bench_put(bench->in_data, in.word().byte, 64);
			bench->in_count = (uint8_t)in.word().count;
		}
		bench->out_ready = out.go();
		bench.settle();
		Beat beat{};
		bench_get(beat.byte, bench->out_data, 64);
		beat.row_last = bench->out_row_last;
		beat.last = bench->out_last;
		steady.look(bench->out_valid, bench->out_ready, beat);
		if (bench->out_valid) {
			CHECK(!wanted.empty(), "%u x %u: a beat too many", shape.width, shape.height);
			CHECK(beat == wanted.front(), "%u x %u: %zu beats before the end, row_last %d, last %d", shape.width, shape.height, wanted.size(), beat.row_last, beat.last);
		}
		if (bench->out_valid && bench->out_ready)
			wanted.pop_front();
		in.taken(bench->in_ready);
		bench.edge();
	}
	took.clocks = bench.clocks - took.clocks;
	bench.settle();
	CHECK(!bench->out_valid, "%u x %u: a beat too many", shape.width, shape.height);
	return took;
}

/* One beat per clock, whatever the width: as many clocks as the longer side has beats, and a few. */
static void sustained(Bench<Vgearbox> &bench)
{
	const uint32_t widths[] = { 1, 5, LANES - 1, LANES, LANES + 1, 3 * LANES + 7, 1030, 4148, 8192 };

	for (uint32_t width : widths) {
		const Took took = pack(bench, { width, 20'000 / (width / LANES + 1) / LANES + 3, 4096 }, 0, 0, 0);
		const size_t longer = took.n_in > took.n_out ? took.n_in : took.n_out;
		CHECK(took.clocks <= longer + 8, "width %u: %llu clocks for %zu beats in, %zu out", width, (unsigned long long)took.clocks, took.n_in, took.n_out);
	}
	const Took took = pack(bench, { 4148, 20, 4096 }, 0, 0, 0);
	std::printf("width 4148: %llu clocks for %zu beats in, %zu out\n", (unsigned long long)took.clocks, took.n_in, took.n_out);
}

int main()
{
	Bench<Vgearbox> bench;
	size_t n_beats = 0;

	bench.limit = 2'000'000;
	bench->start = bench->in_valid = bench->out_ready = 0;
	bench.reset();
	sustained(bench);
	for (int round = 0; round < 120; round++) {
		const uint32_t width = 1 + bench.random.below(round % 4 == 0 ? LANES : round % 4 == 1 ? 3 * LANES : round % 4 == 2 ? 700 : 8192);
		const uint32_t height = 1 + bench.random.below(12'000 / width + 1);
		const uint32_t block = round % 3 ? 8 * (1 + bench.random.below(600)) : 0;
		n_beats += pack(bench, { width, height > 300 ? 300 : height, block }, bench.random.below(80), bench.random.below(80), bench.random.below(2) * 80).n_out;
	}
	std::printf("%d bits: %zu beats in 120 frames\n", PIXEL_BITS, n_beats);
	return 0;
}
