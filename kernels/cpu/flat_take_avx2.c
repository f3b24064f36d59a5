/* flat_take_avx2.c - bit planes to clipped pixels with AVX2 (kernels/cpu/flat.h), half a chunk at a time: 32 bytes of every plane. */
#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#include "kernels/cpu/flat_bright.h"
#include "kernels/cpu/turn_avx2.inc"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define HALF (FLAT_CHUNK / 2)
#define WORDS (HALF / 64)

struct half {
	const uint8_t *planes;
	size_t pitch;
	int64_t n;
	__m256i valid;
};

static ALWAYS_INLINE __m256i plane(const struct half *h, unsigned i)
{
	return _mm256_loadu_si256((const __m256i *)(h->planes + i * h->pitch));
}

static ALWAYS_INLINE __m256i either(__m256i a, __m256i b)
{
	return _mm256_or_si256(a, b);
}

/* Planes first .. first + n_planes - 1 without refused pixels, to HALF bytes. */
static ALWAYS_INLINE void turn_half(const struct half *h, unsigned first, unsigned n_planes, uint8_t *out)
{
	__m256i w[8], o[8];

	for (unsigned i = 0; i < 8; i++)
		w[i] = i < n_planes ? _mm256_and_si256(h->valid, plane(h, first + i)) : _mm256_setzero_si256();
	transpose_bits(w);
	interleave(w, o);
	for (unsigned i = 0; i < 8; i += 2) {
		_mm256_store_si256((__m256i *)(out + 16 * i), _mm256_permute2x128_si256(o[i], o[i + 1], 0x20));
		_mm256_store_si256((__m256i *)(out + 128 + 16 * i), _mm256_permute2x128_si256(o[i], o[i + 1], 0x31));
	}
}

/* Where some pixels, `clipped`, are FLAT_CLIP or more. */
static ALWAYS_INLINE void take_bright(struct flat_queue *f, const struct half *h, __m256i clipped, uint8_t *out, unsigned elem)
{
	_Alignas(FLAT_VECTOR) uint64_t bits[WORDS];
	struct bright_pixels w;

	for (unsigned b = 0; b < elem; b++)
		turn_half(h, 8 * b, 8, w.byte[b]);
	memcpy(out, w.byte[0], HALF);
	_mm256_store_si256((__m256i *)bits, clipped);
	for (unsigned word = 0; word < WORDS; word++) {
		f->n_clipped += (uint32_t)_mm_popcnt_u64(bits[word]);
		for (uint64_t left = bits[word]; left; left &= left - 1) {
			unsigned i = 64 * word + (unsigned)_tzcnt_u64(left);

			out[i] = FLAT_CLIP;
			bright_take(f, h->n + i, bright_pixel(&w, i, elem));
		}
	}
}

/* Those of the clipped pixels that are refused are taken out of the valid ones and of the counts. Returns the others. */
static ALWAYS_INLINE __m256i refuse(struct flat_queue *f, struct half *h, __m256i clipped, unsigned elem)
{
	_Alignas(FLAT_VECTOR) uint64_t bits[WORDS];
	__m256i refused = clipped;

	for (unsigned i = bright_refused_from(f->plan); i < 8 * elem; i++)
		refused = _mm256_and_si256(refused, plane(h, i));
	if (!_mm256_testz_si256(refused, refused)) {
		_mm256_store_si256((__m256i *)bits, refused);
		bright_refuse(f, h->n, bits, WORDS);
	}
	h->valid = _mm256_andnot_si256(refused, h->valid);
	return _mm256_andnot_si256(refused, clipped);
}

static ALWAYS_INLINE void store_valid(struct flat_queue *f, const struct half *h)
{
	uint64_t at = ((uint64_t)h->n & (f->ring_pixels - 1)) / 8;

	_mm256_store_si256((__m256i *)(f->valid + at), h->valid);
	if (at < FLAT_BITS_SLACK)
		_mm256_store_si256((__m256i *)(f->valid + f->ring_pixels / 8 + at), h->valid);
}

