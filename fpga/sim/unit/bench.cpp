/* bench.cpp - whole frames through the whole unit against the reference: every pixel type, odd shapes, damaged blocks, slow, failing and hung memory.
 *
 * usage: fpga_bench_unit u8|u16|u32|damaged|faults|hangs */
#include "fpga/registers.h"
#include "fpga/sim/unit/frames.h"
#include "fpga/sim/unit/hangs.h"

REFERENCE_BEGIN
#include "kernels/engine.h"
#include "kernels/reference/analysis.h"
REFERENCE_END

struct Shape {
	uint32_t width, height;
};

static uint32_t bits_of(pixel_type type)
{
	return type == PIXEL_U32 ? 32 : 16;
}

static void print_stages(Card &card, uint32_t clocks)
{
	static const char *const names[] = FPGA_STAGE_NAMES;

	for (uint32_t i = 0; i < FPGA_STAGES; i++) {
		const uint32_t at = FPGA_REG_STAGE + 12 * i;
		std::printf("  %-14s %8u moved %8u starved %8u blocked of %u clocks\n", names[i], card.get(at), card.get(at + 4), card.get(at + 8), clocks);
	}
}

/* What the unit counted itself. */
static void check_counts(Card &card, const plan &plan, const Frame &frame, const Record &record, const JobOptions &options)
{
	const uint32_t lanes = 512 / bits_of(frame.shape.type), beats = (plan.shape.width + lanes - 1) / lanes * plan.shape.height;

	CHECK_EQUAL(card.get(FPGA_REG_EVENTS + 4 * FPGA_EVENT_BLOCKS), frame.blocks.n_blocks, "blocks");
	CHECK_EQUAL(card.get(FPGA_REG_EVENTS + 4 * FPGA_EVENT_DAMAGED_BLOCKS), record.n_bad, "damaged blocks");
	CHECK_EQUAL(card.get(FPGA_REG_EVENTS + 4 * FPGA_EVENT_PIXELS), frame.pixels.size(), "pixels");
	CHECK_EQUAL(card.get(FPGA_REG_EVENTS + 4 * FPGA_EVENT_PAYLOAD_BEATS), (frame.payload_bytes.size() + 15) / 16, "words of payload");
	CHECK_EQUAL(card.get(FPGA_REG_EVENTS + 4 * FPGA_EVENT_TABLE_BEATS), beats, "words of the table");
	CHECK_EQUAL(card.get(FPGA_REG_EVENTS + 4 * FPGA_EVENT_STRONG_PIXELS), record.n_strong, "strong pixels");
	CHECK_EQUAL(card.get(FPGA_REG_EVENTS + 4 * FPGA_EVENT_WRITTEN_WORDS), (record.index.size() + 1) / 2 + record.n_bins + 4, "words written");
	CHECK_EQUAL(card.get(FPGA_REG_STAGE + 12 * FPGA_STAGE_JOIN), beats, "beats joined");
	CHECK_EQUAL(card.get(FPGA_REG_STAGE + 12 * FPGA_STAGE_DISPERSION), options.strong ? beats : 0, "beats looked at");
	for (uint32_t i = 0; i < FPGA_STAGES; i++) {
		const uint32_t at = FPGA_REG_STAGE + 12 * i, sum = card.get(at) + card.get(at + 4) + card.get(at + 8);
		CHECK(sum <= card.get(FPGA_REG_CLOCKS) + 1, "stage %u was busy and waiting for %u of %u clocks", i, sum, card.get(FPGA_REG_CLOCKS));
	}
}

static uint32_t beyond(const Record &record, const plan &plan)
{
	return record.n_strong > plan.max_strong ? record.n_strong - plan.max_strong : 0;
}

/* One whole frame, whose record must be the reference's. */
static void whole(Card &card, const plan &plan, const Frame &frame, const JobOptions &options, const char *words)
{
	card.start(plan, frame, options);
	card.wait();
	const Record record = card.record(plan);
	CHECK_EQUAL(record.status & ~STATUS_LIST_FULL, 0, "status of %s", words);
	CHECK_EQUAL(record.n_bad, 0, "%s", words);
	frames_compare(record, plan, frame, options, words);
	check_counts(card, plan, frame, record, options);
	card.check_errors({ 0, 0, beyond(record, plan), 0 });
}

