/* tables.c - what the CPU engine derives from a plan: runs of equal bins, counts, tests for whole rows (see cpu.h). */
#include <errno.h>
#include <stdlib.h>

#include "kernels/cpu/cpu.h"

/* Goes over a row's runs of equal bins; stores them where there is room. Returns how many. */
static size_t find_runs(const struct plan *plan, uint32_t y, struct bin_run *out)
{
	uint32_t width = plan->shape.width;
	const uint16_t *bin = plan->bin + (size_t)y * width;
	size_t n = 0;

	for (uint32_t x = 1; x <= width; x++) {
		if (x < width && bin[x] == bin[x - 1])
			continue;
		if (out)
			out[n] = (struct bin_run){(uint16_t)x,
						  bin[x - 1] == PLAN_BIN_NONE ? (uint16_t)plan->n_bins : bin[x - 1]};
		n++;
	}
	return n;
}

static int make_runs(struct engine_plan *t)
{
	const struct plan *plan = t->plan;
	size_t n = 0, pixels = image_pixels(&plan->shape);

	t->row_run = calloc(plan->shape.height + (size_t)1, sizeof *t->row_run);
	t->bin_allowed = calloc(plan->n_bins, sizeof *t->bin_allowed);
	if (!t->row_run || !t->bin_allowed)
		return -ENOMEM;
	for (uint32_t y = 0; y < plan->shape.height; y++) {
		t->row_run[y] = n;
		n += find_runs(plan, y, NULL);
	}
	t->row_run[plan->shape.height] = n;
	t->run = malloc(n * sizeof *t->run);
	if (!t->run)
		return -ENOMEM;
	for (uint32_t y = 0; y < plan->shape.height; y++)
		find_runs(plan, y, t->run + t->row_run[y]);
	for (size_t i = 0; i < pixels; i++)
		if (plan->bin[i] != PLAN_BIN_NONE)
			t->bin_allowed[plan->bin[i]]++;
	return 0;
}

static int count_rows(struct engine_plan *t)
{
	const struct plan *plan = t->plan;
	const uint8_t *mask = plan->mask;

	t->row_allowed = calloc(plan->shape.height, sizeof *t->row_allowed);
	if (!t->row_allowed)
		return -ENOMEM;
	for (uint32_t y = 0; y < plan->shape.height; y++)
		for (uint32_t x = 0; x < plan->shape.width; x++)
			t->row_allowed[y] += *mask++;
	return 0;
}

/* The margins are far above what rounding to 24 or 53 bits in a handful of steps can lose. */
static struct row_tests make_tests(const struct plan *plan)
{
	uint32_t window = (2 * plan->kernel + 1) * (2 * plan->kernel + 1);
	double c_min = (double)UINT64_MAX;

	for (uint32_t m = 2; m <= window; m++)
		if ((double)plan->c_q16[m] / m < c_min)
			c_min = (double)plan->c_q16[m] / m;
	return (struct row_tests){
		.k = plan->kernel,
		.threshold = plan->threshold,
		.window_up = (float)(window * (1.0 + 0x1p-20)),
		.signal = (float)((double)plan->ns2_q16 / 65536.0 * window * (1.0 - 0x1p-16)),
		.inverse = (1.0 - 0x1p-40) / window,
		.flat = c_min / 65536.0 * (1.0 - 0x1p-40),
	};
}

int tables_make(struct engine_plan **out, const struct plan *plan, const struct cpu_level *level)
{
	struct engine_plan *t = calloc(1, sizeof *t);
	int error = -ENOMEM;

	*out = NULL;
	if (!t)
		return error;
	t->plan = plan;
	t->rows = level->rows;
	if (plan->algorithm != SPOTS_NONE)
		t->tests = make_tests(plan);
	error = count_rows(t);
	if (!error && plan->n_bins > 0)
		error = make_runs(t);
	if (!error && level->flat)
		error = flat_tables_make(&t->flat, plan);
	if (error)
		goto fail;
	*out = t;
	return 0;
fail:
	tables_free(&t);
	return error;
}

void tables_free(struct engine_plan **loaded)
{
	if (!loaded || !*loaded)
		return;
	flat_tables_free(&(*loaded)->flat);
	free((*loaded)->run);
	free((*loaded)->row_run);
	free((*loaded)->bin_allowed);
	free((*loaded)->row_allowed);
	free(*loaded);
	*loaded = NULL;
}
