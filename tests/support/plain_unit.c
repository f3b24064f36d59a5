/* plain_unit.c - see plain_unit.h. */
#include "tests/support/plain_unit.h"

#include <stdlib.h>
#include <string.h>

#include "fpga/registers.h"
#include "kernels/reference/analysis.h"

#define MAX_WIDTH 8192u

/* The record, as fpga/README.md has it. */
struct record {
	uint32_t job, status, blocks, bad_blocks, n_valid, n_nodata, n_saturated, max, max_index, n_strong;
	uint64_t sum;
	uint32_t clocks, pixels, first_bad_block, n_bins;
};

/* A job with what it works on. */
struct work {
	struct plain_unit *unit;
	struct record record;
	struct plan plan;
	uint8_t *image;    /* as decoded */
	uint32_t *pixels;
	uint64_t *bin_sum;
	uint32_t *bin_count, *strong, *value;
	uint32_t errors[FPGA_ERRORS];
	bool port_error;
};

static uint32_t reg(const struct plain_unit *u, uint32_t offset)
{
	return u->reg[offset / 4];
}

static uint64_t reg64(const struct plain_unit *u, uint32_t offset)
{
	return (uint64_t)reg(u, offset + 4) << 32 | reg(u, offset);
}

static enum fpga_error port_of(uint32_t offset)
{
	return offset == FPGA_REG_PAYLOAD ? FPGA_ERROR_PAYLOAD : offset == FPGA_REG_OFFSETS ? FPGA_ERROR_OFFSETS :
	       offset == FPGA_REG_TABLE ? FPGA_ERROR_TABLE : FPGA_ERROR_WRITE;
}

/* The address and so many bytes from there. */
static uint8_t *reach(struct work *w, uint32_t offset, size_t bytes)
{
	uint8_t *at = w->unit->reach(w->unit->card, reg64(w->unit, offset), bytes);

	w->port_error |= !at;
	w->errors[port_of(offset)] += !at;
	return at;
}

/* Whether a block can be by its place in the table of offsets, where the last good one ended at *good_end. */
static bool is_possible(const struct block_table *table, uint32_t block, uint32_t payload_bytes, uint64_t *good_end)
{
	uint64_t begin = table->offset[block], end = (uint64_t)table->offset[block + 1];

	if (end < begin + 5 || end - 4 - begin > 16383 || end - 4 > payload_bytes || begin < *good_end)
		return false;
	*good_end = end - 4;
	return true;
}

static void decode_blocks(struct work *w)
{
	struct plain_unit *u = w->unit;
	uint32_t n = reg(u, FPGA_REG_N_BLOCKS), bytes = reg(u, FPGA_REG_PAYLOAD_BYTES);
	struct payload payload = {.codec = CODEC_BSLZ4, .len_bytes = bytes, .shuffle_bytes = (uint8_t)(1u << reg(u, FPGA_REG_ELEMENT_LOG2))};
	struct block_table table = {.n_blocks = n, .block_bytes = reg(u, FPGA_REG_BLOCK_BYTES), .last_bytes = reg(u, FPGA_REG_LAST_BYTES)};
	uint8_t scratch[8192];
	uint64_t good_end = 0;

	payload.bytes = reach(w, FPGA_REG_PAYLOAD, bytes);
	if (n > 0)
		table.offset = (uint32_t *)(void *)reach(w, FPGA_REG_OFFSETS, (n + (size_t)1) * sizeof(uint32_t));
	for (uint32_t i = 0; i < n && !w->port_error; i++) {
		bool possible = is_possible(&table, i, bytes, &good_end);

		if (possible && codec_decode_block(&payload, &table, i, w->image + (size_t)i * table.block_bytes, scratch) == 0)
			continue;
		w->errors[possible ? FPGA_ERROR_DECODE : FPGA_ERROR_SPLITTER]++;
		if (w->record.bad_blocks++ == 0)
			w->record.first_bad_block = i;
	}
	w->record.blocks = n;
}

static void widen(struct work *w)
{
	struct plain_unit *u = w->unit;
	uint32_t n = reg(u, FPGA_REG_WIDTH) * reg(u, FPGA_REG_HEIGHT), tail = reg(u, FPGA_REG_TAIL_COUNT), log2 = reg(u, FPGA_REG_ELEMENT_LOG2);

	for (uint32_t i = 0; i < n; i++) {
		if (i < n - tail)
			memcpy(&w->pixels[i], w->image + ((size_t)i << log2), (size_t)1 << log2); /* little-endian, zeroed before */
		else
			w->pixels[i] = reg(u, FPGA_REG_TAIL + 4 * (i - (n - tail)));
	}
	w->record.pixels = n;
}

