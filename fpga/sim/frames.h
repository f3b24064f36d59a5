/* frames.h - random frames for the benches of the analysis: images of every kind that has ever hurt, with masks, bins and the plan that the
 * reference takes.
 *
 * Benches only, compiled with PIXEL_BITS (16 unless told). frame_beats cuts a frame into what join gives, row by row. */
#ifndef FPGA_SIM_FRAMES_H
#define FPGA_SIM_FRAMES_H

#include <algorithm>
#include <cmath>

#include "fpga/sim/bench.h"
REFERENCE_BEGIN
#include "kernels/plan.h"
#include "kernels/reference/analysis.h"
REFERENCE_END

#ifndef PIXEL_BITS
#define PIXEL_BITS 16
#endif
static const uint32_t FRAME_LANES = 512 / PIXEL_BITS;
static const uint32_t FRAME_LARGEST = PIXEL_BITS == 32 ? 0xffffffffu : 0xffffu;

enum frame_kind { FRAME_SPOTS, FRAME_RANDOM, FRAME_EXTREMES, FRAME_STRIPES, FRAME_ZERO, FRAME_LARGE, FRAME_KINDS };

struct Frame {
	uint32_t width, height, invalid_from;
	std::vector<uint32_t> pixels;
	std::vector<uint8_t> mask;
	std::vector<uint16_t> bin;

	size_t size() const { return pixels.size(); }
	bool ok(size_t i) const { return mask[i] && pixels[i] < invalid_from; }
	uint32_t beats_per_row() const { return (width + FRAME_LANES - 1) / FRAME_LANES; }

	/* A plan for kernels/reference. It points into the frame. */
	struct plan plan()
	{
		struct plan plan = {};

		plan.shape.width = width;
		plan.shape.height = height;
		plan.shape.type = PIXEL_BITS == 32 ? PIXEL_U32 : PIXEL_U16;
		plan.invalid_from = invalid_from;
		plan.saturation_value = UINT64_MAX;
		plan.mask = mask.data();
		plan.bin = bin.data();
		plan.algorithm = SPOTS_DISPERSION;
		plan.kernel = 3;
		return plan;
	}
};

/* Values at the edges of what widths can hold. */
static inline uint32_t frame_extreme(Random &random)
{
	static const uint32_t around[] = { 0, 1, 0xff, 0x100, 0xffff, 0x10000, 0xffffff, 0x1000000, 0x7fffffff, 0xffffffff };
	const uint32_t value = around[random.below(sizeof around / sizeof *around)] + random.below(3) - 1;

	return value > FRAME_LARGEST ? FRAME_LARGEST - random.below(3) : value;
}

static inline uint32_t frame_value(Random &random, frame_kind kind, uint32_t x, uint32_t y, uint32_t parameter)
{
	switch (kind) {
	case FRAME_SPOTS:
		return random.below(1 + parameter % 5) + (random.chance(1) ? random.below(parameter % 3 ? 60 : FRAME_LARGEST) : 0);
	case FRAME_RANDOM:
		return static_cast<uint32_t>(random.next()) & FRAME_LARGEST >> parameter % PIXEL_BITS;
	case FRAME_EXTREMES:
		return frame_extreme(random);
	case FRAME_STRIPES:
		return (parameter & 1 ? x : y) / (1 + parameter / 2 % 4) % 2 ? FRAME_LARGEST - 2 - random.below(2) : random.below(3);
	case FRAME_LARGE:
		return random.chance(3) ? frame_extreme(random) : (FRAME_LARGEST < 0xffffff ? FRAME_LARGEST : 0xffffff) - random.below(3);
	default:
		return 0;
	}
}

/* Whole modules dead, gaps, single pixels, all or nothing. */
static inline void frame_mask(Random &random, Frame &frame)
{
	const uint32_t how = random.below(6), period_x = 5 + random.below(90), period_y = 5 + random.below(30), gap = random.below(9);
	const uint32_t dead = random.below(8);

	for (uint32_t y = 0; y < frame.height; y++)
		for (uint32_t x = 0; x < frame.width; x++) {
			uint8_t &use = frame.mask[static_cast<size_t>(y) * frame.width + x];
			use = how != 0;
			if (how >= 3 && (x % period_x < gap || y % period_y < gap || (x / period_x + y / period_y) % 8 == dead))
				use = 0;
			if (how >= 4 && random.chance(how == 4 ? 3 : 60))
				use = 0;
		}
	if (how == 0 && random.chance(70)) // otherwise nothing is allowed at all
		std::fill(frame.mask.begin(), frame.mask.end(), 1);
}

