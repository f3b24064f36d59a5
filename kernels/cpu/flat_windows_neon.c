/* flat_windows_neon.c - windows of 7 x 7 pixels with NEON (kernels/cpu/flat.h): which pixels may be strong. As flat_windows_avx2.c, 16 pixels
 * at a time; candidates, which are few, are looked at one by one. */
#ifdef __aarch64__
#include <arm_neon.h>
#include <string.h>

#include "kernels/cpu/flat.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define VECTOR 16u
#define VECTORS_PER_WORD (64 / VECTOR)
#define WORDS (FLAT_CHUNK / 64)
#define BIT_VECTORS (FLAT_CHUNK / 128)
#define LARGE_COLUMN 36 /* more in most columns, and sums of 7 pass a byte */

static ALWAYS_INLINE uint64x2_t load_words(const uint8_t *at)
{
	return vreinterpretq_u64_u8(vld1q_u8(at));
}

/* 128 bits of a ring from bit n on. */
static ALWAYS_INLINE uint64x2_t load_bits(const uint8_t *ring, uint64_t n)
{
	uint64x2_t low = vshlq_u64(load_words(ring + n / 8), vdupq_n_s64(-(int64_t)(n % 8)));

	return vorrq_u64(low, vshlq_u64(load_words(ring + n / 8 + 8), vdupq_n_s64(64 - (int64_t)(n % 8))));
}

/* near[step] gets the bits; they are then joined with those `up` pixels before. */
static ALWAYS_INLINE void join_rows(const struct flat_queue *f, unsigned step, int64_t n, int64_t up, uint64x2_t b[BIT_VECTORS])
{
	uint64_t at = ((uint64_t)n & (f->ring_pixels - 1)) / 8, from = (uint64_t)(n - up) & (f->ring_pixels - 1);
	uint8_t *ring = f->near[step];

	for (unsigned i = 0; i < BIT_VECTORS; i++)
		vst1q_u8(ring + at + 16 * i, vreinterpretq_u8_u64(b[i]));
	if (at < FLAT_BITS_SLACK)
		memcpy(ring + f->ring_pixels / 8 + at, ring + at, FLAT_CHUNK / 8);
	for (unsigned i = 0; i < BIT_VECTORS; i++)
		b[i] = vorrq_u64(b[i], load_bits(ring, from + 128 * i));
}

/* Joins the bits with those `by` before. last: the two words before them; become their own. */
static ALWAYS_INLINE void join_columns(uint64x2_t b[BIT_VECTORS], uint64_t last[2], int by)
{
	uint64x2_t before = vld1q_u64(last);

	vst1q_u64(last, b[BIT_VECTORS - 1]);
	for (unsigned i = 0; i < BIT_VECTORS; i++) {
		uint64x2_t words = b[i], moved = vshlq_u64(words, vdupq_n_s64(by));

		moved = vorrq_u64(moved, vshlq_u64(vextq_u64(before, words, 1), vdupq_n_s64(by - 64)));
		b[i] = vorrq_u64(words, moved);
		before = words;
	}
}

