/* bench.cpp - dispersion against kernels/reference: every hit of every frame, frames of all shapes and settings behind each other through one
 * instance, gaps before it and want of room behind; and how many beats still come after room has gone. */
#include <set>

#include "Vdispersion.h"
#include "fpga/sim/frames.h"

static const uint32_t UNDER_WAY = 32; /* beats that may come after room has gone: what the module promises */

struct Settings {
	uint32_t c[64], ns2, min_count, threshold;
};

/* m, X, Y of the definition (algorithms.md section 3), in 128 bits: the reference's 64 do not hold NS2 X m for every setting of the gates. */
struct Sums {
	unsigned __int128 m, x, y;
};

static Sums window(const Frame &frame, uint32_t x, uint32_t y)
{
	Sums sums = {};

	for (uint32_t v = y < 3 ? 0 : y - 3; v < frame.height && v <= y + 3; v++)
		for (uint32_t u = x < 3 ? 0 : x - 3; u < frame.width && u <= x + 3; u++) {
			const size_t i = static_cast<size_t>(v) * frame.width + u;
			const uint64_t value = frame.pixels[i];
			if (!frame.ok(i) || value >= PLAN_BIG_PIXEL)
				continue;
			sums.m++;
			sums.x += value;
			sums.y += static_cast<unsigned __int128>(value) * value;
		}
	return sums;
}

static bool is_strong(const Frame &frame, const Settings &s, uint32_t x, uint32_t y)
{
	const uint64_t p = frame.pixels[static_cast<size_t>(y) * frame.width + x];

	if (!frame.ok(static_cast<size_t>(y) * frame.width + x) || p <= s.threshold)
		return false;
	const Sums w = window(frame, x, y);
	if (w.m < s.min_count || w.m * w.y - w.x * w.x <= w.x * s.c[static_cast<size_t>(w.m)] >> 16 || w.m * p <= w.x)
		return false;
	return p >= PLAN_BIG_PIXEL || (w.m * p - w.x) * (w.m * p - w.x) > s.ns2 * w.x * w.m >> 16;
}

/* Makes one pixel, most often at a row's end or at the end of a beat, stand exactly at the limit of one test or both, or a step beside it. */
static void settings_edge(Random &random, const Frame &frame, Settings &s)
{
	for (int tries = 0; tries < 50; tries++) {
		const uint32_t near = random.below(6), at = random.chance(50) ? 0 : random.below((frame.width + 31) / 32) * 32;
		const uint32_t x = std::min(frame.width - 1, random.chance(50) ? at + near : frame.width - 1 - std::min(frame.width - 1, near));
		const uint32_t y = random.below(frame.height);
		const uint64_t p = frame.pixels[static_cast<size_t>(y) * frame.width + x];
		const Sums w = window(frame, x, y);
		if (!frame.ok(static_cast<size_t>(y) * frame.width + x) || w.x == 0 || w.m * p <= w.x || p >= PLAN_BIG_PIXEL)
			continue;
		const unsigned __int128 limit = ((w.m * w.y - w.x * w.x) << 16) / w.x + random.below(3);
		const unsigned __int128 noise = ((w.m * p - w.x) * (w.m * p - w.x) << 16) / (w.x * w.m) + random.below(3);
		const uint32_t which = random.below(3);
		std::fill(s.c, s.c + 64, which != 1 && limit < 1u << 30 ? static_cast<uint32_t>(limit) : 0);
		s.ns2 = which != 0 && noise < 1u << 30 ? static_cast<uint32_t>(noise) : 0;
		return;
	}
}

