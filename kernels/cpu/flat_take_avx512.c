/* flat_take_avx512.c - bit planes to clipped pixels with AVX-512 (kernels/cpu/flat.h).
 *
 * 512 pixels are 64 bytes of every plane. An OR of the planes tells how many of them hold anything; four or five do in most chunks, and the
 * other pixels of a chunk that has some are looked at one by one. */
#ifdef __x86_64__
#include <immintrin.h>
#include <string.h>

#include "kernels/cpu/flat_bright.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define AHEAD_BYTES 1024u /* of the mask: a block or two, which come from far */
#define GROUPS (FLAT_CHUNK / FLAT_GROUP)

/* A chunk under way. */
struct chunk {
	const uint8_t *planes;
	size_t pitch;
	unsigned elem;
	int64_t n;
	__m512i valid;
};

static ALWAYS_INLINE __m512i plane(const struct chunk *c, unsigned i)
{
	return _mm512_loadu_si512(c->planes + i * c->pitch);
}

static ALWAYS_INLINE __m512i or_of_planes(const struct chunk *c, unsigned from, unsigned to)
{
	__m512i any = _mm512_setzero_si512();

	for (; from + 1 < to; from += 2)
		any = _mm512_ternarylogic_epi64(any, plane(c, from), plane(c, from + 1), 0xfe);
	return from < to ? _mm512_or_si512(any, plane(c, from)) : any;
}

/* Plane i without refused pixels. Its bytes are put where three rounds of unpacking, each within 16 bytes, leave them in order. */
static ALWAYS_INLINE __m512i spread_plane(const struct chunk *c, unsigned i)
{
	const __m512i order = _mm512_set_epi16(31, 27, 23, 19, 15, 11, 7, 3, 30, 26, 22, 18, 14, 10, 6, 2, 29, 25, 21, 17, 13, 9, 5, 1,
					       28, 24, 20, 16, 12, 8, 4, 0);

	return _mm512_permutexvar_epi16(order, _mm512_and_si512(c->valid, plane(c, i)));
}

/* Bytes of four planes side by side, the highest plane first: four[j] has those of pixel octets 2j, 2j + 1 (modulo the order above). */
static ALWAYS_INLINE void join_four(const __m512i p[4], __m512i four[4])
{
	__m512i low = _mm512_unpacklo_epi8(p[3], p[2]), high = _mm512_unpackhi_epi8(p[3], p[2]);
	__m512i low_2 = _mm512_unpacklo_epi8(p[1], p[0]), high_2 = _mm512_unpackhi_epi8(p[1], p[0]);

	four[0] = _mm512_unpacklo_epi16(low, low_2);
	four[1] = _mm512_unpackhi_epi16(low, low_2);
	four[2] = _mm512_unpacklo_epi16(high, high_2);
	four[3] = _mm512_unpackhi_epi16(high, high_2);
}

/* Planes first .. first + n_planes - 1, n_planes 4, 5 or 8, to a byte per pixel. */
static ALWAYS_INLINE void turn(const struct chunk *c, unsigned first, unsigned n_planes, __m512i out[GROUPS])
{
	const __m512i identity = _mm512_set1_epi64((long long)0x8040201008040201), zero = _mm512_setzero_si512();
	__m512i p[8], low[4], high[4] = {zero, zero, zero, zero};

	for (unsigned i = 0; i < 8; i++)
		p[i] = i < n_planes ? spread_plane(c, first + i) : zero;
	join_four(p, low);
	if (n_planes > 4)
		join_four(p + 4, high);
	for (unsigned i = 0; i < 4; i++) {
		out[2 * i] = _mm512_gf2p8affine_epi64_epi8(identity, _mm512_unpacklo_epi32(high[i], low[i]), 0);
		out[2 * i + 1] = _mm512_gf2p8affine_epi64_epi8(identity, _mm512_unpackhi_epi32(high[i], low[i]), 0);
	}
}

static ALWAYS_INLINE void turn_wide(const struct chunk *c, struct bright_pixels *w, unsigned elem)
{
	__m512i v[GROUPS];

	for (unsigned b = 0; b < elem; b++) {
		turn(c, 8 * b, 8, v);
		for (unsigned g = 0; g < GROUPS; g++)
			_mm512_store_si512(w->byte[b] + g * FLAT_GROUP, v[g]);
	}
}

