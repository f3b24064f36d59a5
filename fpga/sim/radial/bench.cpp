/* bench.cpp - radial against kernels/reference: runs of one bin and bins at every distance in every lane, several frames behind each other
 * (reading out must leave nothing), random stalls of who takes the bins, one bin per clock where nobody stalls, and sums at the widths' ends. */
#include "Vradial.h"
#include "fpga/sim/frames.h"

struct Bins {
	std::vector<uint64_t> sum;
	std::vector<uint32_t> count;
};

struct Out {
	uint64_t sum;
	uint32_t count, last;
	bool operator==(const Out &other) const { return sum == other.sum && count == other.count && last == other.last; }
};

static void feed(Bench<Vradial> &bench, const std::vector<FrameBeat> &beats, uint32_t stall)
{
	Stalls gaps(bench.random, stall);

	for (const FrameBeat &beat : beats) {
		bench_put(bench->in_pixels, beat.pixels, 64);
		bench_put(bench->in_bins, beat.bins, FRAME_LANES * 12 / 8);
		bench->in_binned = static_cast<decltype(+bench->in_binned)>(beat.binned);
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
}

/* Reads out and compares; returns the clocks it took. */
static uint64_t read_out(Bench<Vradial> &bench, const Bins &wanted, uint32_t stall)
{
	const uint64_t begin = bench.clocks;
	const size_t n = wanted.sum.size();
	Stalls takes(bench.random, stall);
	Steady<Out> steady("out");
	size_t at = 0;

	bench->cfg_n_bins = static_cast<uint16_t>(n);
	bench.pulse(bench->read_start);
	for (;;) {
		bench->out_ready = takes.go();
		bench.settle();
		if (bench->idle)
			break;
		steady.look(bench->out_valid, bench->out_ready, { bench->out_sum, bench->out_count, bench->out_last });
		if (bench->out_valid && bench->out_ready) {
			CHECK(at < n, "more than %zu bins", n);
			CHECK_EQUAL(bench->out_sum, wanted.sum[at], "bin %zu of %zu", at, n);
			CHECK_EQUAL(bench->out_count, wanted.count[at], "bin %zu of %zu", at, n);
			CHECK_EQUAL(bench->out_last, at + 1 == n, "bin %zu of %zu", at, n);
			at++;
		}
		bench.edge();
	}
	CHECK_EQUAL(at, n, "bins");
	return bench.clocks - begin;
}

static Bins expected(Frame &frame, uint32_t n_bins)
{
	struct plan plan = frame.plan();
	Bins bins = { std::vector<uint64_t>(n_bins), std::vector<uint32_t>(n_bins) };

	plan.n_bins = n_bins;
	analysis_radial(&plan, frame.pixels.data(), bins.sum.data(), bins.count.data());
	return bins;
}

/* One pixel after the other into one lane and one bin, as many as time allows, all of the largest value. */
static void pass_largest(Bench<Vradial> &bench)
{
	std::vector<FrameBeat> beats(70000);
	Bins wanted = { std::vector<uint64_t>(4096), std::vector<uint32_t>(4096) };
	const uint32_t bin = bench.random.below(4096), largest = FRAME_LARGEST - 1;

	for (FrameBeat &beat : beats) {
		beat = {};
		for (uint32_t lane = 0; lane < FRAME_LANES; lane++) {
			std::memcpy(beat.pixels + lane * (PIXEL_BITS / 8), &largest, PIXEL_BITS / 8);
			frame_put_bin(beat.bins, lane, bin);
		}
		beat.binned = static_cast<uint32_t>((1ull << FRAME_LANES) - 1);
	}
	wanted.count[bin] = static_cast<uint32_t>(beats.size()) * FRAME_LANES;
	wanted.sum[bin] = static_cast<uint64_t>(largest) * wanted.count[bin];
	feed(bench, beats, 0);
	read_out(bench, wanted, 0);
}

int main()
{
	Bench<Vradial> bench;

	bench.limit = 5'000'000;
	bench->in_valid = bench->read_start = bench->out_ready = 0;
	bench.reset();
	for (bench.settle(); !bench->idle; bench.settle())
		bench.edge();
	CHECK(bench.clocks < 4096 + 20, "%llu clocks to clear", (unsigned long long)bench.clocks);
	for (int round = 0; round < 120; round++) {
		uint32_t width, height;
		frame_shape(bench.random, width, height);
		if (round == 50)
			width = 512, height = 300;
		const uint32_t n_bins = bench.random.chance(10) ? 4096 : bench.random.chance(20) ? 1 + bench.random.below(4) : 1 + bench.random.below(700);
		Frame frame = frame_make(bench.random, width, height, static_cast<frame_kind>(bench.random.below(FRAME_KINDS)), n_bins);
		feed(bench, frame_beats(bench.random, frame), bench.random.chance(50) ? bench.random.below(80) : 0);
		const uint32_t stall = bench.random.chance(50) ? bench.random.below(80) : 0;
		const uint64_t clocks = read_out(bench, expected(frame, n_bins), stall);
		CHECK(stall || clocks <= n_bins + 16, "%llu clocks for %u bins", (unsigned long long)clocks, n_bins);
		if (round % 40 == 20) { /* in the middle of whatever there is: a reset clears all bins */
			feed(bench, frame_beats(bench.random, frame), 0);
			bench.reset();
			for (bench.settle(); !bench->idle; bench.settle())
				bench.edge();
		}
	}
	pass_largest(bench);
	read_out(bench, {}, 0); /* of no bins: nothing */
	std::printf("121 frames, %llu clocks\n", (unsigned long long)bench.clocks);
	return 0;
}
