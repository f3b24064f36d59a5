/* rows_body.h - the row loops in plain C, written so that a compiler turns them into vectors.
 *
 * For rows_LEVEL.c only, which say LEVEL(name) and include this once; see rows.h for what each function promises.
 * Touches nothing but its arguments. */
#include <string.h>

#include "kernels/codec.h"
#include "kernels/cpu/rows.h"

/* Sizes of one template serve both widths of values. */
#define VALUE uint16_t
#define WIDTH(name) LEVEL(name##_16)
#define COUNTED(v) (v)
#include "kernels/cpu/rows_values.h"
#undef VALUE
#undef WIDTH
#undef COUNTED
#define VALUE uint32_t
#define WIDTH(name) LEVEL(name##_32)
#define COUNTED(v) ((v) < PLAN_BIG_PIXEL ? (v) : 0)
#include "kernels/cpu/rows_values.h"
#undef VALUE
#undef WIDTH
#undef COUNTED

static void LEVEL(clean_8)(const uint8_t *restrict pixels, const uint8_t *restrict mask, uint32_t width,
			   uint32_t invalid_from, void *values, uint8_t *restrict flags, struct row_totals *totals)
{
	uint16_t *restrict out = values;

	for (uint32_t x = 0; x < width; x++) {
		uint8_t ok = (uint8_t)(mask[x] & (pixels[x] < invalid_from));

		flags[x] = (uint8_t)(ok * (FLAG_COUNTED | FLAG_VALID));
		out[x] = (uint16_t)(pixels[x] & -ok);
	}
	LEVEL(total_16)(out, flags, width, totals);
}

#ifndef HAVE_CLEAN_16
static void LEVEL(clean_16)(const uint8_t *restrict pixels, const uint8_t *restrict mask, uint32_t width,
			    uint32_t invalid_from, void *values, uint8_t *restrict flags, struct row_totals *totals)
{
	uint16_t *restrict out = values;

	memcpy(out, pixels, (size_t)width * sizeof *out);
	for (uint32_t x = 0; x < width; x++) {
		uint8_t ok = (uint8_t)(mask[x] & (out[x] < invalid_from));

		flags[x] = (uint8_t)(ok * (FLAG_COUNTED | FLAG_VALID));
		out[x] = (uint16_t)(out[x] & -ok);
	}
	LEVEL(total_16)(out, flags, width, totals);
}
#endif

static void LEVEL(clean_32)(const uint8_t *restrict pixels, const uint8_t *restrict mask, uint32_t width,
			    uint32_t invalid_from, void *values, uint8_t *restrict flags, struct row_totals *totals)
{
	uint32_t *restrict out = values;

	memcpy(out, pixels, (size_t)width * sizeof *out);
	for (uint32_t x = 0; x < width; x++) {
		uint32_t ok = mask[x] & (uint32_t)(out[x] < invalid_from);

		flags[x] = (uint8_t)(ok * FLAG_VALID + (ok & (uint32_t)(out[x] < PLAN_BIG_PIXEL)) * FLAG_COUNTED);
		out[x] &= -ok;
	}
	LEVEL(total_32)(out, flags, width, totals);
}

#ifndef HAVE_NOT_FLAT
/* k is a constant where this is inlined, so that the window's loop unrolls and the row's is the vector. */
static inline void LEVEL(not_flat_k)(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
				     const uint8_t *restrict flags, uint8_t *restrict candidates, const int k)
{
	const uint32_t *restrict cx = columns->x - k;
	const double *restrict cy = columns->y - k;
	double inverse = tests->inverse, flat = tests->flat;

	memset(candidates, 0, (width + 7) / 8);
	for (uint32_t i = 0; i < width; i++) {
		uint32_t sum = 0;
		double squares = 0;

		for (int d = 0; d <= 2 * k; d++) {
			sum += cx[i + (uint32_t)d];
			squares += cy[i + (uint32_t)d];
		}
		/* X may pass 2^31: halves of 16 bits convert as signed numbers, which vectors can do. */
		double s = (double)(int32_t)(sum >> 16) * 65536.0 + (double)(int32_t)(sum & 0xffff);
		uint8_t pass = (uint8_t)((squares > s * (s * inverse + flat)) & flags[i] >> 1);

		candidates[i / 8] = (uint8_t)(candidates[i / 8] | pass << i % 8);
	}
}

static void LEVEL(not_flat)(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
			    const uint8_t *flags, uint8_t *candidates)
{
	switch (tests->k) {
	case 1: LEVEL(not_flat_k)(tests, columns, width, flags, candidates, 1); break;
	case 2: LEVEL(not_flat_k)(tests, columns, width, flags, candidates, 2); break;
	case 3: LEVEL(not_flat_k)(tests, columns, width, flags, candidates, 3); break;
	case 4: LEVEL(not_flat_k)(tests, columns, width, flags, candidates, 4); break;
	case 5: LEVEL(not_flat_k)(tests, columns, width, flags, candidates, 5); break;
	default: LEVEL(not_flat_k)(tests, columns, width, flags, candidates, 6); break;
	}
}
#endif

#ifndef UNSHUFFLE
#define UNSHUFFLE codec_bitunshuffle
#endif

const struct cpu_rows LEVEL(cpu_rows) = {
	.unshuffle = UNSHUFFLE,
	.clean = {LEVEL(clean_8), LEVEL(clean_16), LEVEL(clean_32)},
	.prefix = {LEVEL(prefix_16), LEVEL(prefix_32)},
	.roll = {LEVEL(roll_16), LEVEL(roll_32)},
	.stands_out = {LEVEL(stands_out_16), LEVEL(stands_out_32)},
	.not_flat = LEVEL(not_flat),
};