static void random_frame(Card &card, Random &random, const Shape &shape, pixel_type type, Fill fill)
{
	const image_shape image = { shape.width, shape.height, type };
	const uint32_t units = 8192 >> type >> 3; /* of 8 pixels that a block may have */
	const uint32_t block_bytes = random.chance(50) ? 0 : (1 + random.below(units)) << type << 3;
	const uint32_t n_bins = random.chance(10) ? 4096 : 1 + random.below(500), max_strong = random.chance(30) ? 1 + random.below(20) : 100000;
	plan *plan = frames_plan(random, { image, n_bins, max_strong, random.chance(30) ? 0 : random.below(60) });
	JobOptions options;
	char words[200];

	options.strong = random.chance(80);
	options.radial = random.chance(80);
	std::snprintf(words, sizeof words, "%u x %u pixels of %u bytes, fill %d, blocks of %u bytes", shape.width, shape.height, pixel_bytes(type), fill, block_bytes);
	const Frame frame = frames_make(random, image, fill, block_bytes);
	card.load(*plan);
	whole(card, *plan, frame, options, words);
	plan_free(&plan);
}

/* A frame with some strong pixels, as many as `odd` says, and lists for none, for one, and for as many as they are, one fewer and one more. */
static void list_caps(Card &card, Random &random, pixel_type type, bool odd)
{
	const image_shape image = { 40 + random.below(100), 20 + random.below(20), type };
	plan *plan = frames_plan(random, { image, 1 + random.below(50), 1, random.below(10) });
	Frame frame;
	uint32_t n = 0, index, value;

	for (int i = 0; n < 3 || n % 2 != odd; i++) {
		CHECK(i < 100, "no frame of %u x %u pixels has strong ones", image.width, image.height);
		frame = frames_make(random, image, i % 2 ? FILL_TYPICAL : FILL_DENSE, 0);
		n = analysis_strong(plan, frame.pixels.data(), &index, &value, nullptr, nullptr);
	}
	card.load(*plan);
	for (uint32_t cap : { n, n - 1, 0u, n + 1, 1u, n }) {
		char words[80];
		std::snprintf(words, sizeof words, "%u strong pixels and a list for %u", n, cap);
		plan->max_strong = cap;
		whole(card, *plan, frame, {}, words);
	}
	plan_free(&plan);
}

/* Shapes at the edges of beats, then random ones, for a card with and one without stalls; and the list's cap. */
static int whole_frames(pixel_type type)
{
	static const Shape shapes[] = { { 1, 1 }, { 3, 2 }, { 7, 1 }, { 8, 1 }, { 15, 9 }, { 16, 4 }, { 17, 3 }, { 31, 8 }, { 32, 8 }, { 33, 7 }, { 64, 10 }, { 65, 40 },
		{ 1, 300 }, { 2, 77 }, { 95, 33 }, { 97, 34 }, { 1030, 65 }, { 8192, 3 }, { 8191, 2 } };
	Random random{ bench_seed() };
	uint64_t clocks = 0;
	int n = 0;

	for (uint32_t stalls : { 0u, 40u }) {
		Card card(random, bits_of(type), 1 + random.below(200), stalls);
		for (const Shape &shape : shapes)
			random_frame(card, random, shape, type, static_cast<Fill>(n++ % FILLS));
		for (int i = 0; i < 12; i++, n++)
			random_frame(card, random, { 1 + random.below(600), 1 + random.below(40) }, type, static_cast<Fill>(random.below(FILLS)));
		for (bool odd : { false, true })
			list_caps(card, random, type, odd);
		clocks += card.clocks();
	}
	Card card(random, bits_of(type), 0, 0);
	random_frame(card, random, { 512, 512 }, type, FILL_TYPICAL);
	print_stages(card, card.get(FPGA_REG_CLOCKS));
	std::printf("%d frames, %llu clocks\n", n + 1 + 2 * 2 * 6, static_cast<unsigned long long>(clocks + card.clocks()));
	return 0;
}

/* Changes bytes of some blocks, within what the table of offsets says. */
static void damage(Random &random, Frame &frame)
{
	const uint32_t n = frame.blocks.n_blocks, n_hurt = 1 + random.below(n < 8 ? n : 8);

	for (uint32_t i = 0; i < n_hurt; i++) {
		const uint32_t block = random.below(n), at = frame.blocks.offset[block], length = block_table_length(&frame.blocks, block);
		for (uint32_t k = 1 + random.below(3); length && k; k--)
			frame.payload_bytes[at + random.below(length)] = static_cast<uint8_t>(random.next());
	}
}

