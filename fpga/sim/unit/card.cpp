/* card.cpp - a simulated unit driven as its description says; see card.h. */
#include "fpga/sim/unit/card.h"

#include "fpga/registers.h"

static const uint64_t BASE = 0x3000000000;
static const size_t PAYLOAD = 0, OFFSETS = 24u << 20, TABLE = 26u << 20, RECORD = 72u << 20, LIST = 73u << 20, SIZE = 84u << 20;
static const size_t SMALL = 1u << 16; /* of each of what the host writes */
static const uint8_t UNTOUCHED = 0x5a;
static const uint64_t CLOCKS_MAX = 30'000'000;

Card::Card(Random &random, uint32_t pixel_bits, uint32_t latency_clocks, uint32_t stall_percent) : memory(SIZE), lanes(512 / pixel_bits)
{
	unit_model_config config{};

	config.pixel_bits = pixel_bits;
	config.memory = memory.data();
	config.memory_bytes = memory.size();
	config.memory_address = BASE;
	config.latency_clocks = latency_clocks;
	config.stall_percent = stall_percent;
	config.seed = random.next();
	CHECK_EQUAL(unit_model_open(&model, &config), 0, "the model");
	CHECK_EQUAL(get(FPGA_REG_IDENTITY), 0x534c5543, "identity");
	CHECK_EQUAL(get(FPGA_REG_VERSION), 1, "version");
	CHECK_EQUAL(get(FPGA_REG_PIXEL_BITS), pixel_bits, "pixel bits");
}

Card::~Card()
{
	unit_model_close(&model);
}

uint32_t Card::get(uint32_t offset)
{
	uint32_t value = 0;

	CHECK_EQUAL(unit_model_get(model, offset, &value), 0, "reading register 0x%x", offset);
	return value;
}

void Card::set(uint32_t offset, uint32_t value)
{
	CHECK_EQUAL(unit_model_set(model, offset, value), 0, "writing register 0x%x", offset);
}

void Card::set64(uint32_t offset, uint64_t value)
{
	set(offset, static_cast<uint32_t>(value));
	set(offset + 4, static_cast<uint32_t>(value >> 32));
}

uint64_t Card::clocks() const
{
	unit_traffic traffic;

	unit_model_traffic(model, &traffic);
	return traffic.clocks;
}

void Card::load(const plan &plan)
{
	const uint32_t width = plan.shape.width, beats = (width + lanes - 1) / lanes;
	uint16_t *table = reinterpret_cast<uint16_t *>(&memory[TABLE]);

	for (uint32_t y = 0; y < plan.shape.height; y++)
		for (uint32_t x = 0; x < beats * lanes; x++) {
			const size_t i = static_cast<size_t>(y) * width + x;
			const bool inside = x < width && plan.mask[i];
			const uint16_t bin = inside && plan.n_bins && plan.bin[i] != PLAN_BIN_NONE ? plan.bin[i] : 0xfffe;
			table[static_cast<size_t>(y) * beats * lanes + x] = inside ? bin : 0xffff;
		}
	for (uint32_t m = 0; m < 50; m++)
		set(FPGA_REG_C_Q16 + 4 * m, static_cast<uint32_t>(plan.c_q16[m]));
}

void Card::put_frame(const Frame &frame)
{
	const image_shape &shape = frame.shape;
	const block_table &blocks = frame.blocks;
	const uint32_t element = pixel_bytes(shape.type);

	std::memcpy(&memory[PAYLOAD], frame.payload_bytes.data(), frame.payload_bytes.size());
	std::memcpy(&memory[OFFSETS], blocks.offset, (blocks.n_blocks + 1) * sizeof *blocks.offset);
	set(FPGA_REG_PAYLOAD_BYTES, static_cast<uint32_t>(frame.payload_bytes.size()));
	set(FPGA_REG_N_BLOCKS, blocks.n_blocks);
	set(FPGA_REG_BLOCK_BYTES, blocks.block_bytes);
	set(FPGA_REG_LAST_BYTES, blocks.last_bytes);
	set(FPGA_REG_ELEMENT_LOG2, shape.type);
	set(FPGA_REG_TAIL_COUNT, blocks.tail_bytes / element);
	for (uint32_t i = 0; i < blocks.tail_bytes / element; i++) {
		uint32_t value = 0;
		std::memcpy(&value, &frame.payload_bytes[blocks.tail_offset + i * element], element);
		set(FPGA_REG_TAIL + 4 * i, value);
	}
}