static void spread_bits(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	int64_t width = f->plan->shape.width;

	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		uint64x2_t b[BIT_VECTORS];

		for (unsigned v = 0; v < BIT_VECTORS; v++)
			b[v] = vld1q_u64(f->seen + i * WORDS + 2 * v);
		for (int step = 0; step < 3; step++)
			join_columns(b, f->seen_before[step], step + 1);
		for (int step = 0; step < 3; step++)
			join_rows(f, (unsigned)step, n, (step + 1) * width, b);
		for (unsigned v = 0; v < BIT_VECTORS; v++)
			vst1q_u64(f->window + i * WORDS + 2 * v, b[v]);
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

static ALWAYS_INLINE uint8x16_t roll(const struct columns *c, unsigned at)
{
	uint8x16_t sums = vaddq_u8(vsubq_u8(vld1q_u8(c->in + at), vld1q_u8(c->gone + at)), vld1q_u8(c->above + at));

	vst1q_u8(c->out + at, sums);
	if (__builtin_expect(c->copy != 0, 0))
		vst1q_u8(c->out + c->copy + at, sums);
	return sums;
}

static ALWAYS_INLINE void roll_only(const struct columns *c)
{
	for (unsigned at = 0; at < FLAT_CHUNK; at += VECTOR)
		roll(c, at);
	memset(c->candidates, 0, FLAT_CHUNK / 8);
}

/* 16 column sums and the sums of two of them, the right one in its place, in bytes that saturate or in 16 bits. */
struct summed {
	uint8x16_t columns, pairs;
};

static ALWAYS_INLINE uint8x16_t pairs_of(uint8x16_t before, uint8x16_t columns, const bool sums_16)
{
	if (sums_16)
		return vreinterpretq_u8_u16(vpaddlq_u8(columns));
	return vqaddq_u8(columns, vextq_u8(before, columns, 15));
}

/* Sums of 7 columns in bytes that saturate: too small a sum only lets more pass. */
static ALWAYS_INLINE uint8x16_t thresholds_8(const struct flat_plan *t, const struct summed *before, const struct summed *s)
{
	const uint8x16_t fine = vld1q_u8(t->coarse_8[0]), coarse = vld1q_u8(t->coarse_8[1]);
	uint8x16_t sum = vqaddq_u8(s->pairs, vextq_u8(before->pairs, s->pairs, 14));

	sum = vqaddq_u8(sum, vextq_u8(before->pairs, s->pairs, 12));
	sum = vqaddq_u8(sum, vextq_u8(before->columns, s->columns, 10));
	/* Sums from 16 on leave the fine table, which then says 0. */
	return vmaxq_u8(vqtbl1q_u8(fine, sum), vqtbl1q_u8(coarse, vshrq_n_u8(sum, 4)));
}

/* The same in 16 bits, even and odd pixels apart, up to 1023. */
static ALWAYS_INLINE uint8x16_t thresholds_16(const struct flat_plan *t, const struct summed *before, const struct summed *s)
{
	const uint16x8_t top = vdupq_n_u16(1023), low = vdupq_n_u16(255);
	uint8x16_t sixth = vextq_u8(before->columns, s->columns, 10);
	uint16x8_t fours = vaddq_u16(vreinterpretq_u16_u8(vextq_u8(before->pairs, s->pairs, 14)),
				     vreinterpretq_u16_u8(vextq_u8(before->pairs, s->pairs, 12)));
	uint16x8_t odd = vaddq_u16(vaddq_u16(vreinterpretq_u16_u8(s->pairs), fours), vshrq_n_u16(vreinterpretq_u16_u8(sixth), 8));
	uint16x8_t even = vaddq_u16(vpadalq_u8(fours, sixth), vandq_u16(vreinterpretq_u16_u8(s->columns), low));

	even = vshrq_n_u16(vminq_u16(even, top), 6);
	odd = vshrq_n_u16(vminq_u16(odd, top), 6);
	return vqtbl1q_u8(vld1q_u8(t->coarse_16), vreinterpretq_u8_u16(vsliq_n_u16(even, odd, 8)));
}

/* Bit i: byte i of 64, all ones or none. */
static ALWAYS_INLINE uint64_t to_bits(const uint8x16_t pass[VECTORS_PER_WORD])
{
	const uint8x16_t bit = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
	uint8x16_t low = vpaddq_u8(vandq_u8(pass[0], bit), vandq_u8(pass[1], bit));
	uint8x16_t high = vpaddq_u8(vandq_u8(pass[2], bit), vandq_u8(pass[3], bit));

	low = vpaddq_u8(low, high);
	return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(low, low)), 0);
}

/* Returns whether most column sums are large. */
static ALWAYS_INLINE bool find_chunk(const struct columns *c, const struct flat_plan *t, uint8x16_t columns_before, const bool sums_16)
{
	uint8x16_t most = vdupq_n_u8(0), pass[VECTORS_PER_WORD];
	struct summed before = {columns_before, pairs_of(vdupq_n_u8(0), columns_before, sums_16)}; /* the first pair is not looked at */

	for (unsigned word = 0; word < WORDS; word++) {
		for (unsigned i = 0; i < VECTORS_PER_WORD; i++) {
			unsigned at = 64 * word + i * VECTOR;
			struct summed s = {.columns = roll(c, at)};

			s.pairs = pairs_of(before.columns, s.columns, sums_16);
			pass[i] = vcgtq_u8(vld1q_u8(c->centre + at), sums_16 ? thresholds_16(t, &before, &s) : thresholds_8(t, &before, &s));
			most = vmaxq_u8(most, s.columns);
			before = s;
		}
		c->candidates[word] = to_bits(pass) & c->window[word];
	}
	return vaddvq_u8(vshrq_n_u8(vcgtq_u8(most, vdupq_n_u8(LARGE_COLUMN)), 7)) > VECTOR / 2;
}

