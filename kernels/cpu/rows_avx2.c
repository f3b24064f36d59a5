/* rows_avx2.c - the row loops for machines with AVX2 (kernels/cpu/rows.h); entered only where there is one.
 *
 * By hand what the compiler does badly: the cleaning of 16- and 32-bit rows, prefix sums and the two tests of whole rows. Reads
 * past a row's end meet the padding, which says "nothing there". */
#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#include "kernels/cpu/rows.h"

#define LEVEL(name) name##_avx2
#define UNSHUFFLE cpu_unshuffle_avx2
#define HAVE_CLEAN_16
#define HAVE_CLEAN_32
#define HAVE_PREFIX
#define HAVE_STANDS_OUT
#define HAVE_NOT_FLAT
#define INLINE static inline __attribute__((always_inline))

INLINE __m256i load(const void *at)
{
	return _mm256_loadu_si256(at);
}

INLINE void store(void *at, __m256i v)
{
	_mm256_storeu_si256(at, v);
}

/* Eight values from x on, as 32 bits. */
INLINE __m256i load_values(const void *values, uint32_t x, const bool wide)
{
	if (wide)
		return load((const uint32_t *)values + x);
	return _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)((const uint16_t *)values + x)));
}

struct clean_16 {
	__m256i invalid_from, max, sum, n;
};

/* 16 pixels: their values are written, what is returned is all ones where valid. */
INLINE __m256i clean_half(struct clean_16 *c, const uint8_t *pixels, const uint8_t *mask, uint16_t *values)
{
	__m256i v = load(pixels), use = _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)mask));
	__m256i refused = _mm256_cmpeq_epi16(_mm256_max_epu16(v, c->invalid_from), v);
	__m256i ok = _mm256_andnot_si256(refused, _mm256_cmpgt_epi16(use, _mm256_setzero_si256()));

	v = _mm256_and_si256(v, ok);
	store(values, v);
	c->max = _mm256_max_epu16(c->max, v);
	c->sum = _mm256_add_epi32(c->sum, _mm256_and_si256(v, _mm256_set1_epi32(0xffff)));
	c->sum = _mm256_add_epi32(c->sum, _mm256_srli_epi32(v, 16));
	return ok;
}

static void clean_16_totals(const struct clean_16 *c, struct row_totals *totals)
{
	uint16_t max[16];
	uint32_t sum[8];
	uint64_t n[4];

	store(max, c->max);
	store(sum, c->sum);
	store(n, c->n);
	*totals = (struct row_totals){.n_valid = (uint32_t)(n[0] + n[1] + n[2] + n[3])};
	for (int i = 0; i < 16; i++)
		totals->max = max[i] > totals->max ? max[i] : totals->max;
	for (int i = 0; i < 8; i++)
		totals->sum += sum[i];
}

static void clean_16_avx2(const uint8_t *pixels, const uint8_t *mask, uint32_t width, uint32_t invalid_from,
			  void *values, uint8_t *flags, struct row_totals *totals)
{
	const __m256i zero = _mm256_setzero_si256(), valid = _mm256_set1_epi8(FLAG_VALID | FLAG_COUNTED);
	struct clean_16 c = {_mm256_set1_epi16((short)invalid_from), zero, zero, zero};
	uint16_t *out = values;
	uint32_t x = 0;

	for (; x + 32 <= width; x += 32) {
		__m256i a = clean_half(&c, pixels + 2 * (size_t)x, mask + x, out + x);
		__m256i b = clean_half(&c, pixels + 2 * (size_t)x + 32, mask + x + 16, out + x + 16);
		__m256i ok = _mm256_permute4x64_epi64(_mm256_packs_epi16(a, b), 0xd8);

		store(flags + x, _mm256_and_si256(ok, valid));
		c.n = _mm256_add_epi64(c.n, _mm256_sad_epu8(_mm256_sub_epi8(zero, ok), zero));
	}
	clean_16_totals(&c, totals);
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
	__m256i valid_to, max, sum, n;
};

