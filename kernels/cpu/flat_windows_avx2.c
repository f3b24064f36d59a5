/* flat_windows_avx2.c - windows of 7 x 7 pixels with AVX2 (kernels/cpu/flat.h): which pixels may be strong. As flat_windows_avx512.c, but the
 * thresholds of small sums come from tables of 16 entries, those of others from what they are made of. */
#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#include "kernels/cpu/flat.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define VECTOR 32u
#define VECTORS (FLAT_CHUNK / VECTOR)
#define WORDS (FLAT_CHUNK / 64)
#define LARGE_COLUMN 36 /* more in most columns, and sums of 7 pass a byte */

static ALWAYS_INLINE __m256i load(const void *at)
{
	return _mm256_loadu_si256(at);
}

static ALWAYS_INLINE void store(void *at, __m256i v)
{
	_mm256_storeu_si256(at, v);
}

/* A chunk's bits. */
struct bits {
	__m256i low, high;
};

/* 256 bits of a ring from bit n on. */
static ALWAYS_INLINE __m256i load_bits(const uint8_t *ring, uint64_t n)
{
	__m256i low = _mm256_srl_epi64(load(ring + n / 8), _mm_cvtsi64_si128((int64_t)(n % 8)));

	return _mm256_or_si256(low, _mm256_sll_epi64(load(ring + n / 8 + 8), _mm_cvtsi64_si128((int64_t)(64 - n % 8))));
}

/* near[step] gets the bits; they are then joined with those `up` pixels before. */
static ALWAYS_INLINE void join_rows(const struct flat_queue *f, unsigned step, int64_t n, int64_t up, struct bits *b)
{
	uint64_t at = ((uint64_t)n & (f->ring_pixels - 1)) / 8, from = (uint64_t)(n - up) & (f->ring_pixels - 1);
	uint8_t *ring = f->near[step];

	store(ring + at, b->low);
	store(ring + at + 32, b->high);
	if (at < FLAT_BITS_SLACK) {
		store(ring + f->ring_pixels / 8 + at, b->low);
		store(ring + f->ring_pixels / 8 + at + 32, b->high);
	}
	b->low = _mm256_or_si256(b->low, load_bits(ring, from));
	b->high = _mm256_or_si256(b->high, load_bits(ring, from + 256));
}

/* v, and v moved up by `by` bits; `before` holds the qwords before those of v. */
static ALWAYS_INLINE __m256i join_moved(__m256i v, __m256i before, int by)
{
	return _mm256_or_si256(v, _mm256_or_si256(_mm256_slli_epi64(v, by), _mm256_srli_epi64(before, 64 - by)));
}

/* *last: the last qword before them, in the lowest place; becomes their own. */
static ALWAYS_INLINE void join_columns(struct bits *b, uint64_t *last, int by)
{
	const __m256i low = b->low, high = b->high;
	__m256i before_low = _mm256_blend_epi32(_mm256_permute4x64_epi64(low, 0x93), _mm256_set1_epi64x((int64_t)*last), 0x03);
	__m256i before_high = _mm256_blend_epi32(_mm256_permute4x64_epi64(high, 0x93), _mm256_permute4x64_epi64(low, 0xff), 0x03);

	b->low = join_moved(low, before_low, by);
	b->high = join_moved(high, before_high, by);
	*last = (uint64_t)_mm256_extract_epi64(high, 3);
}

static void spread_bits(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	int64_t width = f->plan->shape.width;

	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		struct bits b = {load(f->seen + i * WORDS), load(f->seen + i * WORDS + WORDS / 2)};

		for (int step = 0; step < 3; step++)
			join_columns(&b, &f->seen_before[step][0], step + 1);
		for (int step = 0; step < 3; step++)
			join_rows(f, (unsigned)step, n, (step + 1) * width, &b);
		store(f->window + i * WORDS, b.low);
		store(f->window + i * WORDS + WORDS / 2, b.high);
	}
}

/* A chunk's way in and out. */
struct columns {
	const uint8_t *in, *gone, *above, *centre; /* new pixels, those 7 rows up, sums one row up, pixels of the windows' centres */
	uint8_t *out;
	ptrdiff_t copy; /* to where the ring's beginning is repeated, or 0 */
	const uint64_t *window;
	uint64_t *candidates;
};

