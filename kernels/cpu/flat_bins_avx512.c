/* flat_bins_avx512.c - radial sums with AVX-512 (kernels/cpu/flat.h).
 *
 * No pixel is scattered: 64 pixels at a time become running sums, modulo 256, of which those at the ends of runs are packed together. A run's sum is the
 * difference of two neighbours there, and the runs of a segment belong to bins side by side, so that whole vectors are added. */
#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#include "kernels/cpu/flat.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define AHEAD_BYTES 1024u /* of the ends: a block or two, which come from far */

/* Sums of the qwords before each one: bytes i < j of the eight sums, which fit a byte each, in qword j. */
static ALWAYS_INLINE __m512i sums_before(__m512i sums)
{
	const __m512i gather = _mm512_set1_epi64(0x3830282018100800);

	return _mm512_sad_epu8(_mm512_maskz_permutexvar_epi8(0x7f3f1f0f07030100, gather, sums), _mm512_setzero_si512());
}

static ALWAYS_INLINE __m512i broadcast_byte(__m512i qwords, unsigned byte)
{
	const __m512i first = _mm512_set4_epi32(0x08080808, 0x08080808, 0, 0);

	return _mm512_shuffle_epi8(qwords, _mm512_add_epi8(first, _mm512_set1_epi8((char)byte)));
}

/* Packs a group's running sums at the ends of its runs to low and, where wide, high. *before: the sum before the group in every qword. */
static ALWAYS_INLINE void pack_group(__m512i pixels, uint64_t ends, bool wide, __m512i *before, uint8_t *low, uint8_t *high)
{
	const __m512i last = _mm512_set1_epi64(7);
	__m512i sums = _mm512_sad_epu8(pixels, _mm512_setzero_si512()), inside = sums_before(sums);
	__m512i start = _mm512_add_epi64(*before, inside), start_low = broadcast_byte(start, 0);
	__m512i up_to = _mm512_mullo_epi64(pixels, _mm512_set1_epi64(0x0101010101010101));

	up_to = _mm512_add_epi8(up_to, start_low);
	*before = _mm512_add_epi64(*before, _mm512_permutexvar_epi64(last, _mm512_add_epi64(inside, sums)));
	_mm512_storeu_si512(low, _mm512_maskz_compress_epi8(ends, up_to));
	if (__builtin_expect(wide, 0)) {
		__m512i start_high = broadcast_byte(start, 1);
		__mmask64 carried = _mm512_cmplt_epu8_mask(up_to, start_low);

		start_high = _mm512_mask_add_epi8(start_high, carried, start_high, _mm512_set1_epi8(1));
		_mm512_storeu_si512(high, _mm512_maskz_compress_epi8(ends, start_high));
	}
}

static uint32_t pack_block(struct flat_queue *f, int64_t n, uint32_t n_groups)
{
	const uint64_t *ends = f->tables->run_ends + n / FLAT_GROUP;
	const uint8_t *wide = f->tables->wide_groups + n / FLAT_GROUP / 8, *pixels = flat_pixels(f, n);
	uint8_t *low = f->ends[0] + FLAT_VECTOR;
	ptrdiff_t to_high = f->ends[1] - f->ends[0];
	__m512i before = _mm512_set1_epi64((long long)f->running_sum);

	for (uint32_t g = 0; g < n_groups; g += 8)
		_mm_prefetch((const char *)(ends + g) + AHEAD_BYTES, _MM_HINT_T0);
	for (uint32_t g = 0; g < n_groups; g++) {
		pack_group(_mm512_load_si512(pixels + g * FLAT_GROUP), ends[g], wide[g / 8] >> g % 8 & 1, &before, low, low + to_high);
		low += _mm_popcnt_u64(ends[g]);
	}
	f->running_sum = (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(before));
	return (uint32_t)(low - f->ends[0] - FLAT_VECTOR);
}

/* Sums of 64 slots: those of even ones, then those of odd ones. */
static ALWAYS_INLINE void add_16(uint16_t *to, __m512i bytes)
{
	__m512i even = _mm512_and_si512(bytes, _mm512_set1_epi16(255)), odd = _mm512_srli_epi16(bytes, 8);

	_mm512_store_si512(to, _mm512_add_epi16(_mm512_load_si512(to), even));
	_mm512_store_si512(to + 32, _mm512_add_epi16(_mm512_load_si512(to + 32), odd));
}