/* Decodes by the reference what is left whole; pixels of refused blocks are taken out of the plan. Returns how many blocks are refused. */
static uint32_t refused(Frame &frame, plan &plan, uint32_t *first)
{
	std::vector<uint8_t> out(8192), scratch(8192);
	const uint32_t element = pixel_bytes(frame.shape.type), per_block = frame.blocks.block_bytes / element;
	uint32_t n = 0;

	for (uint32_t b = 0; b < frame.blocks.n_blocks; b++) {
		const uint32_t bytes = b + 1 == frame.blocks.n_blocks ? frame.blocks.last_bytes : frame.blocks.block_bytes;
		const bool bad = codec_decode_block(&frame.compressed, &frame.blocks, b, out.data(), scratch.data()) != 0;
		*first = bad && !n ? b : *first;
		n += bad;
		for (uint32_t i = 0; i < bytes / element; i++) {
			const size_t at = static_cast<size_t>(b) * per_block + i;
			frame.pixels[at] = 0;
			std::memcpy(&frame.pixels[at], &out[i * element], element);
			plan.mask[at] = plan.mask[at] && !bad;
		}
	}
	return n;
}

/* Blocks are damaged; the same ones are refused as by the reference, and nobody else sees it. */
static void damaged_frame(Card &card, Random &random, pixel_type type, uint64_t *n_refused)
{
	const image_shape image = { 1 + random.below(500), 1 + random.below(60), type };
	const uint32_t block_bytes = random.chance(30) ? 0 : (1 + random.below(40)) << type << 3;
	plan *plan = frames_plan(random, { image, 1 + random.below(300), 100000, 10 });
	Frame frame = frames_make(random, image, static_cast<Fill>(random.below(FILLS)), block_bytes);
	uint32_t n = 0, first = 0;

	if (frame.blocks.n_blocks) {
		damage(random, frame);
		n = refused(frame, *plan, &first);
	}
	card.load(*plan);
	card.start(*plan, frame, {});
	card.wait();
	const Record record = card.record(*plan);
	CHECK_EQUAL(record.n_bad, n, "damaged blocks of %u", frame.blocks.n_blocks);
	CHECK_EQUAL(record.status & ~STATUS_LIST_FULL, n ? STATUS_DAMAGED : 0, "status");
	if (n)
		CHECK_EQUAL(record.first_bad, first, "the first damaged block");
	frames_compare(record, *plan, frame, {}, "a frame with damaged blocks");
	card.check_errors({ 0, n, beyond(record, *plan), 0 });
	*n_refused += n;
	plan_free(&plan);
}

/* Which blocks no decoder is shown because of their offsets, and which of the others it refuses. */
static Errors errors_of(const Frame &frame)
{
	std::vector<uint8_t> out(8192), scratch(8192);
	int64_t good_end = 0;
	Errors errors{};

	for (uint32_t b = 0; b < frame.blocks.n_blocks; b++) {
		const int64_t begin = frame.blocks.offset[b], end = static_cast<int64_t>(frame.blocks.offset[b + 1]) - 4;
		const bool good = begin >= good_end && end > begin && end - begin <= 16383 && end <= static_cast<int64_t>(frame.payload_bytes.size());

		good_end = good ? end : good_end;
		if (good)
			errors.decode += codec_decode_block(&frame.compressed, &frame.blocks, b, out.data(), scratch.data()) != 0;
		else
			errors.splitter++;
	}
	return errors;
}

/* Offsets of another frame, or none at all: every block is refused or decoded, the job ends, and the next is whole. */
static void lying_offsets(Card &card, Random &random, pixel_type type, uint64_t *n_refused, uint64_t *n_impossible)
{
	const image_shape image = { 200, 20, type };
	plan *plan = frames_plan(random, { image, 100, 100000, 0 });
	Frame frame = frames_make(random, image, FILL_TYPICAL, 64 << type);

	for (uint32_t i = 0; i <= frame.blocks.n_blocks; i++)
		if (random.chance(20))
			frame.offsets[i] = random.chance(50) ? static_cast<uint32_t>(random.next()) : random.below(20000);
	card.load(*plan);
	card.start(*plan, frame, {});
	card.wait();
	const Record record = card.record(*plan);
	CHECK_EQUAL(record.status & ~(STATUS_LIST_FULL | STATUS_DAMAGED), 0, "status");
	CHECK_EQUAL(record.n_pixels, frame.pixels.size(), "pixels");
	Errors errors = errors_of(frame);
	CHECK_EQUAL(record.n_bad, errors.splitter + errors.decode, "damaged blocks of %u", frame.blocks.n_blocks);
	errors.beyond = beyond(record, *plan);
	card.check_errors(errors);
	*n_impossible += errors.splitter;
	*n_refused += errors.decode;
	plan_free(&plan);
}