static bool any_word(const uint64_t words[WORDS])
{
	uint64_t any = 0;

	for (unsigned i = 0; i < WORDS; i++)
		any |= words[i];
	return any != 0;
}

static void find_candidates(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	int64_t width = f->plan->shape.width;

	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		uint8x16_t before = vld1q_u8(flat_columns(f, n - VECTOR));
		struct columns c = {
			.in = flat_pixels(f, n),
			.gone = flat_pixels(f, n - 7 * width),
			.above = flat_columns(f, n - width),
			.centre = flat_pixels(f, n - 3 * width - 3),
			.out = flat_columns(f, n),
			.window = f->window + i * WORDS,
			.candidates = f->candidates + i * WORDS,
		};

		c.copy = c.out == f->columns ? f->column_pixels : 0;
		if (!any_word(c.window))
			roll_only(&c);
		else if (f->sums_16)
			f->sums_16 = find_chunk(&c, f->tables, before, true);
		else
			f->sums_16 = find_chunk(&c, f->tables, before, false);
	}
}

/* Which pixels of the window at `at` are clipped: bit 8 * row + column. */
static uint64_t clipped_pixels(const uint8_t *const row[7], uint32_t at)
{
	const uint8x8_t bit = {1, 2, 4, 8, 16, 32, 64, 0};
	uint64_t clipped = 0;

	for (unsigned i = 0; i < 7; i++)
		clipped |= (uint64_t)vaddv_u8(vand_u8(vceq_u8(vld1_u8(row[i] + at), vdup_n_u8(FLAT_CLIP)), bit)) << 8 * i;
	return clipped;
}

/* A clipped window always passes. */
static ALWAYS_INLINE void test_candidate(struct flat_queue *f, int64_t centre, const uint8_t *const row[7], uint32_t at)
{
	uint8x8_t columns = vdup_n_u8(0), most = columns;
	uint16x8_t pairs = vdupq_n_u16(0);
	uint64_t sum, squares, clipped = 0;

	for (unsigned i = 0; i < 7; i++) {
		uint8x8_t v = vld1_u8(row[i] + at);

		columns = vadd_u8(columns, v);
		pairs = vmlal_u8(pairs, v, v);
		most = vmax_u8(most, v);
	}
	/* The last column is not the window's. */
	sum = vaddlv_u8(vset_lane_u8(0, columns, 7));
	squares = vaddlvq_u16(vsetq_lane_u16(0, pairs, 7));
	if (vmaxv_u8(vset_lane_u8(0, most, 7)) == FLAT_CLIP)
		clipped = clipped_pixels(row, at);
	if (clipped || FLAT_WINDOW * squares - sum * sum > sum * f->tables->flat_q8 >> 8)
		flat_decide(f, centre + at, sum, squares, clipped);
}

static void test_candidates(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	int64_t width = f->plan->shape.width;
	const uint8_t *row[7];

	for (unsigned i = 0; i < 7; i++)
		row[i] = flat_pixels(f, n - 6 - (6 - (int64_t)i) * width);
	for (uint32_t word = 0; word < n_chunks * WORDS; word++)
		for (uint64_t left = f->candidates[word]; left; left &= left - 1)
			test_candidate(f, n - 3 - 3 * width, row, 64 * word + (uint32_t)__builtin_ctzll(left));
}

const struct flat_level flat_level_neon = {
	.take = {flat_take_u8_neon, flat_take_u16_neon, flat_take_u32_neon},
	.bins = flat_bins_neon,
	.empty_sums = flat_empty_sums_neon,
	.spread = spread_bits,
	.windows = find_candidates,
	.decide = test_candidates,
};
#endif