/* A chunk some of whose pixels, `clipped`, are FLAT_CLIP or more. Kept apart, so that the other chunks stay in registers. */
static ALWAYS_INLINE void take_bright(struct flat_queue *f, const struct chunk *c, __m512i clipped, __m512i pixels[GROUPS], unsigned elem)
{
	_Alignas(FLAT_VECTOR) uint64_t bits[GROUPS];
	struct bright_pixels w;

	turn_wide(c, &w, elem);
	_mm512_store_si512(bits, clipped);
	for (unsigned g = 0; g < GROUPS; g++) {
		f->n_clipped += (uint32_t)_mm_popcnt_u64(bits[g]);
		pixels[g] = _mm512_mask_mov_epi8(_mm512_load_si512(w.byte[0] + g * FLAT_GROUP), bits[g], _mm512_set1_epi8(FLAT_CLIP));
		for (uint64_t left = bits[g]; left; left &= left - 1) {
			unsigned i = g * FLAT_GROUP + (unsigned)_tzcnt_u64(left);

			bright_take(f, c->n + i, bright_pixel(&w, i, elem));
		}
	}
}

static ALWAYS_INLINE void load_allowed(const struct flat_queue *f, struct chunk *c)
{
	const uint64_t *allowed = f->tables->allowed + c->n / 64;

	c->valid = _mm512_loadu_si512(allowed);
	_mm_prefetch((const char *)allowed + AHEAD_BYTES, _MM_HINT_T0);
}

/* Those of the clipped pixels that are refused are taken out of the valid ones and of the counts. Returns the others. */
static ALWAYS_INLINE __m512i refuse(struct flat_queue *f, struct chunk *c, __m512i clipped)
{
	_Alignas(FLAT_VECTOR) uint64_t bits[GROUPS];
	__m512i refused = clipped;

	for (unsigned i = bright_refused_from(f->plan); i < 8 * c->elem; i++)
		refused = _mm512_and_si512(refused, plane(c, i));
	if (_mm512_test_epi64_mask(refused, refused)) {
		_mm512_store_si512(bits, refused);
		bright_refuse(f, c->n, bits, GROUPS);
	}
	c->valid = _mm512_andnot_si512(refused, c->valid);
	return _mm512_andnot_si512(refused, clipped);
}

static __attribute__((noinline)) void take_bright_u8(struct flat_queue *f, const struct chunk *c, __m512i clipped, __m512i pixels[GROUPS])
{
	take_bright(f, c, clipped, pixels, 1);
}

static __attribute__((noinline)) void take_bright_u16(struct flat_queue *f, const struct chunk *c, __m512i clipped, __m512i pixels[GROUPS])
{
	take_bright(f, c, clipped, pixels, 2);
}

static __attribute__((noinline)) void take_bright_u32(struct flat_queue *f, const struct chunk *c, __m512i clipped, __m512i pixels[GROUPS])
{
	take_bright(f, c, clipped, pixels, 4);
}

static ALWAYS_INLINE void take_maximum(struct flat_queue *f, int64_t n, const __m512i pixels[GROUPS])
{
	__m512i most = pixels[0];

	if (f->max >= FLAT_CLIP)
		return;
	for (unsigned g = 1; g < GROUPS; g++)
		most = _mm512_max_epu8(most, pixels[g]);
	if (f->max_index == UINT32_MAX || _mm512_cmpgt_epu8_mask(most, _mm512_set1_epi8((char)f->max)))
		bright_find(f, n);
}

/* Pixels of f->tables->brightest or more, 3 at most; `high`: the planes from 3 on. */
static ALWAYS_INLINE __m512i bright_ones(const struct flat_queue *f, const struct chunk *c, __m512i high)
{
	__m512i one = _mm512_set1_epi64(-(int64_t)(f->tables->brightest <= 1)), two = _mm512_set1_epi64(-(int64_t)(f->tables->brightest <= 2));
	__m512i low = _mm512_and_si512(plane(c, 1), _mm512_or_si512(plane(c, 0), two));

	low = _mm512_or_si512(low, _mm512_and_si512(plane(c, 0), one));
	return _mm512_and_si512(c->valid, _mm512_or_si512(_mm512_or_si512(low, plane(c, 2)), high));
}

