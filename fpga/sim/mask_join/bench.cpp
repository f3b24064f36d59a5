/* bench.cpp - mask_join against every pixel looked up by itself: values about the limit, every kind of entry in the table, any width, stalls. */
#include "Vmask_join.h"
#include "fpga/sim/bits.h"

static const unsigned LANES = 512 / PIXEL_BITS;

struct Beat {
	uint32_t pixel[LANES];
	bool row_last, last;
};
struct Entries {
	uint16_t of[LANES];
};
struct Frame {
	uint32_t width, height, invalid_from;
	std::deque<Beat> beats;
	std::deque<Entries> table;
};
/* What comes out, a lane a number: bits 0 allowed, 1 ok, 2 binned, and the bin above where it counts. */
struct Joined {
	uint32_t pixel[LANES], fate[LANES], base;
	bool row_last, last;
	bool operator==(const Joined &other) const
	{
		return std::memcmp(pixel, other.pixel, sizeof pixel) == 0 && std::memcmp(fate, other.fate, sizeof fate) == 0 && base == other.base &&
		       row_last == other.row_last && last == other.last;
	}
};

static uint16_t random_entry(Random &random)
{
	const uint16_t special[] = { 0xffff, 0xfffe, 0xfffd, 4096, 4095, 0 };

	return random.chance(30) ? special[random.below(6)] : (uint16_t)random.below(4096);
}

static uint32_t random_pixel(Random &random, uint32_t invalid_from)
{
	const uint32_t any = random.chance(50) ? invalid_from - 2 + random.below(4) : (uint32_t)random.next();

	return any & (PIXEL_BITS == 32 ? ~0u : (1u << (PIXEL_BITS % 32)) - 1);
}

static Frame random_frame(Random &random)
{
	const uint32_t limits[] = { 255, 65535, 65534, 65536, 0xffffffff, 0xfffffffe, 1, 0 };
	Frame frame{ 1 + random.below(random.chance(50) ? 3 * LANES : 5000), 1 + random.below(20), limits[random.below(8)], {}, {} };

	for (uint32_t y = 0; y < frame.height; y++)
		for (uint32_t x = 0; x < frame.width; x += LANES) {
			Beat beat;
			Entries entries;
			for (unsigned i = 0; i < LANES; i++) {
				beat.pixel[i] = random_pixel(random, frame.invalid_from);
				entries.of[i] = random_entry(random);
			}
			beat.row_last = x + LANES >= frame.width;
			beat.last = beat.row_last && y + 1 == frame.height;
			frame.beats.push_back(beat);
			frame.table.push_back(entries);
		}
	return frame;
}

static Joined join(const Frame &frame, const Beat &beat, const Entries &entries, uint32_t x, uint32_t y)
{
	Joined joined{};

	for (unsigned i = 0; i < LANES; i++) {
		const bool allowed = x + i < frame.width && entries.of[i] != 0xffff, ok = allowed && beat.pixel[i] < frame.invalid_from;
		const bool binned = ok && entries.of[i] < 4096;
		joined.pixel[i] = beat.pixel[i];
		joined.fate[i] = (uint32_t)allowed | (uint32_t)ok << 1 | (uint32_t)binned << 2 | (binned ? (uint32_t)entries.of[i] << 3 : 0);
	}
	joined.base = y * frame.width + x;
	joined.row_last = beat.row_last;
	joined.last = beat.last;
	return joined;
}

static Joined read_out(Bench<Vmask_join> &bench)
{
	Joined joined{};

	for (unsigned i = 0; i < LANES; i++) {
		const uint32_t binned = bench->out_binned >> i & 1;
		joined.pixel[i] = (uint32_t)bits_get(bench->out_pixels, PIXEL_BITS * i, PIXEL_BITS);
		joined.fate[i] = (bench->out_allowed >> i & 1) | (bench->out_ok >> i & 1) << 1 | binned << 2 |
				 (binned ? (uint32_t)bits_get(bench->out_bins, 12 * i, 12) << 3 : 0);
	}
	joined.base = bench->out_base;
	joined.row_last = bench->out_row_last;
	joined.last = bench->out_last;
	return joined;
}

static void drive(Bench<Vmask_join> &bench, Offer<Beat> &in, Offer<Entries> &table)
{
	bench->in_valid = in.next();
	bench->table_valid = table.next();
	if (bench->in_valid) {
		for (unsigned i = 0; i < LANES; i++)
			std::memcpy((uint8_t *)&bench->in_data + i * PIXEL_BITS / 8, &in.word().pixel[i], PIXEL_BITS / 8);
		bench->in_row_last = in.word().row_last;
		bench->in_last = in.word().last;
	}
	if (bench->table_valid)
		bench_put(bench->table_data, table.word().of, sizeof table.word().of);
}

/* One frame; returns its clocks. */
static uint64_t run(Bench<Vmask_join> &bench, const Frame &frame, uint32_t stall_in, uint32_t stall_table, uint32_t stall_out)
{
	Offer<Beat> in(bench.random, stall_in);
	Offer<Entries> table(bench.random, stall_table);
	Stalls out(bench.random, stall_out);
	Steady<Joined> steady("out");
	const uint32_t per_row = (frame.width + LANES - 1) / LANES;
	uint64_t begin;
	size_t n = 0;

	in.words = frame.beats;
	table.words = frame.table;
	bench->cfg_invalid_from = frame.invalid_from;
	bench->cfg_width = (uint16_t)frame.width;
	bench->in_valid = bench->table_valid = 0;
	bench.pulse(bench->start);
	begin = bench.clocks;
	while (n < frame.beats.size()) {
		drive(bench, in, table);
		bench->out_ready = out.go();
		bench.settle();
		const Joined joined = read_out(bench);
		steady.look(bench->out_valid, bench->out_ready, joined);
		if (bench->out_valid)
			CHECK(joined == join(frame, frame.beats[n], frame.table[n], n % per_row * LANES, n / per_row), "beat %zu of %zu, width %u, base %u", n,
			      frame.beats.size(), frame.width, joined.base);
		n += bench->out_valid && bench->out_ready;
		const bool ready = bench->in_ready && bench->in_valid;
		CHECK_EQUAL(ready, bench->table_ready && bench->table_valid, "one is taken without the other");
		in.taken(bench->in_ready);
		table.taken(bench->table_ready);
		bench.edge();
	}
	return bench.clocks - begin;
}

int main()
{
	Bench<Vmask_join> bench;
	size_t n_beats = 0;

	bench.limit = 1'000'000;
	bench->start = bench->in_valid = bench->table_valid = bench->out_ready = 0;
	bench.reset();
	for (int round = 0; round < 60; round++) {
		const Frame frame = random_frame(bench.random);
		const bool full = round % 6 == 0;
		const uint64_t clocks = run(bench, frame, full ? 0 : bench.random.below(70), full ? 0 : bench.random.below(70), full ? 0 : bench.random.below(70));
		CHECK(!full || clocks <= frame.beats.size() + 1, "%llu clocks for %zu beats where nothing stalls", (unsigned long long)clocks, frame.beats.size());
		n_beats += frame.beats.size();
	}
	std::printf("%d bits: %zu beats, one per clock where nothing stalls\n", PIXEL_BITS, n_beats);
	return 0;
}