/* As bright_ones of the other levels: pixels of f->tables->brightest or more; `high`: the planes from 3 on. */
static ALWAYS_INLINE __m256i bright_ones(const struct flat_queue *f, const struct half *h, __m256i high)
{
	__m256i one = _mm256_set1_epi64x(-(int64_t)(f->tables->brightest <= 1)), two = _mm256_set1_epi64x(-(int64_t)(f->tables->brightest <= 2));
	__m256i low = _mm256_and_si256(plane(h, 1), either(plane(h, 0), two));

	low = either(low, _mm256_and_si256(plane(h, 0), one));
	return _mm256_and_si256(h->valid, either(either(low, plane(h, 2)), high));
}

static ALWAYS_INLINE bool take_half(struct flat_queue *f, struct half *h, uint8_t *out, uint64_t *seen, unsigned elem)
{
	__m256i above = _mm256_setzero_si256(), all = _mm256_and_si256(plane(h, 0), plane(h, 1)), clipped;
	bool brighter = false;

	for (unsigned i = 5; i < 8 * elem; i++)
		above = either(above, plane(h, i));
	for (unsigned i = 2; i < 5; i++)
		all = _mm256_and_si256(all, plane(h, i));
	clipped = _mm256_and_si256(h->valid, either(above, all));
	if (!_mm256_testz_si256(clipped, clipped))
		clipped = refuse(f, h, clipped, elem);
	if (!_mm256_testz_si256(clipped, clipped))
		take_bright(f, h, clipped, out, elem);
	else if (!_mm256_testz_si256(h->valid, plane(h, 4)))
		turn_half(h, 0, 5, out);
	else
		turn_half(h, 0, 4, out);
	if (f->max < FLAT_CLIP) {
		__m256i most = _mm256_setzero_si256(), top = _mm256_set1_epi8((char)f->max);

		for (unsigned i = 0; i < HALF; i += 32)
			most = _mm256_max_epu8(most, _mm256_load_si256((const __m256i *)(out + i)));
		most = _mm256_cmpgt_epi8(most, top);
		brighter = f->max_index == UINT32_MAX || !_mm256_testz_si256(most, most);
	}
	store_valid(f, h);
	_mm256_store_si256((__m256i *)seen, bright_ones(f, h, either(either(plane(h, 3), plane(h, 4)), above)));
	return brighter;
}

static ALWAYS_INLINE void take(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch, unsigned elem)
{
	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		uint8_t *out = flat_pixels(f, n);
		bool brighter = false;

		for (unsigned part = 0; part < 2; part++) {
			struct half h = {.planes = planes + (2 * i + part) * (HALF / 8), .pitch = pitch, .n = n + part * (int64_t)HALF};

			h.valid = _mm256_loadu_si256((const __m256i *)(f->tables->allowed + h.n / 64));
			brighter |= take_half(f, &h, out + part * HALF, f->seen + (2 * i + part) * WORDS, elem);
		}
		if (brighter && f->max < FLAT_CLIP)
			bright_find(f, n);
		if (out - f->pixels < FLAT_SLACK)
			memcpy(out + f->ring_pixels, out, FLAT_CHUNK);
	}
}

void flat_take_u8_avx2(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take(f, n, n_chunks, planes, pitch, 1);
}

void flat_take_u16_avx2(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take(f, n, n_chunks, planes, pitch, 2);
}

void flat_take_u32_avx2(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take(f, n, n_chunks, planes, pitch, 4);
}

/* --- deep: 5 bits of a pixel in either byte ----------------------------------------------------------------------- */

/* As take_bright; clipped pixels have all their bits set. */
static ALWAYS_INLINE void take_bright_deep(struct flat_queue *f, const struct half *h, __m256i clipped, uint8_t *low, uint8_t *high, unsigned elem)
{
	_Alignas(FLAT_VECTOR) uint64_t bits[WORDS];
	struct bright_pixels w;

	for (unsigned b = 0; b < elem; b++)
		turn_half(h, 8 * b, 8, w.byte[b]);
	_mm256_store_si256((__m256i *)bits, clipped);
	for (unsigned word = 0; word < WORDS; word++) {
		f->n_clipped += (uint32_t)_mm_popcnt_u64(bits[word]);
		for (uint64_t left = bits[word]; left; left &= left - 1) {
			unsigned i = 64 * word + (unsigned)_tzcnt_u64(left);

			low[i] = high[i] = FLAT_CLIP;
			bright_take(f, h->n + i, bright_pixel(&w, i, elem));
		}
	}
}