static ALWAYS_INLINE void store_pixels(struct flat_queue *f, uint64_t at, const __m512i pixels[GROUPS])
{
	uint8_t *out = f->pixels + at;

	for (unsigned g = 0; g < GROUPS; g++)
		_mm512_store_si512(out + g * FLAT_GROUP, pixels[g]);
	if (at < FLAT_SLACK)
		for (unsigned g = 0; g < GROUPS; g++)
			_mm512_store_si512(out + f->ring_pixels + g * FLAT_GROUP, pixels[g]);
}

static ALWAYS_INLINE void store_chunk(struct flat_queue *f, const struct chunk *c, const __m512i pixels[GROUPS])
{
	uint64_t at = (uint64_t)c->n & (f->ring_pixels - 1);
	uint8_t *bits = f->valid + at / 8;

	store_pixels(f, at, pixels);
	_mm512_store_si512(bits, c->valid);
	if (at / 8 < FLAT_BITS_SLACK)
		_mm512_store_si512(bits + f->ring_pixels / 8, c->valid);
}

/* Through copies, so that what the other chunks need stays in registers. */
static ALWAYS_INLINE void take_bright_apart(struct flat_queue *f, const struct chunk *c, __m512i clipped, __m512i pixels[GROUPS])
{
	struct chunk copy = *c;
	__m512i out[GROUPS];

	if (c->elem == 1)
		take_bright_u8(f, &copy, clipped, out);
	else if (c->elem == 2)
		take_bright_u16(f, &copy, clipped, out);
	else
		take_bright_u32(f, &copy, clipped, out);
	for (unsigned g = 0; g < GROUPS; g++)
		pixels[g] = out[g];
}

static ALWAYS_INLINE void take_chunk(struct flat_queue *f, struct chunk *c, uint64_t *seen)
{
	__m512i above = or_of_planes(c, 5, 8 * c->elem), four = plane(c, 4), three = plane(c, 3);
	__m512i all = _mm512_and_si512(_mm512_ternarylogic_epi64(plane(c, 0), plane(c, 1), plane(c, 2), 0x80), _mm512_and_si512(three, four));
	__m512i clipped, fifth, pixels[GROUPS];

	load_allowed(f, c);
	clipped = _mm512_and_si512(c->valid, _mm512_or_si512(above, all));
	if (__builtin_expect(_mm512_test_epi64_mask(clipped, clipped) != 0, 0))
		clipped = refuse(f, c, clipped);
	fifth = _mm512_and_si512(c->valid, four);
	if (__builtin_expect(_mm512_test_epi64_mask(clipped, clipped) != 0, 0))
		take_bright_apart(f, c, clipped, pixels);
	else if (_mm512_test_epi64_mask(fifth, fifth))
		turn(c, 0, 5, pixels);
	else
		turn(c, 0, 4, pixels);
	store_chunk(f, c, pixels);
	take_maximum(f, c->n, pixels);
	_mm512_store_si512(seen, bright_ones(f, c, _mm512_ternarylogic_epi64(three, four, above, 0xfe)));
}

static ALWAYS_INLINE void take(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch, unsigned elem)
{
	for (uint32_t i = 0; i < n_chunks; i++) {
		struct chunk c = {.planes = planes + i * (FLAT_CHUNK / 8), .pitch = pitch, .elem = elem, .n = n + (int64_t)i * FLAT_CHUNK};

		take_chunk(f, &c, f->seen + i * GROUPS);
	}
}

void flat_take_u8_avx512(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take(f, n, n_chunks, planes, pitch, 1);
}

void flat_take_u16_avx512(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take(f, n, n_chunks, planes, pitch, 2);
}

void flat_take_u32_avx512(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take(f, n, n_chunks, planes, pitch, 4);
}

/* --- deep: 5 bits of a pixel in either byte ----------------------------------------------------------------------- */

