/* rows_neon.c - the row loops for 64-bit Arm, where every processor has NEON (kernels/cpu/rows.h).
 *
 * By hand what rows_avx2.c does by hand. Reads past a row's end meet the padding, which says "nothing there". */
#ifdef __aarch64__
#include <arm_neon.h>
#include <string.h>

#include "kernels/cpu/rows.h"

#define LEVEL(name) name##_neon
#define UNSHUFFLE cpu_unshuffle_neon
#define HAVE_CLEAN_16
#define HAVE_CLEAN_32
#define HAVE_PREFIX
#define HAVE_STANDS_OUT
#define HAVE_NOT_FLAT
#define INLINE static inline __attribute__((always_inline))

/* Four values from x on, as 32 bits. */
INLINE uint32x4_t load_values(const void *values, uint32_t x, const bool wide)
{
	if (wide)
		return vld1q_u32((const uint32_t *)values + x);
	return vmovl_u16(vld1_u16((const uint16_t *)values + x));
}

/* Bit i: lane i of eight, all ones or none. */
INLINE uint8_t to_bits(uint32x4_t low, uint32x4_t high)
{
	const uint8x8_t bit = {1, 2, 4, 8, 16, 32, 64, 128};

	return vaddv_u8(vand_u8(vmovn_u16(vcombine_u16(vmovn_u32(low), vmovn_u32(high))), bit));
}

struct clean_16 {
	uint16x8_t invalid_from, max, n;
	uint32x4_t sum;
};

/* 8 pixels: their values are written, what is returned is all ones where valid. */
INLINE uint8x8_t clean_eight(struct clean_16 *c, const uint8_t *pixels, uint8x8_t mask, uint16_t *values)
{
	uint16x8_t v = vreinterpretq_u16_u8(vld1q_u8(pixels)), use = vmovl_u8(mask);
	uint16x8_t ok = vandq_u16(vcltq_u16(v, c->invalid_from), vtstq_u16(use, use));

	v = vandq_u16(v, ok);
	vst1q_u16(values, v);
	c->max = vmaxq_u16(c->max, v);
	c->sum = vpadalq_u16(c->sum, v);
	c->n = vsubq_u16(c->n, ok);
	return vmovn_u16(ok);
}

static void clean_16_neon(const uint8_t *pixels, const uint8_t *mask, uint32_t width, uint32_t invalid_from,
			  void *values, uint8_t *flags, struct row_totals *totals)
{
	const uint8x16_t valid = vdupq_n_u8(FLAG_VALID | FLAG_COUNTED);
	const uint16x8_t none = vdupq_n_u16(0);
	struct clean_16 c = {vdupq_n_u16((uint16_t)invalid_from), none, none, vdupq_n_u32(0)};
	uint16_t *out = values;
	uint32_t x = 0;

	for (; x + 16 <= width; x += 16) {
		uint8x16_t use = vld1q_u8(mask + x);
		uint8x8_t a = clean_eight(&c, pixels + 2 * (size_t)x, vget_low_u8(use), out + x);
		uint8x8_t b = clean_eight(&c, pixels + 2 * (size_t)x + 16, vget_high_u8(use), out + x + 8);

		vst1q_u8(flags + x, vandq_u8(vcombine_u8(a, b), valid));
	}
	*totals = (struct row_totals){vaddlvq_u32(c.sum), vaddlvq_u16(c.n), vmaxvq_u16(c.max)};
	for (; x < width; x++) {
		uint16_t v = (uint16_t)(pixels[2 * (size_t)x] | pixels[2 * (size_t)x + 1] << 8);
		bool ok = mask[x] && v < invalid_from;

		out[x] = ok ? v : 0;
		flags[x] = ok ? FLAG_VALID | FLAG_COUNTED : 0;
		totals->sum += out[x];
		totals->n_valid += ok;
		totals->max = out[x] > totals->max ? out[x] : totals->max;
	}
}

struct clean_32 {
	uint32x4_t invalid_from, max, n;
	uint64x2_t sum;
};