/* 8 pixels: their values are written, what is returned are their flags as 32 bits. */
INLINE __m256i clean_eight(struct clean_32 *c, const uint8_t *pixels, const uint8_t *mask, uint32_t *values)
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i v = load(pixels), use = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)mask));
	__m256i ok = _mm256_cmpeq_epi32(_mm256_min_epu32(v, c->valid_to), v), small;

	ok = _mm256_and_si256(ok, _mm256_cmpgt_epi32(use, zero));
	small = _mm256_cmpeq_epi32(_mm256_srli_epi32(v, 24), zero);
	v = _mm256_and_si256(v, ok);
	store(values, v);
	c->max = _mm256_max_epu32(c->max, v);
	c->sum = _mm256_add_epi64(c->sum, _mm256_blend_epi32(v, zero, 0xaa));
	c->sum = _mm256_add_epi64(c->sum, _mm256_srli_epi64(v, 32));
	c->n = _mm256_sub_epi32(c->n, ok);
	return _mm256_and_si256(ok, _mm256_or_si256(_mm256_set1_epi32(FLAG_VALID),
						    _mm256_and_si256(small, _mm256_set1_epi32(FLAG_COUNTED))));
}

static void clean_32_totals(const struct clean_32 *c, struct row_totals *totals)
{
	uint32_t max[8], n[8];
	uint64_t sum[4];

	store(max, c->max);
	store(n, c->n);
	store(sum, c->sum);
	*totals = (struct row_totals){.sum = sum[0] + sum[1] + sum[2] + sum[3]};
	for (int i = 0; i < 8; i++) {
		totals->max = max[i] > totals->max ? max[i] : totals->max;
		totals->n_valid += n[i];
	}
}

static void clean_32_avx2(const uint8_t *pixels, const uint8_t *mask, uint32_t width, uint32_t invalid_from,
			  void *values, uint8_t *flags, struct row_totals *totals)
{
	const __m256i zero = _mm256_setzero_si256(), in_order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
	struct clean_32 c = {_mm256_set1_epi32((int)(invalid_from - 1)), zero, zero, zero};
	uint32_t *out = values, x = 0;

	for (; x + 32 <= width; x += 32) {
		__m256i f[4];

		for (uint32_t i = 0; i < 4; i++)
			f[i] = clean_eight(&c, pixels + 4 * ((size_t)x + 8 * i), mask + x + 8 * i, out + x + 8 * i);
		f[0] = _mm256_packus_epi16(_mm256_packus_epi32(f[0], f[1]), _mm256_packus_epi32(f[2], f[3]));
		store(flags + x, _mm256_permutevar8x32_epi32(f[0], in_order));
	}
	clean_32_totals(&c, totals);
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
	const __m256i zero = _mm256_setzero_si256(), third = _mm256_set1_epi32(3), last = _mm256_set1_epi32(7);
	__m256i before = zero;

	sums[0] = 0;
	for (uint32_t x = 0; x < width; x += 8) {
		__m256i v = load_values(values, x, wide);

		v = _mm256_add_epi32(v, _mm256_slli_si256(v, 4));
		v = _mm256_add_epi32(v, _mm256_slli_si256(v, 8));
		v = _mm256_add_epi32(v, _mm256_blend_epi32(zero, _mm256_permutevar8x32_epi32(v, third), 0xf0));
		store(sums + x + 1, _mm256_add_epi32(v, before));
		before = _mm256_add_epi32(before, _mm256_permutevar8x32_epi32(v, last));
	}
}

static void prefix_16_avx2(const void *values, uint32_t width, uint32_t *sums)
{
	prefix(values, width, sums, false);
}

static void prefix_32_avx2(const void *values, uint32_t width, uint32_t *sums)
{
	prefix(values, width, sums, true);
}

/* X of eight windows whose columns begin at cx. */
INLINE __m256i window_sums(const uint32_t *cx, const int k)
{
	__m256i sum = load(cx);

	for (int d = 1; d <= 2 * k; d++)
		sum = _mm256_add_epi32(sum, load(cx + d));
	return sum;
}