/* As take_bright; clipped pixels have all their bits set. */
static ALWAYS_INLINE void take_bright_deep(struct flat_queue *f, const struct chunk *c, __m512i clipped, __m512i low[GROUPS],
					   __m512i high[GROUPS], unsigned elem)
{
	const __m512i most = _mm512_set1_epi8(FLAT_CLIP);
	_Alignas(FLAT_VECTOR) uint64_t bits[GROUPS];
	struct bright_pixels w;

	turn_wide(c, &w, elem);
	_mm512_store_si512(bits, clipped);
	for (unsigned g = 0; g < GROUPS; g++) {
		f->n_clipped += (uint32_t)_mm_popcnt_u64(bits[g]);
		low[g] = _mm512_mask_mov_epi8(low[g], bits[g], most);
		high[g] = _mm512_mask_mov_epi8(high[g], bits[g], most);
		for (uint64_t left = bits[g]; left; left &= left - 1) {
			unsigned i = g * FLAT_GROUP + (unsigned)_tzcnt_u64(left);

			bright_take(f, c->n + i, bright_pixel(&w, i, elem));
		}
	}
}

static ALWAYS_INLINE void take_maximum_deep(struct flat_queue *f, int64_t n, const __m512i low[GROUPS], const __m512i high[GROUPS])
{
	const __m512i max_low = _mm512_set1_epi8((char)(f->max % 32)), max_high = _mm512_set1_epi8((char)(f->max / 32));
	__mmask64 more = 0;

	if (f->max >= FLAT_DEEP_CLIP)
		return;
	for (unsigned g = 0; g < GROUPS; g++) {
		__mmask64 equal = _mm512_cmpeq_epi8_mask(high[g], max_high);

		more |= _mm512_cmpgt_epu8_mask(high[g], max_high) | _mm512_mask_cmpgt_epu8_mask(equal, low[g], max_low);
	}
	if (f->max_index == UINT32_MAX || more)
		bright_find(f, n);
}

static ALWAYS_INLINE void take_deep_chunk(struct flat_queue *f, struct chunk *c, uint64_t *seen)
{
	__m512i above = or_of_planes(c, 2 * FLAT_DEEP_BITS, 8 * c->elem), upper = or_of_planes(c, FLAT_DEEP_BITS, 2 * FLAT_DEEP_BITS), all = plane(c, 0);
	__m512i clipped, low[GROUPS], high[GROUPS];

	for (unsigned i = 1; i < 2 * FLAT_DEEP_BITS; i++)
		all = _mm512_and_si512(all, plane(c, i));
	load_allowed(f, c);
	clipped = _mm512_and_si512(c->valid, _mm512_or_si512(above, all));
	if (__builtin_expect(_mm512_test_epi64_mask(clipped, clipped) != 0, 0))
		clipped = refuse(f, c, clipped);
	upper = _mm512_and_si512(c->valid, _mm512_or_si512(above, upper));
	_mm512_store_si512(seen, upper);
	f->n_above += (uint32_t)_mm512_reduce_add_epi64(_mm512_popcnt_epi64(upper));
	turn(c, 0, 5, low);
	turn(c, FLAT_DEEP_BITS, 5, high);
	if (__builtin_expect(_mm512_test_epi64_mask(clipped, clipped) != 0, 0))
		take_bright_deep(f, c, clipped, low, high, c->elem);
	store_chunk(f, c, low);
	store_pixels(f->upper, (uint64_t)c->n & (f->ring_pixels - 1), high);
	take_maximum_deep(f, c->n, low, high);
}

static ALWAYS_INLINE void take_deep(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch, unsigned elem)
{
	for (uint32_t i = 0; i < n_chunks; i++) {
		struct chunk c = {.planes = planes + i * (FLAT_CHUNK / 8), .pitch = pitch, .elem = elem, .n = n + (int64_t)i * FLAT_CHUNK};

		take_deep_chunk(f, &c, f->seen + i * GROUPS);
	}
}

void flat_take_deep_u16_avx512(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take_deep(f, n, n_chunks, planes, pitch, 2);
}

void flat_take_deep_u32_avx512(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take_deep(f, n, n_chunks, planes, pitch, 4);
}
#endif
