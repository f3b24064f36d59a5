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

/* The same in 16 bits, even and odd pixels apart, up to 1023. */
static ALWAYS_INLINE __m512i windows_16(const struct columns *c, const uint8_t *stands_out, __m512i before)
{
	const __m512i by_6 = moved_bytes(6), by_1 = moved_words(1), by_2 = moved_words(2), ones = _mm512_set1_epi8(1);
	const __m512i table = _mm512_load_si512(stands_out), table_2 = _mm512_load_si512(stands_out + 64), top = _mm512_set1_epi16(1023);
	__m512i pairs_before = _mm512_maddubs_epi16(before, ones), most = _mm512_setzero_si512();

	for (unsigned g = 0; g < GROUPS; g++) {
		__m512i d = roll(c, g), sixth = _mm512_permutex2var_epi8(before, by_6, d), pairs = _mm512_maddubs_epi16(d, ones);
		__m512i fours = _mm512_add_epi16(_mm512_permutex2var_epi16(pairs_before, by_1, pairs),
						 _mm512_permutex2var_epi16(pairs_before, by_2, pairs));
		__m512i odd = _mm512_add_epi16(_mm512_add_epi16(pairs, fours), _mm512_srli_epi16(sixth, 8));
		__m512i even = _mm512_add_epi16(_mm512_add_epi16(fours, _mm512_maddubs_epi16(sixth, ones)),
						_mm512_and_si512(d, _mm512_set1_epi16(255)));
		__m512i index = _mm512_mask_mov_epi8(_mm512_srli_epi16(_mm512_min_epu16(even, top), 3), 0xaaaaaaaaaaaaaaaa,
						     _mm512_slli_epi16(_mm512_min_epu16(odd, top), 5));

		compare(c, g, _mm512_permutex2var_epi8(table, index, table_2));
		most = _mm512_max_epu8(most, d);
		before = d;
		pairs_before = pairs;
	}
	return most;
}

static void find_candidates(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	int64_t width = f->plan->shape.width;

	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		__m512i window = _mm512_load_si512(f->window + i * GROUPS), before = _mm512_load_si512(flat_columns(f, n - 64)), most;
		struct columns c = {
			.in = flat_pixels(f, n),
			.gone = flat_pixels(f, n - 7 * width),
			.above = flat_columns(f, n - width),
			.centre = flat_pixels(f, n - 3 * width - 3),
			.out = flat_columns(f, n),
			.window = f->window + i * GROUPS,
			.candidates = f->candidates + i * GROUPS,
		};

		c.copy = c.out == f->columns ? f->column_pixels : 0;
		if (!_mm512_test_epi64_mask(window, window)) {
			roll_only(&c);
			continue;
		}
		most = f->sums_16 ? windows_16(&c, f->tables->stands_out_16, before) : windows_8(&c, f->tables->stands_out_8, before);
		f->sums_16 = _mm_popcnt_u64(_mm512_cmpgt_epu8_mask(most, _mm512_set1_epi8(LARGE_COLUMN))) > 32;
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

/* Which pixels of the window at `at` are clipped: bit 8 * row + column. */
static uint64_t clipped_pixels(const uint8_t *const row[7], uint32_t at)
{
	_Alignas(FLAT_VECTOR) uint64_t bytes[8] = {0};

	for (unsigned i = 0; i < 7; i++)
		memcpy(&bytes[i], row[i] + at, 7);
	return _mm512_cmpeq_epi8_mask(_mm512_load_si512(bytes), _mm512_set1_epi8(FLAT_CLIP));
}

/* Up to eight candidates, a qword each. A clipped window always passes. */
static ALWAYS_INLINE void test_eight(struct flat_queue *f, int64_t centre, const uint8_t *const row[7], const uint16_t *list, uint32_t n)
{
	const __m512i seven = _mm512_set1_epi64(0x00ffffffffffffff), zero = _mm512_setzero_si512(), m = _mm512_set1_epi64(FLAT_WINDOW);
	const __m512i flat = _mm512_set1_epi64(f->tables->flat_q8), clip = _mm512_set1_epi8(FLAT_CLIP);
	__m512i at = _mm512_cvtepu16_epi64(_mm_loadu_si128((const __m128i *)list)), x = zero, pairs = zero, most = zero, y, left, right;
	_Alignas(FLAT_VECTOR) uint64_t sums[8], squares[8];
	__mmask64 clipped;
	uint32_t pass;

	for (unsigned i = 0; i < 7; i++) {
		__m512i v = _mm512_and_si512(_mm512_i64gather_epi64(at, row[i], 1), seven);

		x = _mm512_add_epi64(x, _mm512_sad_epu8(v, zero));
		pairs = _mm512_dpbusd_epi32(pairs, v, v);
		most = _mm512_max_epu8(most, v);
	}
	y = _mm512_add_epi64(_mm512_srli_epi64(pairs, 32), _mm512_and_si512(pairs, _mm512_set1_epi64(0xffffffff)));
	left = _mm512_sub_epi64(_mm512_mul_epu32(y, m), _mm512_mul_epu32(x, x));
	right = _mm512_srli_epi64(_mm512_mul_epu32(x, flat), 8);
	clipped = _mm512_cmpeq_epi8_mask(most, clip);
	pass = _mm512_cmpgt_epi64_mask(left, right) | _mm512_test_epi64_mask(_mm512_movm_epi8(clipped), clip);
	pass = _bzhi_u32(pass, n);
	if (__builtin_expect(pass == 0, 1))
		return;
	_mm512_store_si512(sums, x);
	_mm512_store_si512(squares, y);
	for (; pass; pass &= pass - 1) {
		uint32_t i = (uint32_t)_tzcnt_u32(pass);

		flat_decide(f, centre + list[i], sums[i], squares[i], clipped ? clipped_pixels(row, list[i]) : 0);
	}
}

static void test_candidates(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	int64_t width = f->plan->shape.width;
	uint32_t n_list = list_candidates(f->candidates, n_chunks, f->list);
	const uint8_t *row[7];

	for (unsigned i = 0; i < 7; i++)
		row[i] = flat_pixels(f, n - 6 - (6 - (int64_t)i) * width);
	memset(f->list + n_list, 0, 8 * sizeof *f->list);
	for (uint32_t i = 0; i < n_list; i += 8)
		test_eight(f, n - 3 - 3 * width, row, f->list + i, n_list - i < 8 ? n_list - i : 8);
}

const struct flat_level flat_level_avx512 = {
	.lz4 = lz4_block_avx512,
	.take = {flat_take_u8_avx512, flat_take_u16_avx512, flat_take_u32_avx512},
	.bins = flat_bins_avx512,
	.empty_sums = flat_empty_sums_avx512,
	.spread = spread_bits,
	.windows = find_candidates,
	.decide = test_candidates,
};
#endif