/* The user's usual ones, or anything in the gates' range. */
static Settings settings_make(Random &random, const Frame &frame)
{
	Settings s = { {}, 9u << 16, 2, 0 };
	const uint32_t how = random.below(8);

	for (uint32_t m = 0; m < 64; m++) {
		s.c[m] = m ? static_cast<uint32_t>(65536.0 * (m - 1 + 6.0 * std::sqrt(2.0 * (m - 1))) + 0.5) : 0;
		if (how == 1)
			s.c[m] = 0; /* half of all pixels are strong */
		if (how == 2)
			s.c[m] = static_cast<uint32_t>(random.next()) >> (2 + random.below(20));
		if (how == 3)
			s.c[m] = (1u << 30) - 1;
	}
	if (how == 1)
		s.ns2 = 0;
	if (how == 2)
		s.ns2 = static_cast<uint32_t>(random.next()) >> (2 + random.below(20));
	if (how == 3)
		s.ns2 = (1u << 30) - 1;
	if (how >= 4)
		settings_edge(random, frame, s);
	if (random.chance(30))
		s.min_count = random.chance(20) ? 50 + random.below(206) : random.below(50);
	if (random.chance(30))
		s.threshold = random.chance(30) ? static_cast<uint32_t>(random.next()) & FRAME_LARGEST : random.below(70);
	return s;
}

/* The strong pixels' indices; where its integers suffice, kernels/reference must find the same. */
static std::vector<uint32_t> strong_pixels(Frame &frame, const Settings &s)
{
	struct plan plan = frame.plan();
	std::vector<uint32_t> found, strong(frame.size()), value(frame.size());
	std::vector<uint8_t> marked(frame.size()), core(frame.size());

	for (uint32_t y = 0; y < frame.height; y++)
		for (uint32_t x = 0; x < frame.width; x++)
			if (is_strong(frame, s, x, y))
				found.push_back(y * frame.width + x);
	if (s.ns2 >= 1u << 28)
		return found;
	std::copy(s.c, s.c + 50, plan.c_q16);
	plan.ns2_q16 = s.ns2;
	plan.min_count = s.min_count;
	plan.threshold = s.threshold;
	plan.max_strong = static_cast<uint32_t>(frame.size());
	strong.resize(analysis_strong(&plan, frame.pixels.data(), strong.data(), value.data(), marked.data(), core.data()));
	CHECK(strong == found, "the bench's own model and kernels/reference differ: %zu and %zu strong pixels", found.size(), strong.size());
	return found;
}

static void configure(Bench<Vdispersion> &bench, const Frame &frame, const Settings &s)
{
	bench->c_write = 1;
	for (uint32_t m = 0; m < 64; m++) {
		bench->c_index = static_cast<uint8_t>(m);
		bench->c_value = s.c[m];
		bench.edge();
	}
	bench->c_write = 0;
	bench->cfg_beats_per_row = static_cast<uint16_t>(frame.beats_per_row());
	bench->cfg_width = static_cast<uint16_t>(frame.width);
	bench->cfg_height = static_cast<uint16_t>(frame.height);
	bench->cfg_min_count = static_cast<uint8_t>(s.min_count);
	bench->cfg_threshold = s.threshold;
	bench->cfg_ns2_q16 = s.ns2;
	bench.pulse(bench->start);
}

/* What came out, looked at beat by beat. */
struct Watch {
	const std::vector<FrameBeat> &beats;
	std::set<uint32_t> wanted;
	size_t n_out = 0, n_hits = 0;

	void look(Bench<Vdispersion> &bench, uint32_t width)
	{
		CHECK(n_out < beats.size(), "more beats than the frame has");
		const FrameBeat &beat = beats[n_out++];
		uint8_t pixels[64];

		CHECK_EQUAL(bench->out_base, beat.base, "beat %zu of %zu", n_out - 1, beats.size());
		CHECK_EQUAL(bench->out_last, beat.last, "beat %zu of %zu", n_out - 1, beats.size());
		bench_get(pixels, bench->out_pixels, sizeof pixels);
		for (uint32_t lane = 0; lane < FRAME_LANES; lane++) {
			const uint32_t index = beat.base + lane;
			const bool hit = bench->out_hits >> lane & 1;
			const bool want = wanted.count(index) && beat.ok >> lane & 1;
			CHECK_EQUAL(hit, want, "pixel %u, %u", index % width, index / width);
			n_hits += hit;
			if (hit)
				CHECK(!std::memcmp(pixels + lane * (PIXEL_BITS / 8), beat.pixels + lane * (PIXEL_BITS / 8), PIXEL_BITS / 8),
				      "the value of pixel %u, %u", index % width, index / width);
		}
	}
};

