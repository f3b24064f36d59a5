/* flat_runs.c - runs of pixels of equal bin, and segments of such runs, for the CPU engine's short way (kernels/cpu/flat.h).
 *
 * Along a row the bins mostly go down to a smallest one and up again: by steps of one on a large detector, by larger ones where there are many
 * bins for few pixels. Pixels that the mask refuses count 0 and may lie in any bin: they are given those that continue their neighbours' steps,
 * so that a gap between modules ends no segment. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/flat.h"

#define UNSET 0xffffu       /* no slot has this number: there are at most PLAN_BINS_MAX + 1 */
#define WIDE_JOIN 32u       /* runs between two long ones that are not worth segments of their own */
#define STEP_MAX 128    /* slots: a larger step is not worth the empty ones between */
#define PIXELS_PER_SEGMENT 32u /* fewer than this, and adding pixel by pixel is faster */

struct run {
	uint32_t end;  /* column behind the last pixel */
	uint16_t slot;
	bool wide;
};

/* One row under way. */
struct row {
	const struct plan *plan;
	struct flat_plan *t;
	uint16_t *slot; /* per pixel */
	struct run *run;
	uint32_t n_runs;
	size_t last_end; /* flat index of the last run's end of the rows before */
};

static void find_slots(struct row *row, uint32_t y)
{
	const struct plan *plan = row->plan;
	size_t first = (size_t)y * plan->shape.width;

	for (uint32_t x = 0; x < plan->shape.width; x++) {
		uint16_t bin = plan->n_bins > 0 ? plan->bin[first + x] : PLAN_BIN_NONE;

		row->slot[x] = !plan->mask[first + x] ? UNSET : bin == PLAN_BIN_NONE ? (uint16_t)plan->n_bins : bin;
	}
}

/* Slots for the refused pixels from..to - 1. */
static void fill_gap(struct row *row, uint32_t from, uint32_t to)
{
	uint32_t width = row->plan->shape.width;
	int32_t left = from > 0 ? row->slot[from - 1] : to < width ? row->slot[to] : 0;
	int32_t right = to < width ? row->slot[to] : left;
	int32_t step = right > left ? 1 : -1, between = abs(right - left) - 1;

	if (between > (int32_t)(to - from))
		between = 0;
	for (uint32_t x = from; x < to; x++) {
		int32_t taken = (int32_t)(x - from) + 1;

		row->slot[x] = (uint16_t)(left + step * (taken < between ? taken : between > 0 ? between : 0));
	}
}

static void fill_gaps(struct row *row)
{
	uint32_t width = row->plan->shape.width;

	for (uint32_t x = 0; x < width; x++) {
		uint32_t from = x;

		while (x < width && row->slot[x] == UNSET)
			x++;
		if (x > from)
			fill_gap(row, from, x);
	}
}

static void find_runs(struct row *row, uint32_t y)
{
	uint32_t width = row->plan->shape.width, n_counted = 0, last_long = 0;
	const uint8_t *mask = row->plan->mask + (size_t)y * width;
	bool any_long = false;

	row->n_runs = 0;
	for (uint32_t x = 0; x < width; x++) {
		struct run *run = &row->run[row->n_runs];

		n_counted += mask[x];
		if (x + 1 < width && row->slot[x + 1] == row->slot[x] && n_counted < FLAT_RUN_MAX)
			continue;
		*run = (struct run){x + 1, row->slot[x], n_counted > FLAT_LONG_RUN};
		if (run->wide) {
			if (any_long && row->n_runs - last_long < WIDE_JOIN)
				for (uint32_t i = last_long; i < row->n_runs; i++)
					row->run[i].wide = true;
			any_long = true;
			last_long = row->n_runs;
		}
		n_counted = 0;
		row->n_runs++;
	}
}

static void set_group(struct flat_plan *t, size_t n)
{
	t->wide_groups[n / FLAT_GROUP / 8] |= (uint8_t)(1u << n / FLAT_GROUP % 8);
}

/* Ends of runs as bits; a wide run needs the high byte of the sum where it ends and where the run before it does. */
static void mark_ends(struct row *row, uint32_t y)
{
	size_t first = (size_t)y * row->plan->shape.width;

	for (uint32_t i = 0; i < row->n_runs; i++) {
		size_t end = first + row->run[i].end - 1;

		row->t->run_ends[end / 64] |= UINT64_C(1) << end % 64;
		if (row->run[i].wide) {
			set_group(row->t, row->last_end);
			set_group(row->t, end);
		}
		row->last_end = end;
	}
}