static ALWAYS_INLINE __m256i roll(const struct columns *c, unsigned at)
{
	__m256i sums = _mm256_add_epi8(_mm256_sub_epi8(load(c->in + at), load(c->gone + at)), load(c->above + at));

	store(c->out + at, sums);
	if (__builtin_expect(c->copy != 0, 0))
		store(c->out + c->copy + at, sums);
	return sums;
}

static ALWAYS_INLINE void roll_only(const struct columns *c)
{
	for (unsigned at = 0; at < FLAT_CHUNK; at += VECTOR)
		roll(c, at);
	memset(c->candidates, 0, FLAT_CHUNK / 8);
}

/* The bytes n before each one of v; the last 16 of the vector before v are in the low half of `between`. */
#define MOVED(v, between, n) _mm256_alignr_epi8(v, between, 16 - (n))

static ALWAYS_INLINE __m256i between(__m256i before, __m256i v)
{
	return _mm256_permute2x128_si256(before, v, 0x21);
}

static ALWAYS_INLINE uint32_t compare(const struct columns *c, unsigned at, __m256i threshold)
{
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(load(c->centre + at), threshold));
}

/* Sums of 7 columns in bytes that saturate: too small a sum only lets more pass. */
static ALWAYS_INLINE __m256i thresholds_8(const struct flat_plan *t, __m256i before, __m256i d)
{
	const __m256i fine = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)t->coarse_8[0]));
	const __m256i coarse = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)t->coarse_8[1]));
	__m256i d_between = between(before, d), pairs_before = _mm256_adds_epu8(before, _mm256_slli_si256(before, 1));
	__m256i pairs = _mm256_adds_epu8(d, MOVED(d, d_between, 1)), pairs_between = between(pairs_before, pairs);
	__m256i sum = _mm256_adds_epu8(pairs, MOVED(pairs, pairs_between, 2)), sixteenths;

	sum = _mm256_adds_epu8(sum, MOVED(pairs, pairs_between, 4));
	sum = _mm256_adds_epu8(sum, MOVED(d, d_between, 6));
	sixteenths = _mm256_and_si256(_mm256_srli_epi16(sum, 4), _mm256_set1_epi8(15));
	/* Sums from 16 on leave the fine table, which then says 0. */
	return _mm256_max_epu8(_mm256_shuffle_epi8(fine, _mm256_adds_epu8(sum, _mm256_set1_epi8(0x70))), _mm256_shuffle_epi8(coarse, sixteenths));
}

/* Even and odd entries apart. */
struct halves {
	__m256i even, odd;
};

static ALWAYS_INLINE struct halves widen(__m256i bytes)
{
	return (struct halves){_mm256_and_si256(bytes, _mm256_set1_epi16(255)), _mm256_srli_epi16(bytes, 8)};
}

/* Sums of 7 columns in 16 bits. */
static ALWAYS_INLINE struct halves sums_of_7(__m256i before, __m256i d)
{
	const __m256i ones = _mm256_set1_epi8(1);
	__m256i sixth = MOVED(d, between(before, d), 6), pairs_before = _mm256_maddubs_epi16(before, ones);
	__m256i pairs = _mm256_maddubs_epi16(d, ones), pairs_between = between(pairs_before, pairs);
	__m256i fours = _mm256_add_epi16(MOVED(pairs, pairs_between, 2), MOVED(pairs, pairs_between, 4));
	struct halves sum;

	sum.odd = _mm256_add_epi16(_mm256_add_epi16(pairs, fours), _mm256_srli_epi16(sixth, 8));
	sum.even = _mm256_add_epi16(_mm256_add_epi16(fours, _mm256_maddubs_epi16(sixth, ones)), widen(d).even);
	return sum;
}