static ALWAYS_INLINE void add_32(uint32_t *to, __m512i v)
{
	_mm512_storeu_si512(to, _mm512_add_epi32(_mm512_loadu_si512(to), v));
}

/* Words of two vectors, one from each in turn, 16 of either from word 16 * half on. */
static ALWAYS_INLINE __m512i in_turn(__m512i even, __m512i odd, unsigned half)
{
	__m512i e = _mm512_cvtepu16_epi32(half ? _mm512_extracti64x4_epi64(even, 1) : _mm512_castsi512_si256(even));
	__m512i o = _mm512_cvtepu16_epi32(half ? _mm512_extracti64x4_epi64(odd, 1) : _mm512_castsi512_si256(odd));

	return _mm512_or_si512(e, _mm512_slli_epi32(o, 16));
}

void flat_empty_sums_avx512(struct flat_queue *f)
{
	for (unsigned way = 0; way < 2; way++)
		for (uint32_t i = 0; i < f->tables->n_slots; i += 64) {
			__m512i even = _mm512_load_si512(f->sum_16[way] + i), odd = _mm512_load_si512(f->sum_16[way] + i + 32);

			for (unsigned half = 0; half < 2; half++) {
				__m512i sums = in_turn(even, odd, half);

				add_32(f->sum_32[way] + i + 32 * half, _mm512_cvtepu16_epi32(_mm512_castsi512_si256(sums)));
				add_32(f->sum_32[way] + i + 32 * half + 16, _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(sums, 1)));
			}
			_mm512_store_si512(f->sum_16[way] + i, _mm512_setzero_si512());
			_mm512_store_si512(f->sum_16[way] + i + 32, _mm512_setzero_si512());
		}
	f->n_pieces = 0;
}

/* n sums to slots from `slot` on. */
static ALWAYS_INLINE void add_narrow(uint16_t *sums, uint32_t slot, const uint8_t *low, uint32_t n)
{
	uint32_t before = slot % 64, end = before + n;
	__mmask64 there = ~UINT64_C(0) << before;

	low -= before;
	for (uint32_t i = 0; i < end; i += 64, there = ~UINT64_C(0)) {
		if (end - i < 64)
			there = _bzhi_u64(there, end - i);
		add_16(sums + slot - before + i, _mm512_maskz_sub_epi8(there, _mm512_loadu_si512(low + i), _mm512_loadu_si512(low + i - 1)));
	}
}

/* The next sums, one for every bit, to the slots of the bits. */
static ALWAYS_INLINE void add_spread(uint16_t *to, const uint8_t *low, uint64_t slots)
{
	__m512i d = _mm512_sub_epi8(_mm512_loadu_si512(low), _mm512_loadu_si512(low - 1));

	add_16(to, _mm512_maskz_expand_epi8(slots, d));
}

static ALWAYS_INLINE __m512i join_bytes(const uint8_t *low, const uint8_t *high)
{
	__m512i l = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)low));
	__m512i h = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)high));

	return _mm512_or_si512(l, _mm512_slli_epi16(h, 8));
}

static ALWAYS_INLINE void add_wide(uint32_t *to, const uint8_t *low, const uint8_t *high, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += 32) {
		__mmask32 there = n - i < 32 ? _bzhi_u32(~0u, n - i) : ~0u;
		__m512i d = _mm512_maskz_sub_epi16(there, join_bytes(low + i, high + i), join_bytes(low + i - 1, high + i - 1));

		add_32(to + i, _mm512_cvtepu16_epi32(_mm512_castsi512_si256(d)));
		add_32(to + i + 16, _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(d, 1)));
	}
}

/* The first n of the bits. */
static ALWAYS_INLINE uint64_t first_bits(uint64_t bits, uint32_t n)
{
	return n < 64 ? _pdep_u64((UINT64_C(1) << n) - 1, bits) : bits;
}

#define LEVEL(name) name##_avx512
#include "kernels/cpu/flat_bins_body.inc"
#endif
