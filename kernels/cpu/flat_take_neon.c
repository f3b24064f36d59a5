/* flat_take_neon.c - bit planes to clipped pixels with NEON (kernels/cpu/flat.h), a quarter of a chunk at a time: 16 bytes of every plane. */
#ifdef __aarch64__
#include <arm_neon.h>
#include <string.h>

#include "kernels/cpu/flat_bright.h"
#include "kernels/cpu/turn_neon.inc"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define QUARTERS 4u
#define QUARTER (FLAT_CHUNK / QUARTERS)
#define WORDS (QUARTER / 64)

struct quarter {
	const uint8_t *planes;
	size_t pitch;
	int64_t n;
	uint8x16_t valid;
};

static ALWAYS_INLINE uint8x16_t plane(const struct quarter *q, unsigned i)
{
	return vld1q_u8(q->planes + i * q->pitch);
}

static ALWAYS_INLINE uint8x16_t valid_plane(const struct quarter *q, unsigned i)
{
	return vandq_u8(q->valid, plane(q, i));
}

static ALWAYS_INLINE void store_turned(const uint8x16_t w[8], uint8_t *out)
{
	uint8x16_t o[8];

	interleave(w, o);
	for (unsigned i = 0; i < 8; i++)
		vst1q_u8(out + 16 * i, o[i]);
}

/* Planes first .. first + 7 without refused pixels, to QUARTER bytes. */
static ALWAYS_INLINE void turn_eight(const struct quarter *q, unsigned first, uint8_t *out)
{
	uint8x16_t w[8];

	for (unsigned i = 0; i < 8; i++)
		w[i] = valid_plane(q, first + i);
	transpose_bits(w);
	store_turned(w, out);
}

/* Four planes, where nothing is above them. */
static ALWAYS_INLINE void turn_four(const struct quarter *q, uint8_t *out)
{
	uint8x16_t w[8];

	for (unsigned i = 0; i < 4; i++)
		w[i] = valid_plane(q, i);
	transpose_four(w);
	for (unsigned i = 0; i < 4; i++) {
		w[4 + i] = vshrq_n_u8(w[i], 4);
		w[i] = vandq_u8(w[i], vdupq_n_u8(15));
	}
	store_turned(w, out);
}

/* Five from `first` on: the first two rounds leave bit i of every half of the fifth in the lowest place of half i. */
static ALWAYS_INLINE void turn_five(const struct quarter *q, unsigned first, uint8_t *out)
{
	const uint8x16_t lowest = vdupq_n_u8(0x11), fifth = valid_plane(q, first + 4);
	uint8x16_t w[8];

	for (unsigned i = 0; i < 4; i++)
		w[i] = valid_plane(q, first + i);
	transpose_four(w);
	w[4] = vandq_u8(fifth, lowest);
	w[5] = vandq_u8(vshrq_n_u8(fifth, 1), lowest);
	w[6] = vandq_u8(vshrq_n_u8(fifth, 2), lowest);
	w[7] = vandq_u8(vshrq_n_u8(fifth, 3), lowest);
	for (unsigned i = 0; i < 4; i++)
		exchange_fours(&w[i], &w[4 + i]);
	store_turned(w, out);
}

/* Where some pixels, `clipped`, are FLAT_CLIP or more. */
static ALWAYS_INLINE void take_bright(struct flat_queue *f, const struct quarter *q, uint8x16_t clipped, uint8_t *out, unsigned elem)
{
	uint64_t bits[WORDS];
	struct bright_pixels w;

	for (unsigned b = 0; b < elem; b++)
		turn_eight(q, 8 * b, w.byte[b]);
	memcpy(out, w.byte[0], QUARTER);
	vst1q_u64(bits, vreinterpretq_u64_u8(clipped));
	for (unsigned word = 0; word < WORDS; word++) {
		f->n_clipped += (uint32_t)__builtin_popcountll(bits[word]);
		for (uint64_t left = bits[word]; left; left &= left - 1) {
			unsigned i = 64 * word + (unsigned)__builtin_ctzll(left);

			out[i] = FLAT_CLIP;
			bright_take(f, q->n + i, bright_pixel(&w, i, elem));
		}
	}
}