void Card::put_addresses(uint32_t wild)
{
	static const struct {
		uint32_t offset;
		uint64_t at;
	} addresses[] = { { FPGA_REG_PAYLOAD, PAYLOAD }, { FPGA_REG_OFFSETS, OFFSETS }, { FPGA_REG_TABLE, TABLE }, { FPGA_REG_RECORD, RECORD }, { FPGA_REG_LIST, LIST } };

	for (const auto &address : addresses)
		set64(address.offset, BASE + address.at + (address.offset == wild ? 1ull << 50 : 0));
}

void Card::put_settings(const plan &plan, const JobOptions &options)
{
	const bool saturation = plan.saturation_value <= UINT32_MAX;

	set(FPGA_REG_WIDTH, plan.shape.width);
	set(FPGA_REG_HEIGHT, plan.shape.height);
	set(FPGA_REG_BEATS_PER_ROW, (plan.shape.width + lanes - 1) / lanes);
	set(FPGA_REG_INVALID_FROM, plan.invalid_from);
	set(FPGA_REG_SATURATION, saturation ? static_cast<uint32_t>(plan.saturation_value) : 0);
	set(FPGA_REG_OPTIONS, saturation | options.strong << 1 | options.radial << 2);
	set(FPGA_REG_N_BINS, plan.n_bins);
	set(FPGA_REG_MIN_COUNT, plan.min_count);
	set(FPGA_REG_THRESHOLD, plan.threshold);
	set(FPGA_REG_NS2_Q16, static_cast<uint32_t>(plan.ns2_q16));
	set(FPGA_REG_MAX_STRONG, plan.max_strong);
	set(FPGA_REG_JOB, ++job);
	set(FPGA_REG_WATCHDOG, options.watchdog);
}

void Card::start(const plan &plan, const Frame &frame, const JobOptions &options)
{
	CHECK(frame.payload_bytes.size() <= OFFSETS && (plan.max_strong + 1) * 8ull <= SIZE - LIST, "the card is too small");
	unit_model_traffic(model, &before);
	std::memset(&memory[RECORD], UNTOUCHED, SIZE - RECORD);
	put_addresses(options.wild);
	put_frame(frame);
	put_settings(plan, options);
	laid_down = what_is_laid_down();
	set(FPGA_REG_INTERRUPTS, 1);
	set(FPGA_REG_INTERRUPT_ENABLE, 1);
	set(FPGA_REG_CTRL, 1);
}

void Card::wait()
{
	unit_traffic traffic;

	CHECK(unit_model_run(model, CLOCKS_MAX), "job %u does not end", job);
	set(FPGA_REG_INTERRUPT_STATUS, 1);
	CHECK_EQUAL(get(FPGA_REG_CTRL) & 7, 6, "CTRL after job %u: done, idle, not started", job);
	CHECK_EQUAL(get(FPGA_REG_CTRL) & 15, 4, "CTRL once it was read");
	CHECK(!unit_model_run(model, 1), "the interrupt line stays up");
	unit_model_traffic(model, &traffic);
	CHECK_EQUAL(traffic.broken_rules, 0, "rules of AXI");
}

