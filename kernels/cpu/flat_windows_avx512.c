/* flat_windows_avx512.c - windows of 7 x 7 pixels with AVX-512 (kernels/cpu/flat.h): which pixels may be strong.
 *
 * A window goes by the index of its newest pixel, the lower right one; its centre is 3 rows and 3 pixels before that. */
#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#include "kernels/cpu/flat.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define GROUPS (FLAT_CHUNK / FLAT_GROUP)
#define LARGE_COLUMN 36 /* more in most columns, and sums of 7 pass a byte */

static const uint8_t iota[64] __attribute__((aligned(64))) = {
#define EIGHT(n) n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7
	EIGHT(0), EIGHT(8), EIGHT(16), EIGHT(24), EIGHT(32), EIGHT(40), EIGHT(48), EIGHT(56)
};

/* 512 bits moved up by n <= 63, filled from those before them. */
static ALWAYS_INLINE __m512i bits_before(__m512i bits, __m512i before, unsigned n)
{
	return _mm512_shldv_epi64(bits, _mm512_alignr_epi64(bits, before, 7), _mm512_set1_epi64(n));
}

/* 512 bits of a ring from bit n on. */
static ALWAYS_INLINE __m512i load_bits(const struct flat_queue *f, const uint8_t *ring, int64_t n)
{
	uint64_t at = (uint64_t)n & (f->ring_pixels - 1);
	const uint8_t *from = ring + at / 8;

	return _mm512_shrdv_epi64(_mm512_loadu_si512(from), _mm512_loadu_si512(from + 8), _mm512_set1_epi64((long long)(at % 8)));
}

static ALWAYS_INLINE void store_bits(const struct flat_queue *f, uint8_t *ring, int64_t n, __m512i bits)
{
	uint64_t at = ((uint64_t)n & (f->ring_pixels - 1)) / 8;

	_mm512_store_si512(ring + at, bits);
	if (at < FLAT_BITS_SLACK)
		_mm512_store_si512(ring + f->ring_pixels / 8 + at, bits);
}

static void spread_bits(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	int64_t width = f->plan->shape.width;
	__m512i ones = _mm512_loadu_si512(f->seen_before[0]), twos = _mm512_loadu_si512(f->seen_before[1]);
	__m512i fours = _mm512_loadu_si512(f->seen_before[2]);

	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		__m512i one = _mm512_load_si512(f->seen + i * GROUPS), two = _mm512_or_si512(one, bits_before(one, ones, 1));
		__m512i four = _mm512_or_si512(two, bits_before(two, twos, 2)), seven = _mm512_or_si512(four, bits_before(four, fours, 3));

		ones = one;
		twos = two;
		fours = four;
		store_bits(f, f->near[0], n, seven);
		seven = _mm512_or_si512(seven, load_bits(f, f->near[0], n - width));
		store_bits(f, f->near[1], n, seven);
		seven = _mm512_or_si512(seven, load_bits(f, f->near[1], n - 2 * width));
		store_bits(f, f->near[2], n, seven);
		_mm512_store_si512(f->window + i * GROUPS, _mm512_or_si512(seven, load_bits(f, f->near[2], n - 3 * width)));
	}
	_mm512_storeu_si512(f->seen_before[0], ones);
	_mm512_storeu_si512(f->seen_before[1], twos);
	_mm512_storeu_si512(f->seen_before[2], fours);
}

/* Indices that take bytes i - n, of two vectors the first of which lies before the second. */
static ALWAYS_INLINE __m512i moved_bytes(unsigned n)
{
	_Alignas(64) uint8_t index[64];

	for (unsigned i = 0; i < 64; i++)
		index[i] = (uint8_t)(64 + i - n);
	return _mm512_load_si512(index);
}

static ALWAYS_INLINE __m512i moved_words(unsigned n)
{
	_Alignas(64) uint16_t index[32];

	for (unsigned i = 0; i < 32; i++)
		index[i] = (uint16_t)(32 + i - n);
	return _mm512_load_si512(index);
}

/* A chunk's way in and out. */
struct columns {
	const uint8_t *in, *gone, *above, *centre; /* new pixels, those 7 rows up, sums one row up, pixels of the windows' centres */
	uint8_t *out;
	ptrdiff_t copy; /* to where the ring's beginning is repeated, or 0 */
	const uint64_t *window;
	uint64_t *candidates;
};