/* All bits set where a pixel p may stand out of a window with this sum, for pixels below `clip`; clipped ones always do. */
static ALWAYS_INLINE __m256i stands_out(const struct flat_plan *t, __m256i p, __m256i sum, unsigned clip)
{
	const __m256i most = _mm256_set1_epi16((short)(0xffffu >> t->deep_shift)), signal = _mm256_set1_epi16((short)t->deep_signal);
	__m256i b = _mm256_subs_epu16(_mm256_mullo_epi16(p, _mm256_set1_epi16(FLAT_WINDOW)), sum);
	__m256i shifted = _mm256_sll_epi16(_mm256_min_epu16(b, most), _mm_cvtsi32_si128(t->deep_shift));
	__m256i left = _mm256_mulhi_epu16(shifted, shifted), right = _mm256_mulhi_epu16(sum, signal);
	__m256i not_less = _mm256_cmpeq_epi16(_mm256_max_epu16(left, right), left), none = _mm256_cmpeq_epi16(b, _mm256_setzero_si256());

	return _mm256_or_si256(_mm256_andnot_si256(none, not_less), _mm256_cmpeq_epi16(p, _mm256_set1_epi16((short)clip)));
}

/* A bit per pixel. */
static ALWAYS_INLINE uint32_t stand_out(const struct flat_plan *t, struct halves p, struct halves sum, unsigned clip)
{
	__m256i even = stands_out(t, p.even, sum.even, clip), odd = stands_out(t, p.odd, sum.odd, clip);

	return (uint32_t)_mm256_movemask_epi8(_mm256_blendv_epi8(even, odd, _mm256_set1_epi16((short)0xff00)));
}

/* Returns whether most column sums are large. */
static ALWAYS_INLINE bool find_chunk(const struct columns *c, const struct flat_plan *t, __m256i before, bool sums_16)
{
	__m256i most = _mm256_setzero_si256();
	uint32_t bits[VECTORS];

	for (unsigned i = 0; i < VECTORS; i++) {
		__m256i d = roll(c, i * VECTOR);

		if (sums_16)
			bits[i] = stand_out(t, widen(load(c->centre + i * VECTOR)), sums_of_7(before, d), FLAT_CLIP);
		else
			bits[i] = compare(c, i * VECTOR, thresholds_8(t, before, d));
		most = _mm256_max_epu8(most, d);
		before = d;
	}
	for (unsigned i = 0; i < WORDS; i++)
		c->candidates[i] = (bits[2 * i] | (uint64_t)bits[2 * i + 1] << 32) & c->window[i];
	most = _mm256_subs_epu8(most, _mm256_set1_epi8(LARGE_COLUMN));
	return (uint32_t)_mm_popcnt_u32((uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(most, _mm256_setzero_si256()))) < VECTOR / 2;
}

static bool any_word(const uint64_t words[WORDS])
{
	uint64_t any = 0;

	for (unsigned i = 0; i < WORDS; i++)
		any |= words[i];
	return any != 0;
}

static ALWAYS_INLINE struct columns columns_at(const struct flat_queue *f, int64_t n)
{
	int64_t width = f->plan->shape.width;
	struct columns c = {
		.in = flat_pixels(f, n),
		.gone = flat_pixels(f, n - 7 * width),
		.above = flat_columns(f, n - width),
		.centre = flat_pixels(f, n - 3 * width - 3),
		.out = flat_columns(f, n),
	};

	c.copy = c.out == f->columns ? f->column_pixels : 0;
	return c;
}

static void find_candidates(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		__m256i before = load(flat_columns(f, n - VECTOR));
		struct columns c = columns_at(f, n);

		c.window = f->window + i * WORDS;
		c.candidates = f->candidates + i * WORDS;
		if (!any_word(c.window))
			roll_only(&c);
		else if (f->sums_16)
			f->sums_16 = find_chunk(&c, f->tables, before, true);
		else
			f->sums_16 = find_chunk(&c, f->tables, before, false);
	}
}

/* Deep: low + 2^FLAT_DEEP_BITS high. */
static ALWAYS_INLINE struct halves join(struct halves low, struct halves high)
{
	return (struct halves){_mm256_add_epi16(low.even, _mm256_slli_epi16(high.even, FLAT_DEEP_BITS)),
			       _mm256_add_epi16(low.odd, _mm256_slli_epi16(high.odd, FLAT_DEEP_BITS))};
}