/* One frame; returns its hits. */
static size_t pass(Bench<Vdispersion> &bench, Frame &frame, const Settings &s, uint32_t stall_in, uint32_t stall_out)
{
	const std::vector<FrameBeat> beats = frame_beats(bench.random, frame);
	const std::vector<uint32_t> strong = strong_pixels(frame, s);
	Watch watch = { beats, { strong.begin(), strong.end() } };
	Offer<FrameBeat> in(bench.random, stall_in);
	Stalls room(bench.random, stall_out);
	uint32_t since_room = 0;

	configure(bench, frame, s);
	in.words.assign(beats.begin(), beats.end());
	const uint64_t begin = bench.clocks;
	while (!bench->done) {
		const bool up = in.next();
		const FrameBeat &beat = in.empty() ? beats[bench.random.below(static_cast<uint32_t>(beats.size()))] : in.word();
		bench->in_valid = up || in.empty(); /* behind the frame something always waits, and is not taken */
		bench_put(bench->in_pixels, beat.pixels, 64);
		bench->in_ok = static_cast<decltype(+bench->in_ok)>(beat.ok);
		bench->room = room.go();
		bench.settle();
		CHECK(!(in.empty() && bench->in_ready), "a beat is taken behind the frame's last");
		since_room = bench->room ? 0 : since_room + bench->out_valid;
		CHECK(since_room <= UNDER_WAY, "beats keep coming without room");
		if (bench->out_valid)
			watch.look(bench, frame.width);
		in.taken(bench->in_ready);
		bench.edge();
	}
	CHECK_EQUAL(watch.n_out, beats.size(), "beats of %u x %u", frame.width, frame.height);
	CHECK_EQUAL(watch.n_hits, strong.size(), "hits of %u x %u", frame.width, frame.height);
	const uint64_t rows = static_cast<uint64_t>(frame.height) + 3, ideal = rows * std::max(frame.beats_per_row(), 3u) + 1 + 25;
	if (!stall_in && !stall_out)
		CHECK(bench.clocks - begin <= ideal, "%llu clocks for %u x %u", (unsigned long long)(bench.clocks - begin), frame.width, frame.height);
	return watch.n_hits;
}

int main()
{
	Bench<Vdispersion> bench;
	size_t hits = 0, pixels = 0;

	bench.limit = 5'000'000;
	bench->start = bench->c_write = bench->in_valid = bench->room = 0;
	bench.reset();
	for (int round = 0; round < 220; round++) {
		uint32_t width, height;
		frame_shape(bench.random, width, height);
		if (round == 100)
			width = 512 - bench.random.below(4), height = 300;
		if (round == 101)
			width = 8192 - bench.random.below(2) * 33, height = 12;
		if (round == 102)
			width = 1 + bench.random.below(2), height = 65535;
		Frame frame = frame_make(bench.random, width, height, static_cast<frame_kind>(bench.random.below(FRAME_KINDS)), 1);
		const bool stalls = bench.random.chance(60);
		hits += pass(bench, frame, settings_make(bench.random, frame), stalls ? bench.random.below(80) : 0, stalls ? bench.random.below(80) : 0);
		pixels += frame.size();
	}
	CHECK(hits > 1000, "%zu hits: the bench proves less than it says", hits);
	std::printf("220 frames, %zu pixels, %zu hits, %llu clocks\n", pixels, hits, (unsigned long long)bench.clocks);
	return 0;
}
