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

/* Sums of two columns, the right one in its place, in bytes that saturate. */
static ALWAYS_INLINE uint8x16_t sums_of_2(uint8x16_t before, uint8x16_t columns)
{
	return vqaddq_u8(columns, vextq_u8(before, columns, 15));
}

/* By sums of 7 columns in bytes that saturate: too small a sum only lets more pass. *pairs: the sums of 2 before; become their own. */
static ALWAYS_INLINE uint8x16_t thresholds(const struct flat_plan *t, uint8x16_t before, uint8x16_t columns, uint8x16_t *pairs)
{
	const uint8x16_t fine = vld1q_u8(t->coarse_8[0]), coarse = vld1q_u8(t->coarse_8[1]);
	uint8x16_t pairs_before = *pairs, sum = sums_of_2(before, columns);

	*pairs = sum;
	sum = vqaddq_u8(sum, vextq_u8(pairs_before, *pairs, 14));
	sum = vqaddq_u8(sum, vextq_u8(pairs_before, *pairs, 12));
	sum = vqaddq_u8(sum, vextq_u8(before, columns, 10));
	/* Sums from 16 on leave the fine table, which then says 0. */
	return vmaxq_u8(vqtbl1q_u8(fine, sum), vqtbl1q_u8(coarse, vshrq_n_u8(sum, 4)));
}

/* Even and odd entries apart. */
struct halves {
	uint16x8_t even, odd;
};

static ALWAYS_INLINE struct halves widen(uint8x16_t bytes)
{
	uint16x8_t v = vreinterpretq_u16_u8(bytes);

	return (struct halves){vandq_u16(v, vdupq_n_u16(255)), vshrq_n_u16(v, 8)};
}

/* Sums of 7 columns in 16 bits. */
static ALWAYS_INLINE struct halves sums_of_7(uint8x16_t before, uint8x16_t columns)
{
	uint8x16_t pairs_before = vreinterpretq_u8_u16(vpaddlq_u8(before)), pairs = vreinterpretq_u8_u16(vpaddlq_u8(columns));
	uint8x16_t sixth = vextq_u8(before, columns, 10);
	uint16x8_t fours = vaddq_u16(vreinterpretq_u16_u8(vextq_u8(pairs_before, pairs, 14)), vreinterpretq_u16_u8(vextq_u8(pairs_before, pairs, 12)));
	struct halves sum;

	sum.odd = vaddq_u16(vaddq_u16(vreinterpretq_u16_u8(pairs), fours), widen(sixth).odd);
	sum.even = vaddq_u16(vpadalq_u8(fours, sixth), widen(columns).even);
	return sum;
}

static ALWAYS_INLINE uint16x8_t high_product(uint16x8_t a, uint16x8_t b)
{
	uint32x4_t low = vmull_u16(vget_low_u16(a), vget_low_u16(b)), high = vmull_high_u16(a, b);

	return vuzp2q_u16(vreinterpretq_u16_u32(low), vreinterpretq_u16_u32(high));
}

/* All bits set where a pixel p may stand out of a window with this sum, for pixels below `clip`; clipped ones always do. */
static ALWAYS_INLINE uint16x8_t stands_out(const struct flat_plan *t, uint16x8_t p, uint16x8_t sum, unsigned clip)
{
	uint16x8_t most = vdupq_n_u16((uint16_t)(0xffffu >> t->deep_shift));
	uint16x8_t b = vqsubq_u16(vmulq_n_u16(p, FLAT_WINDOW), sum);
	uint16x8_t shifted = vshlq_u16(vminq_u16(b, most), vdupq_n_s16(t->deep_shift));
	uint16x8_t pass = vcgeq_u16(high_product(shifted, shifted), high_product(sum, vdupq_n_u16(t->deep_signal)));

	return vorrq_u16(vandq_u16(pass, vtstq_u16(b, b)), vceqq_u16(p, vdupq_n_u16((uint16_t)clip)));
}