static ALWAYS_INLINE void find_chunk_deep(const struct flat_plan *t, const struct columns *low, const struct columns *high, __m256i low_before,
					  __m256i high_before)
{
	uint32_t bits[VECTORS];

	for (unsigned i = 0; i < VECTORS; i++) {
		__m256i l = roll(low, i * VECTOR), h = roll(high, i * VECTOR);
		struct halves p = join(widen(load(low->centre + i * VECTOR)), widen(load(high->centre + i * VECTOR)));

		bits[i] = stand_out(t, p, join(sums_of_7(low_before, l), sums_of_7(high_before, h)), FLAT_DEEP_CLIP);
		low_before = l;
		high_before = h;
	}
	for (unsigned i = 0; i < WORDS; i++)
		low->candidates[i] = bits[2 * i] | (uint64_t)bits[2 * i + 1] << 32;
}

static void find_candidates_deep(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		struct columns low = columns_at(f, n), high = columns_at(f->upper, n);

		low.candidates = f->candidates + i * WORDS;
		find_chunk_deep(f->tables, &low, &high, load(flat_columns(f, n - VECTOR)), load(flat_columns(f->upper, n - VECTOR)));
	}
}

/* Most words hold up to two: no branch tells how many. */
static uint32_t list_candidates(const uint64_t *words, uint32_t n_words, uint16_t *list)
{
	uint16_t *at = list;

	for (uint32_t i = 0; i < n_words; i++) {
		uint64_t bits = words[i], rest = bits & (bits - 1);
		uint16_t *next = at + _mm_popcnt_u64(bits);

		*at++ = (uint16_t)(64 * i + _tzcnt_u64(bits));
		*at++ = (uint16_t)(64 * i + _tzcnt_u64(rest));
		for (rest &= rest - 1; rest; rest &= rest - 1)
			*at++ = (uint16_t)(64 * i + _tzcnt_u64(rest));
		at = next;
	}
	return (uint32_t)(at - list);
}

/* The rows of windows from the first pixel of a block's first window on, in one ring or both. */
struct window_rows {
	const uint8_t *low[7], *high[7];
};

/* Which pixels of the window at `at` are clipped: bit 8 * row + column. */
static ALWAYS_INLINE uint64_t clipped_pixels(const struct window_rows *rows, uint32_t at, bool deep)
{
	uint64_t clipped = 0;

	for (unsigned i = 0; i < 7; i++) {
		__m128i v = _mm_loadl_epi64((const __m128i *)(rows->low[i] + at));

		if (deep)
			v = _mm_and_si128(v, _mm_loadl_epi64((const __m128i *)(rows->high[i] + at)));
		v = _mm_cmpeq_epi8(v, _mm_set1_epi8(FLAT_CLIP));
		clipped |= (uint64_t)(_mm_movemask_epi8(v) & 0x7f) << 8 * i;
	}
	return clipped;
}

/* Sums over four windows; bright: the highest byte, deep of bits that both bytes of a pixel have. */
struct four_windows {
	__m256i sum, squares, bright;
};

static ALWAYS_INLINE __m256i add_products(__m256i to, __m256i a, __m256i b)
{
	return _mm256_add_epi32(to, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), _mm256_set1_epi16(1)));
}

/* Seven bytes at each of four places. Faster than a gather. */
static ALWAYS_INLINE __m256i load_four(const uint8_t *row, const uint16_t *list)
{
	const __m256i seven = _mm256_set1_epi64x(0x00ffffffffffffff);
	__m128d low = _mm_loadh_pd(_mm_load_sd((const double *)(row + list[0])), (const double *)(row + list[1]));
	__m128d high = _mm_loadh_pd(_mm_load_sd((const double *)(row + list[2])), (const double *)(row + list[3]));

	return _mm256_and_si256(_mm256_set_m128i(_mm_castpd_si128(high), _mm_castpd_si128(low)), seven);
}