static int damaged_frames()
{
	Random random{ bench_seed() };
	uint64_t n_refused = 0, n_impossible = 0;

	for (pixel_type type : { PIXEL_U8, PIXEL_U16, PIXEL_U32 }) {
		Card card(random, bits_of(type), 0, type == PIXEL_U16 ? 0 : 30);
		for (int i = 0; i < 40; i++) {
			damaged_frame(card, random, type, &n_refused);
			if (i % 8 == 0)
				lying_offsets(card, random, type, &n_refused, &n_impossible);
		}
		random_frame(card, random, { 300, 30 }, type, FILL_TYPICAL);
	}
	CHECK(n_refused > 50, "only %llu blocks were refused", static_cast<unsigned long long>(n_refused));
	CHECK(n_impossible > 50, "only %llu blocks could not be", static_cast<unsigned long long>(n_impossible));
	std::printf("%llu blocks refused, %llu could not be\n", static_cast<unsigned long long>(n_refused), static_cast<unsigned long long>(n_impossible));
	return 0;
}

/* The frame as the unit sees it where the memory answers for its payload, or for its offsets, with errors from a word on. */
static Frame spoiled(const Frame &frame, uint32_t which, uint32_t from_word)
{
	const uint8_t anything = 0x0e; /* of memory_ports.cpp */
	const size_t from = 16 * static_cast<size_t>(from_word);
	Frame hurt = frame;

	if (which == FPGA_REG_PAYLOAD && from < hurt.payload_bytes.size())
		std::memset(&hurt.payload_bytes[from], anything, hurt.payload_bytes.size() - from);
	if (which == FPGA_REG_OFFSETS && from / 4 < hurt.offsets.size())
		std::memset(&hurt.offsets[from / 4], anything, 4 * hurt.offsets.size() - from);
	hurt.compressed.bytes = hurt.payload_bytes.data();
	hurt.blocks.offset = hurt.offsets.data();
	return hurt;
}

/* A port answers with errors: the job ends and says so, and the next is whole, in all bins there are. */
static void failing_port(Card &card, Random &random, unit_port port)
{
	const image_shape image = { 260, 40, PIXEL_U16 };
	plan *plan = frames_plan(random, { image, 64, 100000, 0 }), *all_bins = frames_plan(random, { image, 4096, 100000, 0 });
	const Frame frame = frames_make(random, image, FILL_TYPICAL, 0);

	const uint32_t which = port == UNIT_PORT_PAYLOAD ? FPGA_REG_PAYLOAD : port == UNIT_PORT_RECORD ? FPGA_REG_OFFSETS : FPGA_REG_TABLE;
	const uint32_t from_word = random.below(3);

	card.load(*plan);
	unit_model_fault(card.model, port, UNIT_FAULT_ERROR, from_word);
	card.start(*plan, frame, {});
	card.wait();
	unit_model_fault(card.model, port, UNIT_FAULT_NONE, 0);
	CHECK_EQUAL(card.get(FPGA_REG_STATUS) & (STATUS_PORT_ERROR | STATUS_WATCHDOG), STATUS_PORT_ERROR, "status with port %d failing", port);
	card.check_errors(errors_of(spoiled(frame, which, from_word)));
	card.load(*all_bins);
	whole(card, *all_bins, frame, {}, "the frame after a failing port");
	plan_free(&plan);
	plan_free(&all_bins);
}

/* A port hangs: the watchdog ends the job and every further one, and reset mends the unit, if nothing else does. */
static void hung_port(Card &card, Random &random, unit_port port)
{
	const image_shape image = { 260, 40, PIXEL_U16 };
	plan *plan = frames_plan(random, { image, 64, 100000, 0 });
	const Frame frame = frames_make(random, image, FILL_DENSE, 0);
	JobOptions options;

	options.watchdog = 20000;
	card.load(*plan);
	unit_model_fault(card.model, port, UNIT_FAULT_HANG, random.below(5));
	card.start(*plan, frame, options);
	card.wait();
	CHECK_EQUAL(card.get(FPGA_REG_STATUS) & STATUS_WATCHDOG, STATUS_WATCHDOG, "status with port %d hung", port);
	card.check_errors({ 0, 0, 0, 1 });
	CHECK(card.get(FPGA_REG_CLOCKS) >= options.watchdog, "given up after %u clocks", card.get(FPGA_REG_CLOCKS));
	card.start(*plan, frame, options);
	card.wait();
	CHECK_EQUAL(card.get(FPGA_REG_STATUS) & STATUS_WATCHDOG, STATUS_WATCHDOG, "status of the job after a hang");
	unit_model_fault(card.model, port, UNIT_FAULT_NONE, 0);
	unit_model_reset(card.model);
	CHECK_EQUAL(card.get(FPGA_REG_STATUS), 0, "status after reset");
	card.load(*plan);
	whole(card, *plan, frame, options, "the frame after a reset");
	plan_free(&plan);
}

