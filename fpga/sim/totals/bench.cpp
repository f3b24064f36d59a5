/* bench.cpp - totals against kernels/reference: frames of every kind behind each other, with gaps. */
#include "Vtotals.h"
#include "fpga/sim/frames.h"

/* offset: what every index is moved by, so that the last ones of the largest frame come, too. */
static void pass(Bench<Vtotals> &bench, Frame &frame, uint64_t saturation, uint32_t stall, uint32_t offset)
{
	struct plan plan = frame.plan();
	struct result wanted = {};
	Stalls gaps(bench.random, stall);

	plan.saturation_value = saturation;
	analysis_totals(&plan, frame.pixels.data(), &wanted);
	bench->cfg_saturation_known = saturation != UINT64_MAX;
	bench->cfg_saturation = static_cast<uint32_t>(saturation);
	bench.pulse(bench->start);
	for (const FrameBeat &beat : frame_beats(bench.random, frame)) {
		bench_put(bench->in_pixels, beat.pixels, 64);
		bench->in_allowed = static_cast<decltype(+bench->in_allowed)>(beat.allowed);
		bench->in_ok = static_cast<decltype(+bench->in_ok)>(beat.ok);
		bench->in_base = beat.base + offset;
		while (!gaps.go())
			bench.edge();
		bench->in_valid = 1;
		bench.settle();
		CHECK(!bench->idle, "idle with a beat before it");
		bench.edge();
		bench->in_valid = 0;
	}
	for (bench.settle(); !bench->idle; bench.settle())
		bench.edge();
	CHECK_EQUAL(bench->n_valid, wanted.n_valid, "%u x %u", frame.width, frame.height);
	CHECK_EQUAL(bench->n_nodata, wanted.n_nodata, "%u x %u", frame.width, frame.height);
	CHECK_EQUAL(bench->n_saturated, wanted.n_saturated, "%u x %u", frame.width, frame.height);
	CHECK_EQUAL(bench->sum, wanted.sum, "%u x %u", frame.width, frame.height);
	CHECK_EQUAL(bench->max, wanted.max, "%u x %u", frame.width, frame.height);
	CHECK_EQUAL(bench->max_index, wanted.n_valid ? wanted.max_index + offset : 0, "%u x %u", frame.width, frame.height);
}

/* Large values for so long that the sum's lower half runs over in both builds. */
static void pass_long(Bench<Vtotals> &bench)
{
	const uint32_t largest = FRAME_LARGEST - 1, n_beats = 600000;
	uint8_t pixels[64];

	for (uint32_t lane = 0; lane < FRAME_LANES; lane++)
		std::memcpy(pixels + lane * (PIXEL_BITS / 8), &largest, PIXEL_BITS / 8);
	bench.pulse(bench->start);
	bench_put(bench->in_pixels, pixels, sizeof pixels);
	bench->in_ok = bench->in_allowed = static_cast<decltype(+bench->in_ok)>((1ull << FRAME_LANES) - 1);
	bench->in_valid = 1;
	for (uint32_t i = 0; i < n_beats; i++) {
		bench->in_base = 5 + i * FRAME_LANES;
		bench.edge();
	}
	bench->in_valid = 0;
	for (bench.settle(); !bench->idle; bench.settle())
		bench.edge();
	CHECK_EQUAL(bench->n_valid, n_beats * FRAME_LANES, "long frame");
	CHECK_EQUAL(bench->sum, static_cast<uint64_t>(largest) * n_beats * FRAME_LANES, "long frame");
	CHECK_EQUAL(bench->max, largest, "long frame");
	CHECK_EQUAL(bench->max_index, 5, "long frame");
}

int main()
{
	Bench<Vtotals> bench;

	bench.limit = 5'000'000;
	bench->start = bench->in_valid = 0;
	bench.reset();
	for (int round = 0; round < 400; round++) {
		uint32_t width, height;
		frame_shape(bench.random, width, height);
		if (round == 100)
			width = 512, height = 300;
		Frame frame = frame_make(bench.random, width, height, static_cast<frame_kind>(bench.random.below(FRAME_KINDS)), 1);
		const uint64_t saturation = bench.random.chance(30) ? UINT64_MAX : bench.random.chance(30) ? frame_extreme(bench.random) : bench.random.below(60);
		pass(bench, frame, saturation, bench.random.chance(50) ? bench.random.below(80) : 0,
		     bench.random.chance(30) ? (1u << 26) - static_cast<uint32_t>(frame.size()) : 0);
	}
	pass_long(bench);
	std::printf("401 frames, %llu clocks\n", (unsigned long long)bench.clocks);
	return 0;
}