/* Unsigned 32 bits, which AVX2 converts as signed only: exact below 2^24, rounded twice above. */
INLINE __m256 to_float(__m256i v, const bool wide)
{
	__m256 high, low;

	if (!wide)
		return _mm256_cvtepi32_ps(v);
	high = _mm256_cvtepi32_ps(_mm256_srli_epi32(v, 16));
	low = _mm256_cvtepi32_ps(_mm256_and_si256(v, _mm256_set1_epi32(0xffff)));
	return _mm256_add_ps(_mm256_mul_ps(high, _mm256_set1_ps(65536.0f)), low);
}

INLINE void stands_out(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
		       const void *values, uint8_t *candidates, const bool wide, const int k)
{
	const __m256 window_up = _mm256_set1_ps(tests->window_up), signal = _mm256_set1_ps(tests->signal);
	const __m256i sign = _mm256_set1_epi32(INT32_MIN);
	const __m256i threshold = _mm256_xor_si256(_mm256_set1_epi32((int)tests->threshold), sign);

	for (uint32_t x = 0; x < width; x += 8) {
		__m256i p = load_values(values, x, wide);
		__m256 s = to_float(window_sums(columns->x + x - k, k), wide);
		__m256 b = _mm256_sub_ps(_mm256_mul_ps(to_float(p, wide), window_up), s);
		__m256 pass = _mm256_cmp_ps(_mm256_mul_ps(b, b), _mm256_mul_ps(s, signal), _CMP_GE_OQ);
		__m256i above = _mm256_cmpgt_epi32(_mm256_xor_si256(p, sign), threshold);

		pass = _mm256_and_ps(pass, _mm256_cmp_ps(b, _mm256_setzero_ps(), _CMP_GT_OQ));
		candidates[x / 8] = (uint8_t)_mm256_movemask_ps(_mm256_and_ps(pass, _mm256_castsi256_ps(above)));
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

static void stands_out_16_avx2(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
			       const void *values, uint8_t *candidates)
{
	stands_out_any(tests, columns, width, values, candidates, false);
}

static void stands_out_32_avx2(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
			       const void *values, uint8_t *candidates)
{
	stands_out_any(tests, columns, width, values, candidates, true);
}

INLINE __m256d window_squares(const double *cy, const int k)
{
	__m256d sum = _mm256_loadu_pd(cy);

	for (int d = 1; d <= 2 * k; d++)
		sum = _mm256_add_pd(sum, _mm256_loadu_pd(cy + d));
	return sum;
}

/* Four windows: their sums as halves of 16 bits, which convert exactly. */
INLINE unsigned not_flat_four(__m128i sums, __m256d squares, __m256d inverse, __m256d flat)
{
	__m256d high = _mm256_cvtepi32_pd(_mm_srli_epi32(sums, 16));
	__m256d low = _mm256_cvtepi32_pd(_mm_and_si128(sums, _mm_set1_epi32(0xffff)));
	__m256d s = _mm256_add_pd(_mm256_mul_pd(high, _mm256_set1_pd(65536.0)), low);
	__m256d bound = _mm256_mul_pd(s, _mm256_add_pd(_mm256_mul_pd(s, inverse), flat));

	return (unsigned)_mm256_movemask_pd(_mm256_cmp_pd(squares, bound, _CMP_GT_OQ));
}

INLINE void not_flat(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
		     const uint8_t *flags, uint8_t *candidates, const int k)
{
	const __m256d inverse = _mm256_set1_pd(tests->inverse), flat = _mm256_set1_pd(tests->flat);

	for (uint32_t x = 0; x < width; x += 8) {
		__m256i sums = window_sums(columns->x + x - k, k);
		const double *cy = columns->y + x - k;
		unsigned low = not_flat_four(_mm256_castsi256_si128(sums), window_squares(cy, k), inverse, flat);
		unsigned high = not_flat_four(_mm256_extracti128_si256(sums, 1), window_squares(cy + 4, k), inverse, flat);
		__m128i f = _mm_loadl_epi64((const void *)(flags + x));
		/* FLAG_VALID, bit 1, becomes the byte's sign. */
		unsigned valid = (unsigned)_mm_movemask_epi8(_mm_slli_epi16(f, 6));

		candidates[x / 8] = (uint8_t)((low | high << 4) & valid);
	}
}

static void not_flat_avx2(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
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
