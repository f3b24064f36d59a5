/* flat_planes_avx512.c - pixels to bit planes with AVX-512 (kernels/cpu/flat.h), for frames that come without the bit shuffle.
 *
 * Detectors' counts are mostly small: planes of a chunk that hold nothing are only cleared. */
#ifdef __x86_64__
#include <immintrin.h>

#include "kernels/cpu/flat.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define GROUPS (FLAT_CHUNK / FLAT_GROUP)

/* Byte `byte` of every pixel of a group. */
static ALWAYS_INLINE __m512i group_bytes(const uint8_t *pixels, unsigned elem, unsigned byte)
{
	__m512i v;

	if (elem == 1)
		return _mm512_loadu_si512(pixels);
	if (elem == 2) {
		__m512i low = _mm512_srli_epi16(_mm512_loadu_si512(pixels), 8 * byte), high = _mm512_srli_epi16(_mm512_loadu_si512(pixels + 64), 8 * byte);

		return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi16_epi8(low)), _mm512_cvtepi16_epi8(high), 1);
	}
	v = _mm512_castsi128_si512(_mm512_cvtepi32_epi8(_mm512_srli_epi32(_mm512_loadu_si512(pixels), 8 * byte)));
	v = _mm512_inserti32x4(v, _mm512_cvtepi32_epi8(_mm512_srli_epi32(_mm512_loadu_si512(pixels + 64), 8 * byte)), 1);
	v = _mm512_inserti32x4(v, _mm512_cvtepi32_epi8(_mm512_srli_epi32(_mm512_loadu_si512(pixels + 128), 8 * byte)), 2);
	return _mm512_inserti32x4(v, _mm512_cvtepi32_epi8(_mm512_srli_epi32(_mm512_loadu_si512(pixels + 192), 8 * byte)), 3);
}

/* The bits that any pixel of the chunk has. */
static ALWAYS_INLINE uint32_t bits_in_use(const uint8_t *pixels, unsigned elem)
{
	__m512i any = _mm512_setzero_si512();
	uint32_t bits;

	for (unsigned i = 0; i < GROUPS * elem; i++)
		any = _mm512_or_si512(any, _mm512_loadu_si512(pixels + 64 * i));
	bits = (uint32_t)_mm512_reduce_or_epi32(any);
	if (elem < 4)
		bits |= bits >> 16;
	if (elem < 2)
		bits |= bits >> 8;
	return bits;
}

static ALWAYS_INLINE void store_plane(uint8_t *out, size_t pitch, const __m512i v[GROUPS], unsigned bit)
{
	__mmask64 *plane = (__mmask64 *)(out + bit * pitch);

	for (unsigned g = 0; g < GROUPS; g++)
		_store_mask64(plane + g, _mm512_movepi8_mask(_mm512_sll_epi16(v[g], _mm_cvtsi32_si128(7 - (int)bit))));
}

static ALWAYS_INLINE void chunk_to_planes(uint8_t *out, size_t pitch, const uint8_t *pixels, unsigned elem)
{
	uint32_t used = bits_in_use(pixels, elem);

	for (unsigned byte = 0; byte < elem; byte++, used >>= 8, out += 8 * pitch) {
		__m512i v[GROUPS];

		for (unsigned bit = 0; bit < 8; bit++)
			if (!(used >> bit & 1))
				_mm512_storeu_si512(out + bit * pitch, _mm512_setzero_si512());
		if (!(used & 0xff))
			continue;
		for (unsigned g = 0; g < GROUPS; g++)
			v[g] = group_bytes(pixels + (size_t)g * FLAT_GROUP * elem, elem, byte);
		for (uint32_t left = used & 0xff; left; left &= left - 1)
			store_plane(out, pitch, v, (unsigned)_tzcnt_u32(left));
	}
}

void flat_planes_avx512(uint8_t *out, const uint8_t *pixels, uint32_t n_chunks, unsigned elem)
{
	size_t pitch = n_chunks * (size_t)(FLAT_CHUNK / 8);

	for (uint32_t i = 0; i < n_chunks; i++, out += FLAT_CHUNK / 8, pixels += (size_t)FLAT_CHUNK * elem)
		if (elem == 1)
			chunk_to_planes(out, pitch, pixels, 1);
		else if (elem == 2)
			chunk_to_planes(out, pitch, pixels, 2);
		else
			chunk_to_planes(out, pitch, pixels, 4);
}
#endif
