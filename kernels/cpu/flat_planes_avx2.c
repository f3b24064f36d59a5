/* flat_planes_avx2.c - pixels to bit planes with AVX2 (kernels/cpu/flat.h), as flat_planes_avx512.c. */
#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#include "kernels/cpu/flat.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define VECTOR 32u
#define VECTORS (FLAT_CHUNK / VECTOR)

static ALWAYS_INLINE __m256i load(const uint8_t *at)
{
	return _mm256_loadu_si256((const __m256i *)at);
}

/* Byte `byte` of every one of 32 pixels. */
static ALWAYS_INLINE __m256i bytes_of(const uint8_t *pixels, unsigned elem, unsigned byte)
{
	const __m256i lowest_16 = _mm256_set1_epi16(255), lowest_32 = _mm256_set1_epi32(255), order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
	const __m128i by = _mm_cvtsi32_si128(8 * (int)byte);
	__m256i v[4];

	if (elem == 1)
		return load(pixels);
	if (elem == 2) {
		for (unsigned i = 0; i < 2; i++)
			v[i] = _mm256_and_si256(_mm256_srl_epi16(load(pixels + i * VECTOR), by), lowest_16);
		return _mm256_permute4x64_epi64(_mm256_packus_epi16(v[0], v[1]), 0xd8);
	}
	for (unsigned i = 0; i < 4; i++)
		v[i] = _mm256_and_si256(_mm256_srl_epi32(load(pixels + i * VECTOR), by), lowest_32);
	v[0] = _mm256_packus_epi16(_mm256_packus_epi32(v[0], v[1]), _mm256_packus_epi32(v[2], v[3]));
	return _mm256_permutevar8x32_epi32(v[0], order);
}

/* The bits that any pixel of the chunk has. */
static ALWAYS_INLINE uint32_t bits_in_use(const uint8_t *pixels, unsigned elem)
{
	__m256i any = _mm256_setzero_si256();
	uint64_t bits;

	for (unsigned i = 0; i < VECTORS * elem; i++)
		any = _mm256_or_si256(any, load(pixels + i * VECTOR));
	bits = (uint64_t)(_mm256_extract_epi64(any, 0) | _mm256_extract_epi64(any, 1) | _mm256_extract_epi64(any, 2) | _mm256_extract_epi64(any, 3));
	bits |= bits >> 32;
	if (elem < 4)
		bits |= bits >> 16;
	if (elem < 2)
		bits |= bits >> 8;
	return (uint32_t)bits;
}

static ALWAYS_INLINE void store_plane(uint8_t *out, size_t pitch, const __m256i v[VECTORS], unsigned bit)
{
	uint32_t plane[VECTORS];

	for (unsigned i = 0; i < VECTORS; i++)
		plane[i] = (uint32_t)_mm256_movemask_epi8(_mm256_sll_epi16(v[i], _mm_cvtsi32_si128(7 - (int)bit)));
	memcpy(out + bit * pitch, plane, sizeof plane);
}

static ALWAYS_INLINE void chunk_to_planes(uint8_t *out, size_t pitch, const uint8_t *pixels, unsigned elem)
{
	uint32_t used = bits_in_use(pixels, elem);

	for (unsigned byte = 0; byte < elem; byte++, used >>= 8, out += 8 * pitch) {
		__m256i v[VECTORS];

		for (unsigned bit = 0; bit < 8; bit++)
			if (!(used >> bit & 1))
				memset(out + bit * pitch, 0, FLAT_CHUNK / 8);
		if (!(used & 0xff))
			continue;
		for (unsigned i = 0; i < VECTORS; i++)
			v[i] = bytes_of(pixels + (size_t)i * VECTOR * elem, elem, byte);
		for (uint32_t left = used & 0xff; left; left &= left - 1)
			store_plane(out, pitch, v, (unsigned)_tzcnt_u32(left));
	}
}

void flat_planes_avx2(uint8_t *out, const uint8_t *pixels, uint32_t n_chunks, unsigned elem)
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
