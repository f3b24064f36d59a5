/* frames.cpp - random plans and frames, and the comparison with the reference; see frames.h. */
#include "fpga/sim/unit/frames.h"

REFERENCE_BEGIN
#include "kernels/reference/analysis.h"
REFERENCE_END

plan *frames_plan(Random &random, const PlanChoice &choice)
{
	plan_settings settings;
	plan *made = nullptr;
	char message[256] = "";
	std::vector<uint8_t> mask(image_pixels(&choice.shape));

	for (uint8_t &refused : mask)
		refused = random.chance(choice.mask_percent);
	plan_defaults(&settings);
	settings.shape = choice.shape;
	settings.user_mask = mask.data();
	settings.radial_bins = choice.n_bins;
	settings.max_strong = choice.max_strong;
	settings.saturation_value = random.chance(30) ? UINT64_MAX : random.below(pixel_max(choice.shape.type));
	settings.max_minus_1_invalid = random.chance(50);
	settings.algorithm = SPOTS_DISPERSION;
	settings.threshold = random.chance(50) ? 0 : random.below(6);
	settings.min_count = 2 + random.below(4);
	CHECK_EQUAL(geometry_flat(&settings.geometry, 100, choice.shape.width / 2.5, choice.shape.height / 2.0, 0.075, 0.075, 1), 0, "geometry");
	if (plan_make(&made, &settings, 1, message, sizeof message))
		FAIL("the plan: %s", message);
	return made;
}

static uint32_t some_value(Random &random, Fill fill, uint32_t most)
{
	switch (fill) {
	case FILL_ZERO: return 0;
	case FILL_SPARSE: return random.chance(2) ? 1 : random.below(20000) ? 0 : random.below(200);
	case FILL_TYPICAL: return random.below(300) ? random.below(4) * random.below(2) : 5 + random.below(40);
	case FILL_DENSE: return random.below(100) ? 10 + random.below(20) : random.below(most);
	default: return random.chance(5) ? most - random.below(3) : static_cast<uint32_t>(random.next()) & most;
	}
}

Frame frames_make(Random &random, const image_shape &shape, Fill fill, uint32_t block_bytes)
{
	const size_t n = image_pixels(&shape), element = pixel_bytes(shape.type);
	const uint32_t most = pixel_max(shape.type);
	std::vector<uint8_t> raw(n * element);
	Frame frame;

	frame.shape = shape;
	frame.pixels.resize(n);
	for (size_t i = 0; i < n; i++) {
		uint32_t v = some_value(random, fill, most);
		frame.pixels[i] = v > most ? most : v;
		std::memcpy(&raw[i * element], &frame.pixels[i], element);
	}
	size_t bytes = codec_bound(CODEC_BSLZ4, &shape, block_bytes);
	frame.payload_bytes.resize(bytes);
	CHECK_EQUAL(codec_encode(CODEC_BSLZ4, &shape, block_bytes, raw.data(), frame.payload_bytes.data(), &bytes), 0, "encoding");
	frame.payload_bytes.resize(bytes);
	frame.compressed = { frame.payload_bytes.data(), bytes, CODEC_BSLZ4, static_cast<uint8_t>(element) };
	frame.blocks = {};
	frame.offsets.resize(block_table_entries(n * element, block_bytes ? block_bytes : 4096) + 1);
	frame.blocks.capacity = static_cast<uint32_t>(frame.offsets.size());
	frame.blocks.offset = frame.offsets.data();
	CHECK_EQUAL(block_table_build(&frame.blocks, &frame.compressed, &shape), 0, "the block table");
	return frame;
}

static void compare_strong(const Record &record, const plan &plan, const Frame &frame, const char *words)
{
	std::vector<uint32_t> index(plan.max_strong), value(plan.max_strong);
	const uint32_t n = analysis_strong(&plan, frame.pixels.data(), index.data(), value.data(), nullptr, nullptr);

	CHECK_EQUAL(record.n_strong, n, "strong pixels of %s", words);
	CHECK_EQUAL(record.status & STATUS_LIST_FULL, n > plan.max_strong ? STATUS_LIST_FULL : 0, "overflow of %s", words);
	for (size_t i = 0; i < record.index.size(); i++) {
		CHECK_EQUAL(record.index[i], index[i], "strong pixel %zu of %s", i, words);
		CHECK_EQUAL(record.value[i], value[i], "strong pixel %zu of %s", i, words);
	}
}

static void compare_radial(const Record &record, const plan &plan, const Frame &frame, const char *words)
{
	std::vector<uint64_t> sum(plan.n_bins);
	std::vector<uint32_t> count(plan.n_bins);

	analysis_radial(&plan, frame.pixels.data(), sum.data(), count.data());
	CHECK_EQUAL(record.n_bins, plan.n_bins, "bins of %s", words);
	for (uint32_t b = 0; b < plan.n_bins; b++) {
		CHECK_EQUAL(record.bin_sum[b], sum[b], "bin %u of %s", b, words);
		CHECK_EQUAL(record.bin_count[b], count[b], "bin %u of %s", b, words);
	}
}

void frames_compare(const Record &record, const plan &plan, const Frame &frame, const JobOptions &options, const char *words)
{
	result wanted{};

	analysis_totals(&plan, frame.pixels.data(), &wanted);
	CHECK_EQUAL(record.n_valid, wanted.n_valid, "%s", words);
	CHECK_EQUAL(record.n_nodata, wanted.n_nodata, "%s", words);
	CHECK_EQUAL(record.n_saturated, wanted.n_saturated, "%s", words);
	CHECK_EQUAL(record.sum, wanted.sum, "%s", words);
	CHECK_EQUAL(record.max, wanted.max, "%s", words);
	CHECK_EQUAL(record.max_index, wanted.max_index, "%s", words);
	CHECK_EQUAL(record.n_pixels, image_pixels(&plan.shape), "%s", words);
	CHECK_EQUAL(record.n_blocks, frame.blocks.n_blocks, "%s", words);
	if (options.strong)
		compare_strong(record, plan, frame, words);
	else
		CHECK_EQUAL(record.n_strong, 0, "%s", words);
	if (options.radial)
		compare_radial(record, plan, frame, words);
	else
		CHECK_EQUAL(record.n_bins, 0, "%s", words);
}