/* Those of the clipped pixels that are refused are taken out of the valid ones and of the counts. Returns the others. */
static ALWAYS_INLINE uint8x16_t refuse(struct flat_queue *f, struct quarter *q, uint8x16_t clipped, unsigned elem)
{
	uint8x16_t refused = clipped;
	uint64_t bits[WORDS];

	for (unsigned i = bright_refused_from(f->plan); i < 8 * elem; i++)
		refused = vandq_u8(refused, plane(q, i));
	if (any_bit(refused)) {
		vst1q_u64(bits, vreinterpretq_u64_u8(refused));
		bright_refuse(f, q->n, bits, WORDS);
	}
	q->valid = vbicq_u8(q->valid, refused);
	return vbicq_u8(clipped, refused);
}

static ALWAYS_INLINE void store_valid(struct flat_queue *f, const struct quarter *q)
{
	uint64_t at = ((uint64_t)q->n & (f->ring_pixels - 1)) / 8;

	vst1q_u8(f->valid + at, q->valid);
	if (at < FLAT_BITS_SLACK)
		vst1q_u8(f->valid + f->ring_pixels / 8 + at, q->valid);
}

/* As bright_ones of the other levels: pixels of f->tables->brightest or more; `high`: the planes from 3 on. */
static ALWAYS_INLINE uint8x16_t bright_ones(const struct flat_queue *f, const struct quarter *q, uint8x16_t high)
{
	uint8x16_t one = vdupq_n_u8(f->tables->brightest <= 1 ? 255 : 0), two = vdupq_n_u8(f->tables->brightest <= 2 ? 255 : 0);
	uint8x16_t low = vandq_u8(plane(q, 1), vorrq_u8(plane(q, 0), two));

	low = vorrq_u8(low, vandq_u8(plane(q, 0), one));
	return vandq_u8(q->valid, vorrq_u8(vorrq_u8(low, plane(q, 2)), high));
}

static ALWAYS_INLINE bool any_brighter(const struct flat_queue *f, const uint8_t *out)
{
	uint8x16_t most = vld1q_u8(out);

	for (unsigned i = 16; i < QUARTER; i += 16)
		most = vmaxq_u8(most, vld1q_u8(out + i));
	return f->max_index == UINT32_MAX || vmaxvq_u8(most) > f->max;
}

/* Returns whether a pixel is brighter than all before it, where the brightest is not clipped. */
static ALWAYS_INLINE bool take_quarter(struct flat_queue *f, struct quarter *q, uint8_t *out, uint64_t *seen, unsigned elem)
{
	uint8x16_t above = vdupq_n_u8(0), all = vandq_u8(plane(q, 0), plane(q, 1)), clipped;

	for (unsigned i = 5; i < 8 * elem; i++)
		above = vorrq_u8(above, plane(q, i));
	for (unsigned i = 2; i < 5; i++)
		all = vandq_u8(all, plane(q, i));
	clipped = vandq_u8(q->valid, vorrq_u8(above, all));
	if (any_bit(clipped))
		clipped = refuse(f, q, clipped, elem);
	if (any_bit(clipped))
		take_bright(f, q, clipped, out, elem);
	else if (any_bit(valid_plane(q, 4)))
		turn_five(q, 0, out);
	else
		turn_four(q, out);
	store_valid(f, q);
	vst1q_u64(seen, vreinterpretq_u64_u8(bright_ones(f, q, vorrq_u8(vorrq_u8(plane(q, 3), plane(q, 4)), above))));
	return f->max < FLAT_CLIP && any_brighter(f, out);
}

static ALWAYS_INLINE void take(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch, unsigned elem)
{
	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		uint8_t *out = flat_pixels(f, n);
		bool brighter = false;

		for (unsigned part = 0; part < QUARTERS; part++) {
			struct quarter q = {.planes = planes + (QUARTERS * i + part) * (QUARTER / 8), .pitch = pitch, .n = n + part * (int64_t)QUARTER};

			q.valid = vreinterpretq_u8_u64(vld1q_u64(f->tables->allowed + q.n / 64));
			brighter |= take_quarter(f, &q, out + part * QUARTER, f->seen + (QUARTERS * i + part) * WORDS, elem);
		}
		if (brighter && f->max < FLAT_CLIP)
			bright_find(f, n);
		if (out - f->pixels < FLAT_SLACK)
			memcpy(out + f->ring_pixels, out, FLAT_CHUNK);
	}
}

void flat_take_u8_neon(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take(f, n, n_chunks, planes, pitch, 1);
}

void flat_take_u16_neon(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take(f, n, n_chunks, planes, pitch, 2);
}

void flat_take_u32_neon(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take(f, n, n_chunks, planes, pitch, 4);
}

/* --- deep: 5 bits of a pixel in either byte ----------------------------------------------------------------------- */

