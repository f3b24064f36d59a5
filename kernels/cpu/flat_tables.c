/* flat_tables.c - thresholds and masks that the CPU engine's short way derives from a plan (kernels/cpu/flat.h).
 *
 * With M = 49 and m <= M pixels in a window, all thresholds are lower bounds for any m:
 *   stands out: m p - X > sqrt(NS2 X m / 2^16), so p > X/m + sqrt(NS2 X/m / 2^16), which falls with m and grows with X;
 *   not flat:   m Y - X^2 > X C[m] / 2^16, so Y > X^2/M + X min(C[m]/m) / 2^16; and with Y <= X max v and X >= max v,
 *               max v > C[m] / (m - 1) / 2^16. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/flat.h"

#define PIXELS_MAX (1u << 27)    /* times FLAT_CLIP fits 32 bits */
#define DEEP_SHIFT_MAX 4u         /* leaves 12 bits of 49 p - sum, of which more than a few hundred always pass */
#define FLAT_Q8_MAX (1u << 20)   /* times the largest sum of a window fits 31 bits */

/* The smallest pixel that stands out of a window of m with this sum, less 1; a clipped pixel always does. */
static uint8_t threshold(const struct plan *plan, uint64_t m, uint64_t sum)
{
	for (uint64_t p = 1; p < FLAT_CLIP; p++) {
		uint64_t b = m * p - sum;

		if (m * p > sum && b * b > (plan->ns2_q16 * sum * m) >> 16)
			return (uint8_t)(p - 1);
	}
	return FLAT_CLIP - 1;
}

static void make_thresholds(struct flat_plan *t, const struct plan *plan)
{
	for (unsigned i = 0; i < 128; i++) {
		t->stands_out_8[i] = threshold(plan, FLAT_WINDOW, 2 * i);
		t->stands_out_16[i] = threshold(plan, FLAT_WINDOW, 8 * i);
	}
	for (unsigned i = 0; i < 16; i++) {
		t->coarse_8[0][i] = threshold(plan, FLAT_WINDOW, i);
		t->coarse_8[1][i] = i > 0 ? threshold(plan, FLAT_WINDOW, 16 * i) : 0;
	}
	for (unsigned columns = 4; columns < 7; columns++)
		for (unsigned sum = 0; sum < FLAT_EDGE_SUMS; sum++)
			t->edge[columns - 4][sum] = threshold(plan, 7 * columns, sum);
}

/* GCC 12 for 64-bit Arm breaks down over fmin in a loop. */
static double lesser(double a, double b)
{
	return b < a ? b : a;
}

static void make_flat_test(struct flat_plan *t, const struct plan *plan)
{
	double least = (double)UINT64_MAX, brightest = (double)UINT64_MAX;

	for (unsigned m = 2; m <= FLAT_WINDOW; m++) {
		least = lesser(least, (double)plan->c_q16[m] / m);
		brightest = lesser(brightest, floor((double)plan->c_q16[m] / (m - 1) / 65536.0));
	}
	least = floor(least * (FLAT_WINDOW / 256.0) * (1.0 - 0x1p-40));
	t->flat_q8 = least < FLAT_Q8_MAX ? (uint32_t)least : FLAT_Q8_MAX;
	t->brightest = brightest < 2 ? (uint32_t)brightest + 1 : 3;
	t->searches = true;
}

/* As many bits of the squares as fit. */
static void make_deep(struct flat_plan *t, const struct plan *plan)
{
	uint64_t signal = plan->ns2_q16 * FLAT_WINDOW; /* a plan's bounds keep this far from 2^64 */

	t->deep_shift = DEEP_SHIFT_MAX;
	while (t->deep_shift > 0 && signal >> (16 - 2 * t->deep_shift) > UINT16_MAX)
		t->deep_shift--;
	signal >>= 16 - 2 * t->deep_shift;
	t->deep_signal = (uint16_t)(signal < UINT16_MAX ? signal : UINT16_MAX);
	t->deep = plan->shape.type != PIXEL_U8 && plan->saturation_value >= FLAT_DEEP_CLIP && plan->invalid_from > FLAT_DEEP_CLIP;
}

static int make_allowed(struct flat_plan *t, const struct plan *plan)
{
	size_t pixels = image_pixels(&plan->shape);

	t->allowed = calloc(pixels / FLAT_CHUNK + 1, FLAT_CHUNK / 8);
	if (!t->allowed)
		return -ENOMEM;
	for (size_t n = 0; n < pixels; n++)
		t->allowed[n / 64] |= (uint64_t)plan->mask[n] << n % 64;
	return 0;
}

static bool suits(const struct plan *plan)
{
	return plan->shape.width >= FLAT_WIDTH_MIN && image_pixels(&plan->shape) < PIXELS_MAX &&
	       plan->saturation_value >= FLAT_CLIP && plan->invalid_from > FLAT_CLIP;
}

int flat_tables_make(struct flat_plan **out, const struct plan *plan)
{
	struct flat_plan *t;
	int error;

	*out = NULL;
	if (!suits(plan))
		return 0;
	t = aligned_alloc(FLAT_VECTOR, (sizeof *t + FLAT_VECTOR - 1) / FLAT_VECTOR * FLAT_VECTOR);
	if (!t)
		return -ENOMEM;
	memset(t, 0, sizeof *t);
	if (plan->algorithm == SPOTS_DISPERSION && plan->kernel == 3) {
		make_thresholds(t, plan);
		make_flat_test(t, plan);
	}
	make_deep(t, plan);
	error = make_allowed(t, plan);
	if (!error)
		error = flat_runs_make(t, plan);
	if (error)
		goto fail;
	*out = t;
	return 0;
fail:
	flat_tables_free(&t);
	return error;
}

void flat_tables_free(struct flat_plan **tables)
{
	if (!tables || !*tables)
		return;
	free((*tables)->allowed);
	free((*tables)->run_ends);
	free((*tables)->wide_groups);
	free((*tables)->segment);
	free((*tables)->slot_bits);
	free(*tables);
	*tables = NULL;
}