void Card::check_errors(const Errors &wanted)
{
	static const char *const names[] = FPGA_ERROR_NAMES;
	unit_traffic now;

	unit_model_traffic(model, &now);
	const uint64_t errors[] = { now.failed_reads[UNIT_PORT_PAYLOAD] - before.failed_reads[UNIT_PORT_PAYLOAD],
				    now.failed_reads[UNIT_PORT_RECORD] - before.failed_reads[UNIT_PORT_RECORD],
				    now.failed_reads[UNIT_PORT_TABLE] - before.failed_reads[UNIT_PORT_TABLE],
				    now.failed_writes[UNIT_PORT_RECORD] - before.failed_writes[UNIT_PORT_RECORD],
				    wanted.splitter, wanted.decode, wanted.beyond, wanted.given_up };
	static_assert(sizeof errors / sizeof *errors == FPGA_ERRORS, "in the order of registers.map");
	for (uint32_t i = 0; i < FPGA_ERRORS; i++)
		CHECK_EQUAL(get(FPGA_REG_ERRORS + 4 * i), errors[i], "errors of %s in job %u", names[i], job);
}

Record Card::record(const plan &plan)
{
	uint32_t head[16];
	Record r;

	std::memcpy(head, &memory[RECORD], sizeof head);
	r = { head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7], head[8], head[9],
	      head[10] | static_cast<uint64_t>(head[11]) << 32, head[12], head[13], head[14], head[15], {}, {}, {}, {} };
	CHECK_EQUAL(r.job, job, "the record's job");
	CHECK_EQUAL(r.status, get(FPGA_REG_STATUS), "status in record and register");
	CHECK(r.n_bins <= 4096, "%u bins", r.n_bins);
	for (uint32_t b = 0; b < r.n_bins; b++) {
		uint32_t word[4];
		std::memcpy(word, &memory[RECORD + 64 + 16 * b], sizeof word);
		r.bin_sum.push_back(word[0] | static_cast<uint64_t>(word[1]) << 32);
		r.bin_count.push_back(word[2]);
		CHECK_EQUAL(word[3], 0, "bin %u", b);
	}
	const uint32_t n_listed = r.n_strong < plan.max_strong ? r.n_strong : plan.max_strong;
	for (uint32_t i = 0; i < n_listed; i++) {
		uint32_t word[2];
		std::memcpy(word, &memory[LIST + 8 * i], sizeof word);
		r.index.push_back(word[0]);
		r.value.push_back(word[1]);
	}
	for (size_t i = LIST + 8 * n_listed; n_listed % 2 && i < LIST + 8 * (n_listed + 1); i++)
		CHECK_EQUAL(memory[i], 0, "byte %zu of the list, behind its last entry", i - LIST);
	for (size_t i = RECORD + 64 + 16 * r.n_bins; i < LIST; i++)
		CHECK_EQUAL(memory[i], UNTOUCHED, "byte %zu behind the record", i - RECORD);
	for (size_t i = LIST + 8 * (n_listed + n_listed % 2); i < SIZE; i++)
		CHECK_EQUAL(memory[i], UNTOUCHED, "byte %zu behind the list", i - LIST);
	return r;
}

std::vector<uint8_t> Card::what_is_laid_down() const
{
	std::vector<uint8_t> all;

	for (size_t at : { PAYLOAD, OFFSETS, TABLE })
		all.insert(all.end(), &memory[at], &memory[at] + SMALL);
	return all;
}

bool Card::untouched(size_t from, size_t to) const
{
	return memory[from] == UNTOUCHED && !std::memcmp(&memory[from], &memory[from + 1], to - from - 1);
}

void Card::check_outside(const plan &plan) const
{
	CHECK(what_is_laid_down() == laid_down, "payload, offsets or table are written to");
	CHECK(untouched(RECORD + 64 + 16 * plan.n_bins, LIST), "something is written behind the record");
	CHECK(untouched(LIST + 8 * image_pixels(&plan.shape) + 8, SIZE), "something is written behind the list");
}

std::vector<uint8_t> Card::record_and_list() const
{
	std::vector<uint8_t> all;

	for (size_t at : { RECORD, LIST })
		all.insert(all.end(), &memory[at], &memory[at] + SMALL);
	return all;
}

void Card::check_nothing_written() const
{
	CHECK(what_is_laid_down() == laid_down && untouched(RECORD, SIZE), "a job that has ended at once has written something");
}