/* The plan's table back into what the reference's loops read. */
static void read_table(struct work *w)
{
	struct plain_unit *u = w->unit;
	struct plan *p = &w->plan;
	size_t row = (size_t)reg(u, FPGA_REG_BEATS_PER_ROW) * (512 / reg(u, FPGA_REG_PIXEL_BITS)), i = 0;
	const uint16_t *table = (const uint16_t *)(const void *)reach(w, FPGA_REG_TABLE, row * p->shape.height * sizeof *table);

	for (size_t y = 0; table && y < p->shape.height; y++)
		for (size_t x = 0; x < p->shape.width; x++, i++) {
			uint16_t entry = table[y * row + x];

			p->mask[i] = entry != 0xffff;
			p->bin[i] = entry < 4096 ? entry : PLAN_BIN_NONE;
		}
}

static void read_settings(struct work *w)
{
	struct plain_unit *u = w->unit;
	struct plan *p = &w->plan;
	uint32_t options = reg(u, FPGA_REG_OPTIONS);

	p->invalid_from = reg(u, FPGA_REG_INVALID_FROM);
	p->saturation_value = options & 1 ? reg(u, FPGA_REG_SATURATION) : UINT64_MAX;
	p->algorithm = options & 2 ? SPOTS_DISPERSION : SPOTS_NONE;
	p->n_bins = options & 4 ? reg(u, FPGA_REG_N_BINS) : 0;
	p->kernel = 3;
	p->min_count = reg(u, FPGA_REG_MIN_COUNT);
	p->threshold = reg(u, FPGA_REG_THRESHOLD);
	p->ns2_q16 = reg(u, FPGA_REG_NS2_Q16) & 0x3fffffff;
	p->max_strong = reg(u, FPGA_REG_MAX_STRONG);
	for (uint32_t m = 0; m < FPGA_ENTRIES_C_Q16; m++)
		p->c_q16[m] = reg(u, FPGA_REG_C_Q16 + 4 * m) & 0x3fffffff;
}

static void analyse(struct work *w)
{
	struct record *r = &w->record;
	struct result result = {.sum = 0};

	analysis_totals(&w->plan, w->pixels, &result);
	analysis_radial(&w->plan, w->pixels, w->bin_sum, w->bin_count);
	r->n_strong = analysis_strong(&w->plan, w->pixels, w->strong, w->value, NULL, NULL);
	r->n_valid = result.n_valid;
	r->n_nodata = result.n_nodata;
	r->n_saturated = result.n_saturated;
	r->max = result.max;
	r->max_index = result.max_index;
	r->sum = result.sum;
	r->n_bins = w->plan.n_bins;
}

/* What cannot be true, in the record and in its lists. */
static void lie(struct work *w, enum plain_lie how)
{
	struct record *r = &w->record;
	uint32_t listed = r->n_strong < w->plan.max_strong ? r->n_strong : w->plan.max_strong;

	r->job += how == PLAIN_JOB_NUMBER;
	r->blocks -= how == PLAIN_BLOCKS;
	r->bad_blocks += how == PLAIN_BAD_BLOCKS;
	r->pixels -= how == PLAIN_PIXELS;
	r->n_bins += how == PLAIN_BINS;
	r->n_valid += how == PLAIN_VALID;
	r->n_saturated += how == PLAIN_SATURATED ? r->n_valid + 1 : 0;
	r->max = how == PLAIN_MAX ? w->plan.invalid_from : r->max;
	r->max_index = how == PLAIN_MAX_INDEX ? r->pixels : r->max_index;
	r->sum = how == PLAIN_SUM ? UINT64_MAX : r->sum;
	r->n_strong = how == PLAIN_STRONG ? r->pixels + 1 : r->n_strong;
	r->status ^= how == PLAIN_OVERFLOW ? 2 : how == PLAIN_STATUS ? 0x100 : how == PLAIN_WATCHDOG ? 4 : how == PLAIN_PORT ? 8 : 0;
	w->errors[FPGA_ERROR_TABLE] += how == PLAIN_PORT ? 3 : 0;
	w->errors[FPGA_ERROR_WRITE] += how == PLAIN_ANSWER;
	w->errors[FPGA_ERROR_CONTROL] = how == PLAIN_WATCHDOG;
	if (how == PLAIN_BIN_COUNT && r->n_bins)
		w->bin_count[r->n_bins / 2] += r->pixels;
	if (how == PLAIN_LIST_ORDER && listed > 1)
		w->strong[0] = w->strong[1];
	if (how == PLAIN_LIST_INDEX && listed > 0)
		w->strong[listed - 1] = r->pixels;
}

static void write_out(struct work *w)
{
	const struct record *r = &w->record;
	uint32_t listed = r->n_strong < w->plan.max_strong ? r->n_strong : w->plan.max_strong;
	uint8_t *list = reach(w, FPGA_REG_LIST, (size_t)listed * 8), *record = reach(w, FPGA_REG_RECORD, sizeof *r + (size_t)w->plan.n_bins * 16);

	if (w->port_error)
		return;
	for (uint32_t i = 0; i < listed; i++) {
		memcpy(list + (size_t)i * 8, &w->strong[i], 4);
		memcpy(list + (size_t)i * 8 + 4, &w->value[i], 4);
	}
	memcpy(record, r, sizeof *r);
	for (uint32_t b = 0; b < w->plan.n_bins; b++) {
		memset(record + sizeof *r + (size_t)b * 16, 0, 16);
		memcpy(record + sizeof *r + (size_t)b * 16, &w->bin_sum[b], 8);
		memcpy(record + sizeof *r + (size_t)b * 16 + 8, &w->bin_count[b], 4);
	}
}