/* The same, a byte per pixel. */
static ALWAYS_INLINE uint8x16_t stand_out(const struct flat_plan *t, struct halves p, struct halves sum, unsigned clip)
{
	uint16x8_t even = stands_out(t, p.even, sum.even, clip), odd = stands_out(t, p.odd, sum.odd, clip);

	return vreinterpretq_u8_u16(vsliq_n_u16(even, odd, 8));
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
static ALWAYS_INLINE bool find_chunk(const struct columns *c, const struct flat_plan *t, uint8x16_t before, const bool sums_16)
{
	uint8x16_t most = vdupq_n_u8(0), pass[VECTORS_PER_WORD];
	uint8x16_t pairs = sums_of_2(most, before); /* the first is not looked at */

	for (unsigned word = 0; word < WORDS; word++) {
		for (unsigned i = 0; i < VECTORS_PER_WORD; i++) {
			unsigned at = 64 * word + i * VECTOR;
			uint8x16_t columns = roll(c, at), centre = vld1q_u8(c->centre + at);

			if (sums_16)
				pass[i] = stand_out(t, widen(centre), sums_of_7(before, columns), FLAT_CLIP);
			else
				pass[i] = vcgtq_u8(centre, thresholds(t, before, columns, &pairs));
			most = vmaxq_u8(most, columns);
			before = columns;
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
		uint8x16_t before = vld1q_u8(flat_columns(f, n - VECTOR));
		struct columns c = columns_at(f, n);

		c.window = f->window + i * WORDS;
		c.candidates = f->candidates + i * WORDS;
		if (!any_word(c.window))
			roll_only(&c);
		else if (f->sums_16)
			f->sums_16 = find_chunk(&c, f->tables, before, true);
		else
			f->sums_16 = find_chunk(&c, f->tables, before, false);
	}
}

/* Deep: low + 2^FLAT_DEEP_BITS high. */
static ALWAYS_INLINE struct halves join(struct halves low, struct halves high)
{
	return (struct halves){vaddq_u16(low.even, vshlq_n_u16(high.even, FLAT_DEEP_BITS)), vaddq_u16(low.odd, vshlq_n_u16(high.odd, FLAT_DEEP_BITS))};
}

static ALWAYS_INLINE void find_chunk_deep(const struct flat_plan *t, const struct columns *low, const struct columns *high, uint8x16_t low_before,
					  uint8x16_t high_before)
{
	uint8x16_t pass[VECTORS_PER_WORD];

	for (unsigned word = 0; word < WORDS; word++) {
		for (unsigned i = 0; i < VECTORS_PER_WORD; i++) {
			unsigned at = 64 * word + i * VECTOR;
			uint8x16_t l = roll(low, at), h = roll(high, at);
			struct halves p = join(widen(vld1q_u8(low->centre + at)), widen(vld1q_u8(high->centre + at)));

			pass[i] = stand_out(t, p, join(sums_of_7(low_before, l), sums_of_7(high_before, h)), FLAT_DEEP_CLIP);
			low_before = l;
			high_before = h;
		}
		low->candidates[word] = to_bits(pass);
	}
}

static void find_candidates_deep(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	for (uint32_t i = 0; i < n_chunks; i++, n += FLAT_CHUNK) {
		struct columns low = columns_at(f, n), high = columns_at(f->upper, n);

		low.candidates = f->candidates + i * WORDS;
		find_chunk_deep(f->tables, &low, &high, vld1q_u8(flat_columns(f, n - VECTOR)), vld1q_u8(flat_columns(f->upper, n - VECTOR)));
	}
}

/* The rows of windows from the first pixel of a block's first window on, in one ring or both. */
struct window_rows {
	const uint8_t *low[7], *high[7];
};

/* Which pixels of the window at `at` are clipped: bit 8 * row + column. */
static ALWAYS_INLINE uint64_t clipped_pixels(const struct window_rows *rows, uint32_t at, bool deep)
{
	const uint8x8_t bit = {1, 2, 4, 8, 16, 32, 64, 0};
	uint64_t clipped = 0;

	for (unsigned i = 0; i < 7; i++) {
		uint8x8_t v = vld1_u8(rows->low[i] + at);

		if (deep)
			v = vand_u8(v, vld1_u8(rows->high[i] + at));
		clipped |= (uint64_t)vaddv_u8(vand_u8(vceq_u8(v, vdup_n_u8(FLAT_CLIP)), bit)) << 8 * i;
	}
	return clipped;
}

/* Sums over a window; bright: the largest byte, deep of bits that both bytes of a pixel have. */
struct window {
	uint64_t sum, squares;
	uint8_t bright;
};

/* Per column, then without the eighth, which is not the window's. */
static ALWAYS_INLINE uint64_t sum_bytes(uint8x8_t columns)
{
	return vaddlv_u8(vset_lane_u8(0, columns, 7));
}

static ALWAYS_INLINE uint64_t sum_words(uint16x8_t columns)
{
	return vaddlvq_u16(vsetq_lane_u16(0, columns, 7));
}

static ALWAYS_INLINE struct window sum_window(const struct window_rows *rows, uint32_t at, bool deep)
{
	const uint16x8_t none = vdupq_n_u16(0);
	uint8x8_t low_sum = vdup_n_u8(0), high_sum = low_sum, bright = low_sum;
	uint16x8_t low_squares = none, mixed = none, high_squares = none;
	struct window w;

	for (unsigned i = 0; i < 7; i++) {
		uint8x8_t low = vld1_u8(rows->low[i] + at), high = deep ? vld1_u8(rows->high[i] + at) : low;

		low_sum = vadd_u8(low_sum, low);
		low_squares = vmlal_u8(low_squares, low, low);
		if (deep) {
			high_sum = vadd_u8(high_sum, high);
			mixed = vmlal_u8(mixed, low, high);
			high_squares = vmlal_u8(high_squares, high, high);
		}
		bright = vmax_u8(bright, vand_u8(low, high));
	}
	w.sum = sum_bytes(low_sum) + (sum_bytes(high_sum) << FLAT_DEEP_BITS);
	w.squares = sum_words(low_squares) + (sum_words(mixed) << (FLAT_DEEP_BITS + 1)) + (sum_words(high_squares) << 2 * FLAT_DEEP_BITS);
	w.bright = vmaxv_u8(vset_lane_u8(0, bright, 7));
	return w;
}

/* A clipped window always passes. */
static ALWAYS_INLINE void test_candidate(struct flat_queue *f, int64_t centre, const struct window_rows *rows, uint32_t at, bool deep)
{
	struct window w = sum_window(rows, at, deep);
	uint64_t clipped = w.bright == FLAT_CLIP ? clipped_pixels(rows, at, deep) : 0;

	if (clipped || FLAT_WINDOW * w.squares - w.sum * w.sum > w.sum * f->tables->flat_q8 >> 8)
		flat_decide(f, centre + at, w.sum, w.squares, clipped);
}

static ALWAYS_INLINE void test_all(struct flat_queue *f, int64_t n, uint32_t n_chunks, bool deep)
{
	int64_t width = f->plan->shape.width;
	struct window_rows rows;

	for (unsigned i = 0; i < 7; i++) {
		rows.low[i] = flat_pixels(f, n - 6 - (6 - (int64_t)i) * width);
		rows.high[i] = deep ? flat_pixels(f->upper, n - 6 - (6 - (int64_t)i) * width) : NULL;
	}
	for (uint32_t word = 0; word < n_chunks * WORDS; word++)
		for (uint64_t left = f->candidates[word]; left; left &= left - 1)
			test_candidate(f, n - 3 - 3 * width, &rows, 64 * word + (uint32_t)__builtin_ctzll(left), deep);
}

static void test_candidates(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	test_all(f, n, n_chunks, false);
}

static void test_candidates_deep(struct flat_queue *f, int64_t n, uint32_t n_chunks)
{
	test_all(f, n, n_chunks, true);
}

const struct flat_level flat_level_neon = {
	.take = {flat_take_u8_neon, flat_take_u16_neon, flat_take_u32_neon},
	.bins = flat_bins_neon,
	.empty_sums = flat_empty_sums_neon,
	.spread = spread_bits,
	.windows = find_candidates,
	.decide = test_candidates,
	.take_deep = {NULL, flat_take_deep_u16_neon, flat_take_deep_u32_neon},
	.windows_deep = find_candidates_deep,
	.decide_deep = test_candidates_deep,
};
#endif