/* As take_bright; clipped pixels have all their bits set. */
static ALWAYS_INLINE void take_bright_deep(struct flat_queue *f, const struct quarter *q, uint8x16_t clipped, uint8_t *low, uint8_t *high, unsigned elem)
{
	uint64_t bits[WORDS];
	struct bright_pixels w;

	for (unsigned b = 0; b < elem; b++)
		turn_eight(q, 8 * b, w.byte[b]);
	vst1q_u64(bits, vreinterpretq_u64_u8(clipped));
	for (unsigned word = 0; word < WORDS; word++) {
		f->n_clipped += (uint32_t)__builtin_popcountll(bits[word]);
		for (uint64_t left = bits[word]; left; left &= left - 1) {
			unsigned i = 64 * word + (unsigned)__builtin_ctzll(left);

			low[i] = high[i] = FLAT_CLIP;
			bright_take(f, q->n + i, bright_pixel(&w, i, elem));
		}
	}
}

static ALWAYS_INLINE bool any_brighter_deep(const struct flat_queue *f, const uint8_t *low, const uint8_t *high)
{
	const uint8x16_t max_low = vdupq_n_u8((uint8_t)(f->max % 32)), max_high = vdupq_n_u8((uint8_t)(f->max / 32));
	uint8x16_t more = vdupq_n_u8(0);

	for (unsigned i = 0; i < QUARTER; i += 16) {
		uint8x16_t l = vld1q_u8(low + i), h = vld1q_u8(high + i);

		more = vorrq_u8(more, vandq_u8(vceqq_u8(h, max_high), vcgtq_u8(l, max_low)));
		more = vorrq_u8(more, vcgtq_u8(h, max_high));
	}
	return f->max_index == UINT32_MAX || any_bit(more);
}

static ALWAYS_INLINE bool take_deep_quarter(struct flat_queue *f, struct quarter *q, uint8_t *low, uint8_t *high, uint64_t *seen,
					    unsigned elem)
{
	uint8x16_t above = vdupq_n_u8(0), upper = above, all = plane(q, 0), clipped;

	for (unsigned i = 2 * FLAT_DEEP_BITS; i < 8 * elem; i++)
		above = vorrq_u8(above, plane(q, i));
	for (unsigned i = FLAT_DEEP_BITS; i < 2 * FLAT_DEEP_BITS; i++)
		upper = vorrq_u8(upper, plane(q, i));
	for (unsigned i = 1; i < 2 * FLAT_DEEP_BITS; i++)
		all = vandq_u8(all, plane(q, i));
	clipped = vandq_u8(q->valid, vorrq_u8(above, all));
	if (any_bit(clipped))
		clipped = refuse(f, q, clipped, elem);
	upper = vandq_u8(q->valid, vorrq_u8(above, upper));
	vst1q_u64(seen, vreinterpretq_u64_u8(upper));
	f->n_above += vaddvq_u8(vcntq_u8(upper));
	turn_five(q, 0, low);
	turn_five(q, FLAT_DEEP_BITS, high);
	if (any_bit(clipped))
		take_bright_deep(f, q, clipped, low, high, elem);
	store_valid(f, q);
	return f->max < FLAT_DEEP_CLIP && any_brighter_deep(f, low, high);
}

static ALWAYS_INLINE void take_deep(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch, unsigned elem)
{
	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		uint8_t *low = flat_pixels(f, n), *high = flat_pixels(f->upper, n);
		bool brighter = false;

		for (unsigned part = 0; part < QUARTERS; part++) {
			struct quarter q = {.planes = planes + (QUARTERS * i + part) * (QUARTER / 8), .pitch = pitch, .n = n + part * (int64_t)QUARTER};

			q.valid = vreinterpretq_u8_u64(vld1q_u64(f->tables->allowed + q.n / 64));
			brighter |= take_deep_quarter(f, &q, low + part * QUARTER, high + part * QUARTER, f->seen + (QUARTERS * i + part) * WORDS, elem);
		}
		if (brighter && f->max < FLAT_DEEP_CLIP)
			bright_find(f, n);
		if (low - f->pixels >= FLAT_SLACK)
			continue;
		memcpy(low + f->ring_pixels, low, FLAT_CHUNK);
		memcpy(high + f->ring_pixels, high, FLAT_CHUNK);
	}
}

void flat_take_deep_u16_neon(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take_deep(f, n, n_chunks, planes, pitch, 2);
}

void flat_take_deep_u32_neon(struct flat_queue *f, int64_t n, uint32_t n_chunks, const uint8_t *planes, size_t pitch)
{
	take_deep(f, n, n_chunks, planes, pitch, 4);
}
#endif
