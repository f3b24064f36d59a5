/* flat_bins_avx2.c - radial sums with AVX2 and BMI2 (kernels/cpu/flat.h): as flat_bins_avx512.c, but running sums are packed 8 pixels at a time. */
#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#include "kernels/cpu/flat.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Running sums of 32 pixels: low and high bytes. */
struct running {
	__m256i low, high;
};

/* *before: the sum before them in every qword; moves on. */
static ALWAYS_INLINE struct running run_sums(__m256i pixels, __m256i *before)
{
	const __m256i zero = _mm256_setzero_si256(), first = _mm256_setr_epi64x(0, 0x0808080808080808, 0, 0x0808080808080808);
	__m256i sums = _mm256_sad_epu8(pixels, zero), up_to = _mm256_add_epi64(sums, _mm256_slli_si256(sums, 8));
	__m256i low_half = _mm256_permute4x64_epi64(up_to, 0x55), start, start_low, inside = pixels;
	struct running r;

	up_to = _mm256_add_epi64(up_to, _mm256_blend_epi32(zero, low_half, 0xf0));
	start = _mm256_add_epi64(*before, _mm256_sub_epi64(up_to, sums));
	start_low = _mm256_shuffle_epi8(start, first);
	inside = _mm256_add_epi8(inside, _mm256_slli_epi64(inside, 8));
	inside = _mm256_add_epi8(inside, _mm256_slli_epi64(inside, 16));
	inside = _mm256_add_epi8(inside, _mm256_slli_epi64(inside, 32));
	r.low = _mm256_add_epi8(inside, start_low);
	r.high = _mm256_shuffle_epi8(start, _mm256_add_epi8(first, _mm256_set1_epi8(1)));
	r.high = _mm256_sub_epi8(r.high, _mm256_xor_si256(_mm256_cmpeq_epi8(_mm256_max_epu8(r.low, start_low), r.low), _mm256_set1_epi8(-1)));
	*before = _mm256_add_epi64(*before, _mm256_permute4x64_epi64(up_to, 0xff));
	return r;
}

/* The bytes of v at the bits of `ends`, packed. */
static ALWAYS_INLINE uint8_t *pack(__m256i v, uint32_t ends, uint8_t *out)
{
	_Alignas(32) uint64_t eight[4];

	_mm256_store_si256((__m256i *)eight, v);
	for (unsigned i = 0; i < 4; i++, ends >>= 8) {
		uint64_t bits = ends & 0xff, packed = _pext_u64(eight[i], _pdep_u64(bits, 0x0101010101010101) * 0xff);

		memcpy(out, &packed, sizeof packed);
		out += _mm_popcnt_u64(bits);
	}
	return out;
}

static uint32_t pack_block(struct flat_queue *f, int64_t n, uint32_t n_groups)
{
	const uint64_t *ends = f->tables->run_ends + n / FLAT_GROUP;
	const uint8_t *wide = f->tables->wide_groups + n / FLAT_GROUP / 8, *pixels = flat_pixels(f, n);
	uint8_t *low = f->ends[0] + FLAT_VECTOR;
	ptrdiff_t to_high = f->ends[1] - f->ends[0];
	__m256i before = _mm256_set1_epi64x((long long)f->running_sum);

	for (uint32_t g = 0; g < n_groups; g++)
		for (unsigned part = 0; part < 2; part++) {
			struct running r = run_sums(_mm256_load_si256((const __m256i *)(pixels + g * FLAT_GROUP + 32 * part)), &before);
			uint32_t bits = (uint32_t)(ends[g] >> 32 * part);

			if (wide[g / 8] >> g % 8 & 1)
				pack(r.high, bits, low + to_high);
			low = pack(r.low, bits, low);
		}
	f->running_sum = (uint64_t)_mm256_extract_epi64(before, 0);
	return (uint32_t)(low - f->ends[0] - FLAT_VECTOR);
}

static ALWAYS_INLINE void add_16(uint16_t *to, __m256i v)
{
	_mm256_storeu_si256((__m256i *)to, _mm256_add_epi16(_mm256_loadu_si256((const __m256i *)to), v));
}

void flat_empty_sums_avx2(struct flat_queue *f)
{
	for (unsigned way = 0; way < 2; way++) {
		for (uint32_t i = 0; i < f->tables->n_slots; i++)
			f->sum_32[way][i] += f->sum_16[way][i];
		memset(f->sum_16[way], 0, f->tables->n_slots * sizeof *f->sum_16[way]);
	}
	f->n_pieces = 0;
}

/* All ones in the first n bytes of 32. */
static ALWAYS_INLINE __m256i first_bytes(uint32_t n)
{
	static const uint8_t steps[64] = {
#define EIGHT 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
		EIGHT, EIGHT, EIGHT, EIGHT
	};

	return _mm256_loadu_si256((const __m256i *)(steps + 32 - (n < 32 ? n : 32)));
}

static ALWAYS_INLINE __m256i load(const uint8_t *at)
{
	return _mm256_loadu_si256((const __m256i *)at);
}

static ALWAYS_INLINE void add_narrow(uint16_t *sums, uint32_t slot, const uint8_t *low, uint32_t n)
{
	uint16_t *to = sums + slot;

	for (uint32_t i = 0; i < n; i += 32) {
		__m256i d = _mm256_and_si256(first_bytes(n - i), _mm256_sub_epi8(load(low + i), load(low + i - 1)));

		add_16(to + i, _mm256_cvtepu8_epi16(_mm256_castsi256_si128(d)));
		add_16(to + i + 16, _mm256_cvtepu8_epi16(_mm256_extracti128_si256(d, 1)));
	}
}

static ALWAYS_INLINE void add_wide(uint32_t *to, const uint8_t *low, const uint8_t *high, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *l = low + i, *h = high + i;

		to[i] += (uint16_t)((l[0] | h[0] << 8) - (l[-1] | h[-1] << 8));
	}
}

/* The next sums, one for every bit, to the slots of the bits. */
static ALWAYS_INLINE void add_spread(uint16_t *to, const uint8_t *low, uint64_t slots)
{
	for (; slots; slots >>= 8, to += 8) {
		uint64_t bits = slots & 0xff, bytes = _pdep_u64(bits, 0x0101010101010101) * 0xff;
		__m128i d = _mm_sub_epi8(_mm_loadl_epi64((const __m128i *)low), _mm_loadl_epi64((const __m128i *)(low - 1)));
		__m128i v = _mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)_pdep_u64((uint64_t)_mm_cvtsi128_si64(d), bytes)));

		_mm_storeu_si128((__m128i *)to, _mm_add_epi16(_mm_loadu_si128((const __m128i *)to), v));
		low += _mm_popcnt_u64(bits);
	}
}

/* The first n of the bits. */
static ALWAYS_INLINE uint64_t first_bits(uint64_t bits, uint32_t n)
{
	return n < 64 ? _pdep_u64((UINT64_C(1) << n) - 1, bits) : bits;
}

#define LEVEL(name) name##_avx2
#include "kernels/cpu/flat_bins_body.inc"
#endif