static ALWAYS_INLINE __m512i roll(const struct columns *c, unsigned g)
{
	__m512i change = _mm512_sub_epi8(_mm512_load_si512(c->in + g * FLAT_GROUP), _mm512_loadu_si512(c->gone + g * FLAT_GROUP));
	__m512i sums = _mm512_add_epi8(change, _mm512_loadu_si512(c->above + g * FLAT_GROUP));

	_mm512_store_si512(c->out + g * FLAT_GROUP, sums);
	if (__builtin_expect(c->copy != 0, 0))
		_mm512_store_si512(c->out + c->copy + g * FLAT_GROUP, sums);
	return sums;
}

static ALWAYS_INLINE void roll_only(const struct columns *c)
{
	for (unsigned g = 0; g < GROUPS; g++)
		roll(c, g);
	_mm512_storeu_si512(c->candidates, _mm512_setzero_si512());
}

static ALWAYS_INLINE void compare(const struct columns *c, unsigned g, __m512i threshold)
{
	c->candidates[g] = _mm512_cmpgt_epu8_mask(_mm512_loadu_si512(c->centre + g * FLAT_GROUP), threshold) & c->window[g];
}

/* Sums of 7 columns in bytes that saturate: too small a sum only lets more pass. Returns the largest column sums. */
static ALWAYS_INLINE __m512i windows_8(const struct columns *c, const uint8_t *stands_out, __m512i before)
{
	const __m512i by_1 = moved_bytes(1), by_2 = moved_bytes(2), by_4 = moved_bytes(4), by_6 = moved_bytes(6);
	const __m512i table = _mm512_load_si512(stands_out), table_2 = _mm512_load_si512(stands_out + 64);
	__m512i pairs_before = _mm512_adds_epu8(before, _mm512_permutexvar_epi8(by_1, before)), most = _mm512_setzero_si512();

	for (unsigned g = 0; g < GROUPS; g++) {
		__m512i d = roll(c, g), pairs = _mm512_adds_epu8(d, _mm512_permutex2var_epi8(before, by_1, d));
		__m512i fours = _mm512_adds_epu8(pairs, _mm512_permutex2var_epi8(pairs_before, by_2, pairs));
		__m512i sixes = _mm512_adds_epu8(fours, _mm512_permutex2var_epi8(pairs_before, by_4, pairs));
		__m512i sum = _mm512_adds_epu8(sixes, _mm512_permutex2var_epi8(before, by_6, d));

		compare(c, g, _mm512_permutex2var_epi8(table, _mm512_srli_epi16(sum, 1), table_2));
		most = _mm512_max_epu8(most, d);
		before = d;
		pairs_before = pairs;
	}
	return most;
}

/* Even and odd entries apart. */
struct halves {
	__m512i even, odd;
};

/* Sums of 7 columns in 16 bits. *pairs: sums of pairs of the columns before, then of these. */
static ALWAYS_INLINE struct halves sums_16(__m512i before, __m512i d, __m512i *pairs)
{
	const __m512i by_6 = moved_bytes(6), by_1 = moved_words(1), by_2 = moved_words(2), ones = _mm512_set1_epi8(1);
	__m512i sixth = _mm512_permutex2var_epi8(before, by_6, d), new = _mm512_maddubs_epi16(d, ones);
	__m512i fours = _mm512_add_epi16(_mm512_permutex2var_epi16(*pairs, by_1, new), _mm512_permutex2var_epi16(*pairs, by_2, new));
	struct halves sum;

	sum.odd = _mm512_add_epi16(_mm512_add_epi16(new, fours), _mm512_srli_epi16(sixth, 8));
	sum.even = _mm512_add_epi16(_mm512_add_epi16(fours, _mm512_maddubs_epi16(sixth, ones)), _mm512_and_si512(d, _mm512_set1_epi16(255)));
	*pairs = new;
	return sum;
}

static ALWAYS_INLINE __m512i pairs_16(__m512i columns)
{
	return _mm512_maddubs_epi16(columns, _mm512_set1_epi8(1));
}