/* 4 pixels: their values are written, what is returned are their flags. */
INLINE uint16x4_t clean_four(struct clean_32 *c, const uint8_t *pixels, uint16x4_t mask, uint32_t *values)
{
	uint32x4_t v = vreinterpretq_u32_u8(vld1q_u8(pixels)), use = vmovl_u16(mask), counted;
	uint32x4_t ok = vandq_u32(vcltq_u32(v, c->invalid_from), vtstq_u32(use, use));

	counted = vandq_u32(vcltq_u32(v, vdupq_n_u32(PLAN_BIG_PIXEL)), vdupq_n_u32(FLAG_COUNTED));
	v = vandq_u32(v, ok);
	vst1q_u32(values, v);
	c->max = vmaxq_u32(c->max, v);
	c->sum = vpadalq_u32(c->sum, v);
	c->n = vsubq_u32(c->n, ok);
	return vmovn_u32(vandq_u32(ok, vorrq_u32(counted, vdupq_n_u32(FLAG_VALID))));
}

static void clean_32_neon(const uint8_t *pixels, const uint8_t *mask, uint32_t width, uint32_t invalid_from,
			  void *values, uint8_t *flags, struct row_totals *totals)
{
	const uint32x4_t none = vdupq_n_u32(0);
	struct clean_32 c = {vdupq_n_u32(invalid_from), none, none, vdupq_n_u64(0)};
	uint32_t *out = values, x = 0;

	for (; x + 8 <= width; x += 8) {
		uint16x8_t use = vmovl_u8(vld1_u8(mask + x));
		uint16x4_t a = clean_four(&c, pixels + 4 * (size_t)x, vget_low_u16(use), out + x);
		uint16x4_t b = clean_four(&c, pixels + 4 * (size_t)x + 16, vget_high_u16(use), out + x + 4);

		vst1_u8(flags + x, vmovn_u16(vcombine_u16(a, b)));
	}
	*totals = (struct row_totals){vaddvq_u64(c.sum), vaddvq_u32(c.n), vmaxvq_u32(c.max)};
	for (; x < width; x++) {
		uint32_t v;
		bool ok;

		memcpy(&v, pixels + 4 * (size_t)x, sizeof v);
		ok = mask[x] && v < invalid_from;
		out[x] = ok ? v : 0;
		flags[x] = ok ? FLAG_VALID | (v < PLAN_BIG_PIXEL ? FLAG_COUNTED : 0) : 0;
		totals->sum += out[x];
		totals->n_valid += ok;
		totals->max = out[x] > totals->max ? out[x] : totals->max;
	}
}

INLINE void prefix(const void *values, uint32_t width, uint32_t *sums, const bool wide)
{
	const uint32x4_t zero = vdupq_n_u32(0);
	uint32x4_t before = zero;

	sums[0] = 0;
	for (uint32_t x = 0; x < width; x += 4) {
		uint32x4_t v = load_values(values, x, wide);

		v = vaddq_u32(v, vextq_u32(zero, v, 3));
		v = vaddq_u32(v, vextq_u32(zero, v, 2));
		v = vaddq_u32(v, before);
		vst1q_u32(sums + x + 1, v);
		before = vdupq_laneq_u32(v, 3);
	}
}

static void prefix_16_neon(const void *values, uint32_t width, uint32_t *sums)
{
	prefix(values, width, sums, false);
}

static void prefix_32_neon(const void *values, uint32_t width, uint32_t *sums)
{
	prefix(values, width, sums, true);
}

/* X of four windows whose columns begin at cx. */
INLINE uint32x4_t window_sums(const uint32_t *cx, const int k)
{
	uint32x4_t sum = vld1q_u32(cx);

	for (int d = 1; d <= 2 * k; d++)
		sum = vaddq_u32(sum, vld1q_u32(cx + d));
	return sum;
}

INLINE uint32x4_t stands_out_four(const struct row_tests *tests, const uint32_t *cx, uint32x4_t p, const int k)
{
	float32x4_t s = vcvtq_f32_u32(window_sums(cx - k, k));
	float32x4_t b = vsubq_f32(vmulq_n_f32(vcvtq_f32_u32(p), tests->window_up), s);
	uint32x4_t pass = vcgeq_f32(vmulq_f32(b, b), vmulq_n_f32(s, tests->signal));

	pass = vandq_u32(pass, vcgtzq_f32(b));
	return vandq_u32(pass, vcgtq_u32(p, vdupq_n_u32(tests->threshold)));
}