static int add_segment(struct flat_plan *t, const struct flat_segment *segment)
{
	if (t->n_segments == t->segments_room) {
		size_t room = t->segments_room ? 2 * t->segments_room : 4096;
		struct flat_segment *more = realloc(t->segment, room * sizeof *more);

		if (!more)
			return -ENOMEM;
		t->segment = more;
		t->segments_room = room;
	}
	t->segment[t->n_segments++] = *segment;
	return 0;
}

/* Room for n words of slot_bits more, cleared. */
static int add_words(struct flat_plan *t, size_t n)
{
	if (t->n_words + n > t->words_room) {
		size_t room = 2 * t->words_room + n + 4096;
		uint64_t *more = realloc(t->slot_bits, room * sizeof *more);

		if (!more)
			return -ENOMEM;
		t->slot_bits = more;
		t->words_room = room;
	}
	memset(t->slot_bits + t->n_words, 0, n * sizeof *t->slot_bits);
	t->n_words += n;
	return 0;
}

/* How many runs from i on make one segment, and which way it goes. */
static uint32_t segment_length(const struct row *row, uint32_t i, bool *down)
{
	const struct run *run = row->run;
	uint32_t n = 1;
	int way = 0;

	for (; i + n < row->n_runs && run[i + n].wide == run[i].wide; n++) {
		int step = (int)run[i + n].slot - (int)run[i + n - 1].slot;

		if (step == 0 || abs(step) > STEP_MAX || (way && (step < 0) != (way < 0)))
			break;
		way = step;
	}
	*down = way < 0;
	return n;
}

/* Where a segment's runs leave slots out, which ones have a run. */
static int add_slots(struct flat_plan *t, struct flat_segment *s, const struct run *run)
{
	uint32_t before = s->slot % 64, n_slots = (uint32_t)abs((int)run[s->n_runs - 1].slot - (int)run[0].slot) + 1;
	size_t first = t->n_words;

	s->word = FLAT_NO_HOLES;
	if (n_slots == s->n_runs)
		return 0;
	if (first >= FLAT_NO_HOLES || add_words(t, (before + n_slots - 1) / 64 + 1))
		return -ENOMEM;
	s->word = (uint32_t)first;
	for (uint32_t i = 0; i < s->n_runs; i++) {
		uint32_t bit = before + (uint32_t)abs((int)run[i].slot - (int)run[0].slot);

		t->slot_bits[first + bit / 64] |= UINT64_C(1) << bit % 64;
	}
	return 0;
}

static int add_segments(struct row *row)
{
	int error = 0;
	uint32_t n;

	for (uint32_t i = 0; i < row->n_runs && !error; i += n) {
		struct flat_segment s = {.wide = row->run[i].wide, .slot = row->run[i].slot};

		n = segment_length(row, i, &s.down);
		s.n_runs = n;
		if (s.down)
			s.slot = (uint16_t)(row->t->n_slots - 1 - s.slot);
		error = add_slots(row->t, &s, row->run + i);
		if (!error)
			error = add_segment(row->t, &s);
	}
	return error;
}

static int make_rows(struct row *row)
{
	const struct image_shape *shape = &row->plan->shape;
	size_t most = image_pixels(shape) / PIXELS_PER_SEGMENT + 16 * (size_t)shape->height;
	bool too_many = false;

	for (uint32_t y = 0; y < shape->height; y++) {
		int error;

		find_slots(row, y);
		fill_gaps(row);
		find_runs(row, y);
		mark_ends(row, y);
		error = add_segments(row);
		if (error)
			return error;
		too_many |= row->t->n_segments > most;
		if (too_many)
			row->t->n_segments = row->t->n_words = 0;
	}
	if (too_many) {
		free(row->t->segment);
		row->t->segment = NULL;
	}
	return 0;
}

int flat_runs_make(struct flat_plan *t, const struct plan *plan)
{
	size_t chunks = image_pixels(&plan->shape) / FLAT_CHUNK + 1;
	struct row row = {.plan = plan, .t = t};
	int error = -ENOMEM;

	t->n_slots = plan->n_bins + 1;
	t->run_ends = calloc(chunks, FLAT_CHUNK / 8);
	t->wide_groups = calloc(chunks, FLAT_CHUNK / FLAT_GROUP / 8);
	row.slot = malloc(plan->shape.width * sizeof *row.slot);
	row.run = malloc(plan->shape.width * sizeof *row.run);
	if (t->run_ends && t->wide_groups && row.slot && row.run)
		error = make_rows(&row);
	free(row.slot);
	free(row.run);
	return error;
}