static inline Frame frame_make(Random &random, uint32_t width, uint32_t height, frame_kind kind, uint32_t n_bins)
{
	const size_t n = static_cast<size_t>(width) * height;
	const uint32_t parameter = random.below(1000), run = 1 + random.below(70);
	Frame frame = { width, height, FRAME_LARGEST - random.below(2), std::vector<uint32_t>(n), std::vector<uint8_t>(n), std::vector<uint16_t>(n) };

	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++)
			frame.pixels[static_cast<size_t>(y) * width + x] = frame_value(random, kind, x, y, parameter);
	frame_mask(random, frame);
	for (size_t i = 0; i < n; i++) { // runs of one bin, so that a lane meets the same one at every distance
		frame.bin[i] = i % run && i ? frame.bin[i - 1] : static_cast<uint16_t>(random.below(n_bins));
		if (random.chance(2))
			frame.bin[i] = PLAN_BIN_NONE;
		if (!frame.mask[i])
			frame.bin[i] = PLAN_BIN_NONE;
		if (i % run == 0 && random.chance(30))
			frame.bin[i] = static_cast<uint16_t>(random.below(std::min(n_bins, 3u)));
	}
	for (size_t i = 0; i < n; i++)
		if (!frame.mask[i])
			frame.bin[i] = PLAN_BIN_NONE;
	return frame;
}

/* A beat as join gives it. Behind a row's end: pixels of any value, which nothing may look at. */
struct FrameBeat {
	uint32_t base;
	bool row_last, last;
	uint8_t pixels[64];
	uint32_t allowed, ok, binned; /* a bit per lane */
	uint8_t bins[48];
};

static inline void frame_put_bin(uint8_t *bins, uint32_t lane, uint32_t bin)
{
	for (uint32_t bit = 0; bit < 12; bit++)
		if (bin >> bit & 1)
			bins[(lane * 12 + bit) / 8] |= static_cast<uint8_t>(1u << (lane * 12 + bit) % 8);
}

static inline std::vector<FrameBeat> frame_beats(Random &random, const Frame &frame)
{
	std::vector<FrameBeat> beats;

	for (uint32_t y = 0; y < frame.height; y++)
		for (uint32_t x = 0; x < frame.width; x += FRAME_LANES) {
			FrameBeat beat = {};
			beat.base = y * frame.width + x;
			beat.row_last = x + FRAME_LANES >= frame.width;
			beat.last = beat.row_last && y + 1 == frame.height;
			for (uint32_t lane = 0; lane < FRAME_LANES; lane++) {
				const bool inside = x + lane < frame.width;
				const size_t i = static_cast<size_t>(beat.base) + lane;
				const uint32_t value = inside ? frame.pixels[i] : static_cast<uint32_t>(random.next());
				std::memcpy(beat.pixels + lane * (PIXEL_BITS / 8), &value, PIXEL_BITS / 8);
				beat.allowed |= static_cast<uint32_t>(inside && frame.mask[i]) << lane;
				beat.ok |= static_cast<uint32_t>(inside && frame.ok(i)) << lane;
				const bool binned = inside && frame.ok(i) && frame.bin[i] != PLAN_BIN_NONE;
				beat.binned |= static_cast<uint32_t>(binned) << lane;
				frame_put_bin(beat.bins, lane, binned ? frame.bin[i] : random.below(4096));
			}
			beats.push_back(beat);
		}
	return beats;
}

/* Shapes that begin and end in every way: one pixel, one row, one column, less than a window, full and broken beats. */
static inline void frame_shape(Random &random, uint32_t &width, uint32_t &height)
{
	static const uint32_t widths[] = { 1, 2, 5, FRAME_LANES - 1, FRAME_LANES, FRAME_LANES + 1, 2 * FRAME_LANES, 2 * FRAME_LANES + 1, 3 * FRAME_LANES, 200 };

	width = random.chance(60) ? widths[random.below(sizeof widths / sizeof *widths)] : 1 + random.below(260);
	height = random.chance(30) ? 1 + random.below(8) : 1 + random.below(40);
}

#endif