static ALWAYS_INLINE bool brighter_deep(const struct flat_queue *f, const uint8_t *low, const uint8_t *high)
{
	const __m256i max_low = _mm256_set1_epi8((char)(f->max % 32)), max_high = _mm256_set1_epi8((char)(f->max / 32));
	__m256i more = _mm256_setzero_si256();

	for (unsigned i = 0; i < HALF; i += 32) {
		__m256i l = _mm256_load_si256((const __m256i *)(low + i)), h = _mm256_load_si256((const __m256i *)(high + i));
		__m256i equal = _mm256_and_si256(_mm256_cmpeq_epi8(h, max_high), _mm256_cmpgt_epi8(l, max_low));

		more = either(more, either(equal, _mm256_cmpgt_epi8(h, max_high)));
	}
	return f->max_index == UINT32_MAX || !_mm256_testz_si256(more, more);
}

static ALWAYS_INLINE bool take_deep_half(struct flat_queue *f, struct half *h, uint8_t *low, uint8_t *high, uint64_t *seen, unsigned elem)
{
	__m256i above = _mm256_setzero_si256(), upper = above, all = plane(h, 0), clipped;

	for (unsigned i = 2 * FLAT_DEEP_BITS; i < 8 * elem; i++)
		above = either(above, plane(h, i));
	for (unsigned i = FLAT_DEEP_BITS; i < 2 * FLAT_DEEP_BITS; i++)
		upper = either(upper, plane(h, i));
	for (unsigned i = 1; i < 2 * FLAT_DEEP_BITS; i++)
		all = _mm256_and_si256(all, plane(h, i));
	clipped = _mm256_and_si256(h->valid, either(above, all));
	if (!_mm256_testz_si256(clipped, clipped))
		clipped = refuse(f, h, clipped, elem);
	_mm256_store_si256((__m256i *)seen, _mm256_and_si256(h->valid, either(above, upper)));
	for (unsigned word = 0; word < WORDS; word++)
		f->n_above += (uint32_t)_mm_popcnt_u64(seen[word]);
	turn_half(h, 0, 5, low);
	turn_half(h, FLAT_DEEP_BITS, 5, high);
	if (!_mm256_testz_si256(clipped, clipped))
		take_bright_deep(f, h, clipped, low, high, elem);
	store_valid(f, h);
	return f->max < FLAT_DEEP_CLIP && brighter_deep(f, low, high);
}

static ALWAYS_INLINE void take_deep(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch, unsigned elem)
{
	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		uint8_t *low = flat_pixels(f, n), *high = flat_pixels(f->upper, n);
		bool brighter = false;

		for (unsigned part = 0; part < 2; part++) {
			struct half h = {.planes = planes + (2 * i + part) * (HALF / 8), .pitch = pitch, .n = n + part * (int64_t)HALF};

			h.valid = _mm256_loadu_si256((const __m256i *)(f->tables->allowed + h.n / 64));
			brighter |= take_deep_half(f, &h, low + part * HALF, high + part * HALF, f->seen + (2 * i + part) * WORDS, elem);
		}
		if (brighter && f->max < FLAT_DEEP_CLIP)
			bright_find(f, n);
		if (low - f->pixels >= FLAT_SLACK)
			continue;
		memcpy(low + f->ring_pixels, low, FLAT_CHUNK);
		memcpy(high + f->ring_pixels, high, FLAT_CHUNK);
	}
}

void flat_take_deep_u16_avx2(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take_deep(f, n, n_chunks, planes, pitch, 2);
}

void flat_take_deep_u32_avx2(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take_deep(f, n, n_chunks, planes, pitch, 4);
}
#endif