/* An address leads nowhere: as a failing port. Nothing is written elsewhere, as the next frame's record shows. */
static void wild_address(Card &card, Random &random, uint32_t offset)
{
	const image_shape image = { 130, 30, PIXEL_U16 };
	plan *plan = frames_plan(random, { image, 64, 100000, 0 });
	const Frame frame = frames_make(random, image, FILL_DENSE, 0);
	JobOptions options;

	options.wild = offset;
	card.load(*plan);
	card.start(*plan, frame, options);
	card.wait();
	const uint32_t status = card.get(FPGA_REG_STATUS);
	if (offset == FPGA_REG_LIST && !card.get(FPGA_REG_EVENTS + 4 * FPGA_EVENT_STRONG_PIXELS))
		CHECK_EQUAL(status, 0, "status without a list");
	else
		CHECK_EQUAL(status & (STATUS_PORT_ERROR | STATUS_WATCHDOG), STATUS_PORT_ERROR, "status with register 0x%x leading nowhere", offset);
	card.check_errors(errors_of(spoiled(frame, offset, 0)));
	options.wild = 0;
	whole(card, *plan, frame, options, "the frame after an address that leads nowhere");
	plan_free(&plan);
}

/* A frame said to be larger than its blocks make it starves the unit: the watchdog's, too. Nothing is owed then, and the next is whole. */
static void too_few_pixels(Card &card, Random &random)
{
	const image_shape image = { 100, 20, PIXEL_U16 }, said = { 100, 21, PIXEL_U16 };
	plan *plan = frames_plan(random, { said, 64, 100000, 0 });
	const Frame frame = frames_make(random, image, FILL_TYPICAL, 0);
	JobOptions options;

	options.watchdog = 10000;
	card.load(*plan);
	card.start(*plan, frame, options);
	card.wait();
	CHECK_EQUAL(card.get(FPGA_REG_STATUS) & STATUS_WATCHDOG, STATUS_WATCHDOG, "status of a frame with too few pixels");
	card.check_errors({ 0, 0, 0, 1 });
	const Frame right = frames_make(random, said, FILL_DENSE, 0);
	whole(card, *plan, right, options, "the frame after one with too few pixels");
	plan_free(&plan);
}

static int faults()
{
	Random random{ bench_seed() };
	Card card(random, 16, 0, 20);

	for (int i = 0; i < 3; i++) {
		for (unit_port port : { UNIT_PORT_PAYLOAD, UNIT_PORT_TABLE, UNIT_PORT_RECORD }) {
			failing_port(card, random, port);
			hung_port(card, random, port);
		}
		too_few_pixels(card, random);
		for (uint32_t offset : { FPGA_REG_PAYLOAD, FPGA_REG_OFFSETS, FPGA_REG_TABLE, FPGA_REG_RECORD, FPGA_REG_LIST })
			wild_address(card, random, offset);
	}
	std::printf("%llu clocks\n", static_cast<unsigned long long>(card.clocks()));
	return 0;
}

int main(int argc, char **argv)
{
	const char *part = argc == 2 ? argv[1] : "";
	Random random{ bench_seed() };

	if (!std::strcmp(part, "u8"))
		return whole_frames(PIXEL_U8);
	if (!std::strcmp(part, "u16"))
		return whole_frames(PIXEL_U16);
	if (!std::strcmp(part, "u32"))
		return whole_frames(PIXEL_U32);
	if (!std::strcmp(part, "damaged"))
		return damaged_frames();
	if (!std::strcmp(part, "faults"))
		return faults();
	if (!std::strcmp(part, "hangs"))
		return hangs(random);
	std::printf("usage: fpga_bench_unit u8|u16|u32|damaged|faults|hangs\n");
	return 2;
}