/* The same in 16 bits, up to 1023. */
static ALWAYS_INLINE __m512i windows_16(const struct columns *c, const uint8_t *stands_out, __m512i before)
{
	const __m512i table = _mm512_load_si512(stands_out), table_2 = _mm512_load_si512(stands_out + 64), top = _mm512_set1_epi16(1023);
	__m512i pairs = pairs_16(before), most = _mm512_setzero_si512();

	for (unsigned g = 0; g < GROUPS; g++) {
		__m512i d = roll(c, g);
		struct halves sum = sums_16(before, d, &pairs);
		__m512i index = _mm512_mask_mov_epi8(_mm512_srli_epi16(_mm512_min_epu16(sum.even, top), 3), 0xaaaaaaaaaaaaaaaa,
						     _mm512_slli_epi16(_mm512_min_epu16(sum.odd, top), 5));

		compare(c, g, _mm512_permutex2var_epi8(table, index, table_2));
		most = _mm512_max_epu8(most, d);
		before = d;
	}
	return most;
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
		__m512i window = _mm512_load_si512(f->window + i * GROUPS), before = _mm512_load_si512(flat_columns(f, n - 64)), most;
		struct columns c = columns_at(f, n);

		c.window = f->window + i * GROUPS;
		c.candidates = f->candidates + i * GROUPS;
		if (!_mm512_test_epi64_mask(window, window)) {
			roll_only(&c);
			continue;
		}
		most = f->sums_16 ? windows_16(&c, f->tables->stands_out_16, before) : windows_8(&c, f->tables->stands_out_8, before);
		f->sums_16 = _mm_popcnt_u64(_mm512_cmpgt_epu8_mask(most, _mm512_set1_epi8(LARGE_COLUMN))) > 32;
	}
}

/* Deep: a chunk's lower and upper bytes. */
struct deep_columns {
	struct columns low, high;
};

/* low + 2^FLAT_DEEP_BITS high. */
static ALWAYS_INLINE __m512i join(__m512i low, __m512i high)
{
	return _mm512_add_epi16(low, _mm512_slli_epi16(high, FLAT_DEEP_BITS));
}

static ALWAYS_INLINE struct halves centres(const struct deep_columns *c, unsigned g)
{
	__m512i low = _mm512_loadu_si512(c->low.centre + g * FLAT_GROUP), high = _mm512_loadu_si512(c->high.centre + g * FLAT_GROUP);
	const __m512i byte = _mm512_set1_epi16(255);

	return (struct halves){join(_mm512_and_si512(low, byte), _mm512_and_si512(high, byte)),
			       join(_mm512_srli_epi16(low, 8), _mm512_srli_epi16(high, 8))};
}

/* Whether pixels p may stand out of windows with these sums. Clipped ones always do. */
static ALWAYS_INLINE __mmask32 stands_out(const struct flat_plan *t, __m512i p, __m512i sum)
{
	const __m512i most = _mm512_set1_epi16((short)(0xffffu >> t->deep_shift)), signal = _mm512_set1_epi16((short)t->deep_signal);
	__m512i b = _mm512_subs_epu16(_mm512_mullo_epi16(p, _mm512_set1_epi16(FLAT_WINDOW)), sum);
	__m512i shifted = _mm512_sll_epi16(_mm512_min_epu16(b, most), _mm_cvtsi32_si128(t->deep_shift));
	__mmask32 more = _mm512_mask_cmpge_epu16_mask(_mm512_test_epi16_mask(b, b), _mm512_mulhi_epu16(shifted, shifted), _mm512_mulhi_epu16(sum, signal));

	return more | _mm512_cmpeq_epi16_mask(p, _mm512_set1_epi16(FLAT_DEEP_CLIP));
}

static ALWAYS_INLINE void find_chunk_deep(const struct flat_plan *t, const struct deep_columns *c, __m512i low_before, __m512i high_before)
{
	__m512i low_pairs = pairs_16(low_before), high_pairs = pairs_16(high_before);

	for (unsigned g = 0; g < GROUPS; g++) {
		__m512i low = roll(&c->low, g), high = roll(&c->high, g);
		struct halves low_sum = sums_16(low_before, low, &low_pairs), high_sum = sums_16(high_before, high, &high_pairs);
		struct halves p = centres(c, g);
		__mmask32 even = stands_out(t, p.even, join(low_sum.even, high_sum.even)), odd = stands_out(t, p.odd, join(low_sum.odd, high_sum.odd));

		c->low.candidates[g] = _pdep_u64(even, 0x5555555555555555) | _pdep_u64(odd, 0xaaaaaaaaaaaaaaaa);
		low_before = low;
		high_before = high;
	}
}

