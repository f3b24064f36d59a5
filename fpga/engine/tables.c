/* tables.c - a plan as units have it: for every pixel 16 bits, which say whether the mask refuses it and which bin it is in; rows begin with a beat.
 *
 * And what of the plan is beyond units (see fpga.h). */
#include <errno.h>
#include <stdlib.h>

#include "fpga/engine/fpga.h"

static bool tests_fit(const struct plan *plan)
{
	for (uint32_t m = 0; m <= FPGA_WINDOW; m++)
		if (plan->c_q16[m] >= FPGA_TABLE_MAX)
			return false;
	return plan->ns2_q16 < FPGA_TABLE_MAX;
}

/* Does some unit of the pixels' width take such rows? All units of a card are of one design. */
static bool shape_fits(const struct engine_context *c, const struct plan *plan)
{
	for (uint32_t u = 0; u < c->facts.units; u++)
		if ((c->unit[u].pixel_bits == 32) == fpga_width_of(plan->shape.type) && plan->shape.width > c->unit[u].max_width)
			return false;
	return image_pixels(&plan->shape) < FPGA_PIXELS_MAX;
}

static uint32_t what_units_can(const struct engine_context *c, const struct plan *plan)
{
	uint32_t outputs = OUTPUT_TOTALS;

	if (!shape_fits(c, plan))
		return 0;
	if (plan->n_bins <= FPGA_BINS_MAX)
		outputs |= OUTPUT_RADIAL;
	if (plan->algorithm == SPOTS_NONE || (plan->algorithm == SPOTS_DISPERSION && plan->kernel == FPGA_KERNEL && tests_fit(plan)))
		outputs |= OUTPUT_STRONG | OUTPUT_SPOTS;
	return outputs;
}

static uint16_t *make_table(const struct engine_plan *p)
{
	const struct plan *plan = p->plan;
	size_t row = (size_t)p->beats_per_row * p->lanes, i = 0;
	uint16_t *table = malloc(p->table_bytes);
	bool binned = plan->n_bins > 0 && plan->n_bins <= FPGA_BINS_MAX;

	for (size_t y = 0; table && y < plan->shape.height; y++)
		for (size_t x = 0; x < row; x++) {
			uint16_t *entry = &table[y * row + x]; /* little-endian */

			*entry = FPGA_MASKED;
			if (x >= plan->shape.width)
				continue;
			if (plan->mask[i])
				*entry = binned && plan->bin[i] != PLAN_BIN_NONE ? plan->bin[i] : FPGA_NO_BIN;
			i++;
		}
	return table;
}

static int upload(struct engine_plan *p)
{
	struct engine_context *c = p->context;
	uint16_t *table = make_table(p);
	int error = table ? 0 : -ENOMEM;

	for (uint32_t u = 0; !error && u < c->facts.units; u++) {
		if ((c->unit[u].pixel_bits == 32) != fpga_width_of(p->plan->shape.type))
			continue;
		error = fpga_memory_take(c, &p->table[u], u, FPGA_AT_TABLE, p->table_bytes);
		if (!error)
			error = c->driver->copy_in(p->table[u], 0, table, p->table_bytes);
	}
	free(table);
	return error;
}

int fpga_table_load(struct engine_context *c, struct engine_plan **out, const struct plan *plan)
{
	struct engine_plan *p = calloc(1, sizeof *p);
	size_t pixels = image_pixels(&plan->shape);
	int error;

	*out = NULL;
	if (!p)
		return -ENOMEM;
	p->context = c;
	p->plan = plan;
	p->serial = 1 + atomic_fetch_add_explicit(&c->plans, 1, memory_order_relaxed);
	p->lanes = fpga_width_of(plan->shape.type) ? 16 : 32;
	p->beats_per_row = (plan->shape.width + p->lanes - 1) / p->lanes;
	p->table_bytes = (size_t)p->beats_per_row * plan->shape.height * p->lanes * sizeof(uint16_t);
	p->list_entries = plan->max_strong < pixels ? plan->max_strong : (uint32_t)pixels;
	p->units_can = what_units_can(c, plan);
	error = engine_cpu.plan_load(c->host, &p->host, plan);
	if (!error && p->units_can)
		error = upload(p);
	if (error)
		fpga_table_drop(&p);
	*out = p;
	return error;
}

void fpga_table_drop(struct engine_plan **plan)
{
	struct engine_plan *p = plan ? *plan : NULL;

	if (!p)
		return;
	for (uint32_t u = 0; u < FPGA_UNITS_MAX; u++)
		fpga_memory_give(p->context, &p->table[u], p->table_bytes);
	engine_cpu.plan_drop(p->context->host, &p->host);
	free(p);
	*plan = NULL;
}