INLINE void stands_out(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
		       const void *values, uint8_t *candidates, const bool wide, const int k)
{
	for (uint32_t x = 0; x < width; x += 8) {
		uint32x4_t low = stands_out_four(tests, columns->x + x, load_values(values, x, wide), k);
		uint32x4_t high = stands_out_four(tests, columns->x + x + 4, load_values(values, x + 4, wide), k);

		candidates[x / 8] = to_bits(low, high);
	}
}

INLINE void stands_out_any(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
			   const void *values, uint8_t *candidates, const bool wide)
{
	switch (tests->k) {
	case 1: stands_out(tests, columns, width, values, candidates, wide, 1); break;
	case 2: stands_out(tests, columns, width, values, candidates, wide, 2); break;
	case 3: stands_out(tests, columns, width, values, candidates, wide, 3); break;
	case 4: stands_out(tests, columns, width, values, candidates, wide, 4); break;
	case 5: stands_out(tests, columns, width, values, candidates, wide, 5); break;
	default: stands_out(tests, columns, width, values, candidates, wide, 6); break;
	}
}

static void stands_out_16_neon(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
			       const void *values, uint8_t *candidates)
{
	stands_out_any(tests, columns, width, values, candidates, false);
}

static void stands_out_32_neon(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
			       const void *values, uint8_t *candidates)
{
	stands_out_any(tests, columns, width, values, candidates, true);
}

/* Two windows. */
INLINE uint64x2_t not_flat_two(const struct row_tests *tests, uint32x2_t sums, const double *cy, const int k)
{
	float64x2_t s = vcvtq_f64_u64(vmovl_u32(sums)), squares = vld1q_f64(cy);

	for (int d = 1; d <= 2 * k; d++)
		squares = vaddq_f64(squares, vld1q_f64(cy + d));
	return vcgtq_f64(squares, vmulq_f64(s, vaddq_f64(vmulq_n_f64(s, tests->inverse), vdupq_n_f64(tests->flat))));
}

INLINE uint32x4_t not_flat_four(const struct row_tests *tests, const uint32_t *cx, const double *cy, const int k)
{
	uint32x4_t sums = window_sums(cx - k, k);

	return vcombine_u32(vmovn_u64(not_flat_two(tests, vget_low_u32(sums), cy - k, k)),
			    vmovn_u64(not_flat_two(tests, vget_high_u32(sums), cy - k + 2, k)));
}

INLINE void not_flat(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
		     const uint8_t *flags, uint8_t *candidates, const int k)
{
	for (uint32_t x = 0; x < width; x += 8) {
		uint16x8_t valid = vmovl_u8(vtst_u8(vld1_u8(flags + x), vdup_n_u8(FLAG_VALID)));
		uint32x4_t low = not_flat_four(tests, columns->x + x, columns->y + x, k);
		uint32x4_t high = not_flat_four(tests, columns->x + x + 4, columns->y + x + 4, k);

		candidates[x / 8] = to_bits(vandq_u32(low, vmovl_u16(vget_low_u16(valid))), vandq_u32(high, vmovl_u16(vget_high_u16(valid))));
	}
}

static void not_flat_neon(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
			  const uint8_t *flags, uint8_t *candidates)
{
	switch (tests->k) {
	case 1: not_flat(tests, columns, width, flags, candidates, 1); break;
	case 2: not_flat(tests, columns, width, flags, candidates, 2); break;
	case 3: not_flat(tests, columns, width, flags, candidates, 3); break;
	case 4: not_flat(tests, columns, width, flags, candidates, 4); break;
	case 5: not_flat(tests, columns, width, flags, candidates, 5); break;
	default: not_flat(tests, columns, width, flags, candidates, 6); break;
	}
}

#include "kernels/cpu/rows_body.inc"
#endif