static void count(const struct work *w)
{
	struct plain_unit *u = w->unit;
	const struct record *r = &w->record;

	memcpy(&u->reg[FPGA_REG_ERRORS / 4], w->errors, sizeof w->errors);
	u->reg[FPGA_REG_STATUS / 4] = r->status;
	u->reg[FPGA_REG_CLOCKS / 4] = r->clocks;
	for (uint32_t s = 0; s < FPGA_STAGES; s++) {
		u->reg[FPGA_REG_STAGE / 4 + 3 * s] = r->pixels; /* as if it took a pixel per clock */
		u->reg[FPGA_REG_STAGE / 4 + 3 * s + 1] = s;
		u->reg[FPGA_REG_STAGE / 4 + 3 * s + 2] = 0;
	}
}

static void take_memory(struct work *w)
{
	const struct plain_unit *u = w->unit;
	size_t n, blocks = (size_t)reg(u, FPGA_REG_N_BLOCKS) * reg(u, FPGA_REG_BLOCK_BYTES) + 8192;

	w->plan.shape = (struct image_shape){reg(u, FPGA_REG_WIDTH), reg(u, FPGA_REG_HEIGHT), (enum pixel_type)reg(u, FPGA_REG_ELEMENT_LOG2)};
	n = image_pixels(&w->plan.shape) + 8;
	w->image = calloc(1, blocks + n * 4);
	w->pixels = calloc(n, sizeof *w->pixels);
	w->plan.mask = calloc(n, 1);
	w->plan.bin = calloc(n, sizeof *w->plan.bin);
	w->bin_sum = calloc(4097, sizeof *w->bin_sum);
	w->bin_count = calloc(4097, sizeof *w->bin_count);
	w->strong = calloc(n, sizeof *w->strong);
	w->value = calloc(n, sizeof *w->value);
}

static void free_memory(struct work *w)
{
	void *all[] = {w->image, w->pixels, w->plan.mask, w->plan.bin, w->bin_sum, w->bin_count, w->strong, w->value};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
}

static void run(struct plain_unit *u)
{
	struct work w = {.unit = u, .record = {.job = reg(u, FPGA_REG_JOB)}};
	bool lies = u->lie != PLAIN_HONEST && u->jobs++ >= u->after;

	u->busy = lies && u->lie == PLAIN_SILENT;
	if (u->busy)
		return;
	take_memory(&w);
	decode_blocks(&w);
	widen(&w);
	read_settings(&w);
	read_table(&w);
	if (!w.port_error)
		analyse(&w);
	w.record.clocks = w.record.pixels + w.record.n_bins + 100;
	w.record.status = (w.record.bad_blocks ? 1u : 0) | (w.record.n_strong > w.plan.max_strong ? 2u : 0);
	w.errors[FPGA_ERROR_STRONG_LIST] = w.record.n_strong > w.plan.max_strong ? w.record.n_strong - w.plan.max_strong : 0;
	if (lies)
		lie(&w, u->lie);
	if (!lies || u->lie != PLAIN_WATCHDOG)
		write_out(&w);
	w.record.status |= w.port_error || (lies && u->lie == PLAIN_ANSWER) ? 8 : 0;
	count(&w);
	u->reg[FPGA_REG_CTRL / 4] |= 2;
	free_memory(&w);
}

void plain_unit_open(struct plain_unit *u, uint32_t pixel_bits, uint8_t *(*reach_card)(void *, uint64_t, size_t), void *card)
{
	*u = (struct plain_unit){.reach = reach_card, .card = card};
	u->reg[FPGA_REG_CTRL / 4] = 4;
	u->reg[FPGA_REG_IDENTITY / 4] = 0x534c5543;
	u->reg[FPGA_REG_VERSION / 4] = 1;
	u->reg[FPGA_REG_PIXEL_BITS / 4] = pixel_bits;
	u->reg[FPGA_REG_CORES / 4] = 1;
	u->reg[FPGA_REG_MAX_WIDTH / 4] = MAX_WIDTH;
}

void plain_unit_set(struct plain_unit *u, uint32_t offset, uint32_t value)
{
	bool is_own = offset >= FPGA_REG_IDENTITY && offset < FPGA_REG_C_Q16;

	if (offset % 4 || offset / 4 >= PLAIN_UNIT_REGISTERS || is_own)
		return;
	if (offset != FPGA_REG_CTRL)
		u->reg[offset / 4] = value;
	else if (value & 1 && !u->busy)
		run(u);
}

uint32_t plain_unit_get(struct plain_unit *u, uint32_t offset)
{
	uint32_t value = offset % 4 || offset / 4 >= PLAIN_UNIT_REGISTERS ? 0 : u->reg[offset / 4];

	if (offset == FPGA_REG_CTRL)
		u->reg[0] &= ~2u; /* ap_done is cleared on read */
	return value;
}