static void find_candidates_deep(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		struct deep_columns c = {columns_at(f, n), columns_at(f->upper, n)};

		c.low.candidates = f->candidates + i * GROUPS;
		find_chunk_deep(f->tables, &c, _mm512_load_si512(flat_columns(f, n - 64)), _mm512_load_si512(flat_columns(f->upper, n - 64)));
	}
}

/* The bits of a word that hold something, packed to numbers. */
static ALWAYS_INLINE uint16_t *list_word(uint64_t bits, uint32_t first, uint16_t *list)
{
	const __m512i base = _mm512_set1_epi16((short)first);
	__m512i numbers = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(iota));
	uint32_t n = (uint32_t)_mm_popcnt_u64(bits);

	_mm512_storeu_si512(list, _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(numbers))));
	if (__builtin_expect(n > 32, 0))
		_mm512_storeu_si512(list + 32, _mm512_add_epi16(base, _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(numbers, 1))));
	return list + n;
}

static ALWAYS_INLINE uint32_t list_candidates(const uint64_t *words, uint32_t n_chunks, uint16_t *list)
{
	uint16_t *at = list;

	for (uint32_t first = 0; first < n_chunks; first += 8) {
		uint64_t some = 0;

		for (uint32_t i = 0; i < 8 && first + i < n_chunks; i++) {
			__m512i eight = _mm512_load_si512(words + (first + i) * GROUPS);

			some |= (uint64_t)_mm512_test_epi64_mask(eight, eight) << 8 * i;
		}
		for (; some; some &= some - 1) {
			uint32_t word = first * GROUPS + (uint32_t)_tzcnt_u64(some);

			at = list_word(words[word], 64 * word, at);
		}
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
	_Alignas(FLAT_VECTOR) uint64_t bytes[8] = {0};

	for (unsigned i = 0; i < 7; i++) {
		uint64_t high;

		memcpy(&bytes[i], rows->low[i] + at, 7);
		if (!deep)
			continue;
		memcpy(&high, rows->high[i] + at, sizeof high);
		bytes[i] &= high;
	}
	return _mm512_cmpeq_epi8_mask(_mm512_load_si512(bytes), _mm512_set1_epi8(FLAT_CLIP));
}

/* Two qwords at row + list[0], list[1]. */
static ALWAYS_INLINE __m128i load_two(const uint8_t *row, const uint16_t *list)
{
	__m128i first = _mm_loadl_epi64((const __m128i *)(row + list[0]));

	return _mm_castpd_si128(_mm_loadh_pd(_mm_castsi128_pd(first), (const double *)(row + list[1])));
}

/* Eight of them. A gather takes four times as long. */
static ALWAYS_INLINE __m512i load_eight(const uint8_t *row, const uint16_t *list)
{
	__m256i low = _mm256_set_m128i(load_two(row, list + 2), load_two(row, list));
	__m256i high = _mm256_set_m128i(load_two(row, list + 6), load_two(row, list + 4));

	return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* Sums over eight windows; bright: the highest byte, deep of bits that both bytes of a pixel have. */
struct eight_windows {
	__m512i sum, squares, bright;
};

static ALWAYS_INLINE struct eight_windows sum_eight(const struct window_rows *rows, const uint16_t *list, bool deep)
{
	const __m512i seven = _mm512_set1_epi64(0x00ffffffffffffff), zero = _mm512_setzero_si512();
	__m512i mixed = zero, upper = zero;
	struct eight_windows w = {zero, zero, zero};

	for (unsigned i = 0; i < 7; i++) {
		__m512i low = _mm512_and_si512(load_eight(rows->low[i], list), seven), high = low;

		w.sum = _mm512_add_epi64(w.sum, _mm512_sad_epu8(low, zero));
		w.squares = _mm512_dpbusd_epi32(w.squares, low, low);
		if (deep) {
			high = _mm512_and_si512(load_eight(rows->high[i], list), seven);
			w.sum = _mm512_add_epi64(w.sum, _mm512_slli_epi64(_mm512_sad_epu8(high, zero), FLAT_DEEP_BITS));
			mixed = _mm512_dpbusd_epi32(mixed, low, high);
			upper = _mm512_dpbusd_epi32(upper, high, high);
		}
		w.bright = _mm512_max_epu8(w.bright, _mm512_and_si512(low, high));
	}
	if (deep)
		w.squares = _mm512_add_epi32(w.squares, _mm512_add_epi32(_mm512_slli_epi32(mixed, FLAT_DEEP_BITS + 1),
									 _mm512_slli_epi32(upper, 2 * FLAT_DEEP_BITS)));
	w.squares = _mm512_add_epi64(_mm512_srli_epi64(w.squares, 32), _mm512_and_si512(w.squares, _mm512_set1_epi64(0xffffffff)));
	return w;
}

/* Up to eight candidates, a qword each. A clipped window always passes. */
static ALWAYS_INLINE void test_eight(struct flat_queue *f, int64_t centre, const struct window_rows *rows, const uint16_t *list, uint32_t n, bool deep)
{
	const __m512i m = _mm512_set1_epi64(FLAT_WINDOW), flat = _mm512_set1_epi64(f->tables->flat_q8), clip = _mm512_set1_epi8(FLAT_CLIP);
	struct eight_windows w = sum_eight(rows, list, deep);
	__m512i left = _mm512_sub_epi64(_mm512_mul_epu32(w.squares, m), _mm512_mul_epu32(w.sum, w.sum));
	__m512i right = _mm512_srli_epi64(_mm512_mul_epu32(w.sum, flat), 8);
	__mmask64 clipped = _mm512_cmpeq_epi8_mask(w.bright, clip);
	_Alignas(FLAT_VECTOR) uint64_t sums[8], squares[8];
	uint32_t pass;

	pass = _mm512_cmpgt_epi64_mask(left, right) | _mm512_test_epi64_mask(_mm512_movm_epi8(clipped), clip);
	pass = _bzhi_u32(pass, n);
	if (__builtin_expect(pass == 0, 1))
		return;
	_mm512_store_si512(sums, w.sum);
	_mm512_store_si512(squares, w.squares);
	for (; pass; pass &= pass - 1) {
		uint32_t i = (uint32_t)_tzcnt_u32(pass);

		flat_decide(f, centre + list[i], sums[i], squares[i], clipped ? clipped_pixels(rows, list[i], deep) : 0);
	}
}

static ALWAYS_INLINE void test_all(struct flat_queue *f, int64_t n, uint32_t n_chunks, bool deep)
{
	int64_t width = f->plan->shape.width;
	uint32_t n_list = list_candidates(f->candidates, n_chunks, f->list);
	struct window_rows rows;

	for (unsigned i = 0; i < 7; i++) {
		rows.low[i] = flat_pixels(f, n - 6 - (6 - (int64_t)i) * width);
		rows.high[i] = deep ? flat_pixels(f->upper, n - 6 - (6 - (int64_t)i) * width) : NULL;
	}
	memset(f->list + n_list, 0, 8 * sizeof *f->list);
	for (uint32_t i = 0; i < n_list; i += 8)
		test_eight(f, n - 3 - 3 * width, &rows, f->list + i, n_list - i < 8 ? n_list - i : 8, deep);
}

static void test_candidates(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	test_all(f, n, n_chunks, false);
}

static void test_candidates_deep(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	test_all(f, n, n_chunks, true);
}

const struct flat_level flat_level_avx512 = {
	.lz4 = lz4_block_avx512,
	.planes = flat_planes_avx512,
	.take = {flat_take_u8_avx512, flat_take_u16_avx512, flat_take_u32_avx512},
	.bins = flat_bins_avx512,
	.empty_sums = flat_empty_sums_avx512,
	.spread = spread_bits,
	.windows = find_candidates,
	.decide = test_candidates,
	.take_deep = {NULL, flat_take_deep_u16_avx512, flat_take_deep_u32_avx512},
	.windows_deep = find_candidates_deep,
	.decide_deep = test_candidates_deep,
};
#endif
