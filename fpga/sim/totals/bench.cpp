/* bench.cpp - totals against kernels/reference: frames of every kind behind each other, with gaps. */
#include "Vtotals.h"
#include "fpga/sim/frames.h"

static void pass(Bench<Vtotals> &bench, Frame &frame, uint64_t saturation, uint32_t stall)
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
		bench->in_base = beat.base;
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
	CHECK_EQUAL(bench->max_index, wanted.max_index, "%u x %u", frame.width, frame.height);
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
		pass(bench, frame, saturation, bench.random.chance(50) ? bench.random.below(80) : 0);
	}
	/* The largest sum and the largest index that there are: 2^26 - 1 pixels are many clocks, so the bases of a few beats say it. */
	Frame frame = frame_make(bench.random, 8192, 40, FRAME_LARGE, 1);
	pass(bench, frame, 0, 0);
	std::printf("401 frames, %llu clocks\n", (unsigned long long)bench.clocks);
	return 0;
}