static ALWAYS_INLINE struct four_windows sum_four(const struct window_rows *rows, const uint16_t *list, bool deep)
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i mixed = zero, upper = zero;
	struct four_windows w = {zero, zero, zero};

	for (unsigned i = 0; i < 7; i++) {
		__m256i low = load_four(rows->low[i], list), high = low;

		w.sum = _mm256_add_epi64(w.sum, _mm256_sad_epu8(low, zero));
		w.squares = add_products(w.squares, low, low);
		if (deep) {
			high = load_four(rows->high[i], list);
			w.sum = _mm256_add_epi64(w.sum, _mm256_slli_epi64(_mm256_sad_epu8(high, zero), FLAT_DEEP_BITS));
			mixed = add_products(mixed, low, high);
			upper = add_products(upper, high, high);
		}
		w.bright = _mm256_max_epu8(w.bright, _mm256_and_si256(low, high));
	}
	if (deep)
		w.squares = _mm256_add_epi32(w.squares, _mm256_add_epi32(_mm256_slli_epi32(mixed, FLAT_DEEP_BITS + 1),
									 _mm256_slli_epi32(upper, 2 * FLAT_DEEP_BITS)));
	w.squares = _mm256_add_epi64(_mm256_srli_epi64(w.squares, 32), _mm256_and_si256(w.squares, _mm256_set1_epi64x(0xffffffff)));
	return w;
}

/* Up to four candidates, a qword each. A clipped window always passes. */
static ALWAYS_INLINE void test_four(struct flat_queue *f, int64_t centre, const struct window_rows *rows, const uint16_t *list, uint32_t n, bool deep)
{
	const __m256i m = _mm256_set1_epi64x(FLAT_WINDOW), flat = _mm256_set1_epi64x(f->tables->flat_q8), clip = _mm256_set1_epi8(FLAT_CLIP);
	struct four_windows w = sum_four(rows, list, deep);
	__m256i left = _mm256_sub_epi64(_mm256_mul_epu32(w.squares, m), _mm256_mul_epu32(w.sum, w.sum));
	__m256i right = _mm256_srli_epi64(_mm256_mul_epu32(w.sum, flat), 8);
	__m256i none_clipped = _mm256_cmpeq_epi64(_mm256_cmpeq_epi8(w.bright, clip), _mm256_setzero_si256());
	_Alignas(32) uint64_t sums[4], squares[4];
	uint32_t pass;

	pass = (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(left, right)));
	pass |= ~(uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(none_clipped));
	pass = _bzhi_u32(pass, n);
	_mm256_store_si256((__m256i *)sums, w.sum);
	_mm256_store_si256((__m256i *)squares, w.squares);
	for (; pass; pass &= pass - 1) {
		uint32_t i = (uint32_t)_tzcnt_u32(pass);

		flat_decide(f, centre + list[i], sums[i], squares[i], clipped_pixels(rows, list[i], deep));
	}
}

static ALWAYS_INLINE void test_all(struct flat_queue *f, int64_t n, uint32_t n_chunks, bool deep)
{
	int64_t width = f->plan->shape.width;
	uint32_t n_list = list_candidates(f->candidates, n_chunks * WORDS, f->list);
	struct window_rows rows;

	for (unsigned i = 0; i < 7; i++) {
		rows.low[i] = flat_pixels(f, n - 6 - (6 - (int64_t)i) * width);
		rows.high[i] = deep ? flat_pixels(f->upper, n - 6 - (6 - (int64_t)i) * width) : NULL;
	}
	memset(f->list + n_list, 0, 4 * sizeof *f->list);
	for (uint32_t i = 0; i < n_list; i += 4)
		test_four(f, n - 3 - 3 * width, &rows, f->list + i, n_list - i < 4 ? n_list - i : 4, deep);
}

static void test_candidates(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	test_all(f, n, n_chunks, false);
}

static void test_candidates_deep(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	test_all(f, n, n_chunks, true);
}

const struct flat_level flat_level_avx2 = {
	.lz4 = lz4_block_avx2,
	.planes = flat_planes_avx2,
	.take = {flat_take_u8_avx2, flat_take_u16_avx2, flat_take_u32_avx2},
	.bins = flat_bins_avx2,
	.empty_sums = flat_empty_sums_avx2,
	.spread = spread_bits,
	.windows = find_candidates,
	.decide = test_candidates,
	.take_deep = {NULL, flat_take_deep_u16_avx2, flat_take_deep_u32_avx2},
	.windows_deep = find_candidates_deep,
	.decide_deep = test_candidates_deep,
};
#endif
