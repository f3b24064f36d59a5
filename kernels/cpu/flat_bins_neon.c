/* flat_bins_neon.c - radial sums with NEON (kernels/cpu/flat.h): as flat_bins_avx512.c, but running sums are packed 8 pixels at a time. */
#ifdef __aarch64__
#include <arm_neon.h>
#include <string.h>

#include "kernels/cpu/flat.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Per byte: the places of its bits, lowest first, a byte each. */
#define ONES(b) (((b) & 1) + ((b) >> 1 & 1) + ((b) >> 2 & 1) + ((b) >> 3 & 1) + ((b) >> 4 & 1) + ((b) >> 5 & 1) + ((b) >> 6 & 1))
#define PLACE(b, i) ((b) >> (i) & 1 ? UINT64_C(i) << 8 * ONES((b) & ((1 << (i)) - 1)) : 0)
#define PLACES(b) (PLACE(b, 1) | PLACE(b, 2) | PLACE(b, 3) | PLACE(b, 4) | PLACE(b, 5) | PLACE(b, 6) | PLACE(b, 7))
/* The reverse: in the place of every bit how many are below it, in all others what a look-up takes for nothing. */
#define RANK(b, i) ((uint64_t)((b) >> (i) & 1 ? ONES((b) & ((1 << (i)) - 1)) : 255) << 8 * (i))
#define RANKS(b) (RANK(b, 0) | RANK(b, 1) | RANK(b, 2) | RANK(b, 3) | RANK(b, 4) | RANK(b, 5) | RANK(b, 6) | RANK(b, 7))
#define FOUR(of, b) of(b), of((b) + 1), of((b) + 2), of((b) + 3)
#define SIXTEEN(of, b) FOUR(of, b), FOUR(of, (b) + 4), FOUR(of, (b) + 8), FOUR(of, (b) + 12)
#define SIXTY_FOUR(of, b) SIXTEEN(of, b), SIXTEEN(of, (b) + 16), SIXTEEN(of, (b) + 32), SIXTEEN(of, (b) + 48)
#define ALL(of) SIXTY_FOUR(of, 0), SIXTY_FOUR(of, 64), SIXTY_FOUR(of, 128), SIXTY_FOUR(of, 192)

static const uint64_t places[256] = {ALL(PLACES)}, ranks[256] = {ALL(RANKS)};

/* Byte i: how many bits are set up to and with byte i of `bits`. */
static ALWAYS_INLINE uint64_t counts_up_to(uint64_t bits)
{
	return vget_lane_u64(vreinterpret_u64_u8(vcnt_u8(vcreate_u8(bits))), 0) * 0x0101010101010101;
}

/* The bytes of v at the bits of byte i of `ends`, packed behind those of the bytes before it. */
static ALWAYS_INLINE void pack_eight(uint8x8_t v, uint64_t ends, uint64_t counts, unsigned i, uint8_t *out)
{
	vst1_u8(out + (counts << 8 >> 8 * i & 0xff), vtbl1_u8(v, vcreate_u8(places[ends >> 8 * i & 0xff])));
}

/* 16 pixels: sums within each half, and what to add to the upper half for the lower. */
static ALWAYS_INLINE uint8x16_t sums_inside(uint8x16_t pixels, uint8x16_t *of_lower)
{
	const uint8x16_t seventh = vcombine_u8(vdup_n_u8(255), vdup_n_u8(7)); /* 255: 0 */
	uint64x2_t inside = vreinterpretq_u64_u8(pixels);

	inside = vreinterpretq_u64_u8(vaddq_u8(vreinterpretq_u8_u64(inside), vreinterpretq_u8_u64(vshlq_n_u64(inside, 8))));
	inside = vreinterpretq_u64_u8(vaddq_u8(vreinterpretq_u8_u64(inside), vreinterpretq_u8_u64(vshlq_n_u64(inside, 16))));
	inside = vreinterpretq_u64_u8(vaddq_u8(vreinterpretq_u8_u64(inside), vreinterpretq_u8_u64(vshlq_n_u64(inside, 32))));
	*of_lower = vqtbl1q_u8(vreinterpretq_u8_u64(inside), seventh);
	return vreinterpretq_u8_u64(inside);
}

/* Low bytes of the running sums of 64 pixels at `ends`. *before: the lowest byte of the sum before them, in every lane; moves on. */
static ALWAYS_INLINE uint8_t *pack_low(const uint8_t *pixels, uint64_t ends, uint8x16_t *before, uint8_t *low)
{
	uint64_t counts = counts_up_to(ends);

	for (unsigned i = 0; i < 8; i += 2) {
		uint8x16_t of_lower, sums = sums_inside(vld1q_u8(pixels + 8 * i), &of_lower);

		sums = vaddq_u8(vaddq_u8(sums, of_lower), *before);
		*before = vdupq_laneq_u8(sums, 15);
		pack_eight(vget_low_u8(sums), ends, counts, i, low);
		pack_eight(vget_high_u8(sums), ends, counts, i + 1, low);
	}
	return low + (counts >> 56);
}

/* High bytes likewise; `before` is the whole sum before them. */
static void pack_high(const uint8_t *pixels, uint64_t ends, uint16_t before, uint8_t *high)
{
	uint16x8_t start = vdupq_n_u16(before);
	uint64_t counts = counts_up_to(ends);

	for (unsigned i = 0; i < 8; i++) {
		uint8x16_t of_lower, inside = sums_inside(vcombine_u8(vld1_u8(pixels + 8 * i), vdup_n_u8(0)), &of_lower);
		uint16x8_t sums = vaddw_u8(start, vget_low_u8(inside)); /* 8 clipped pixels fit a byte */

		start = vdupq_laneq_u16(sums, 7);
		pack_eight(vshrn_n_u16(sums, 8), ends, counts, i, high);
	}
}

static uint32_t pack_block(struct flat_queue *f, int64_t n, uint32_t n_groups)
{
	const uint64_t *ends = f->tables->run_ends + n / FLAT_GROUP;
	const uint8_t *wide = f->tables->wide_groups + n / FLAT_GROUP / 8, *pixels = flat_pixels(f, n);
	uint8_t *low = f->ends[0] + FLAT_VECTOR;
	ptrdiff_t to_high = f->ends[1] - f->ends[0];
	uint8x16_t before = vdupq_n_u8((uint8_t)f->running_sum);
	uint16x8_t total = vdupq_n_u16(0); /* a block's clipped pixels fit */

	for (uint32_t g = 0; g < n_groups; g++, pixels += FLAT_GROUP) {
		if (__builtin_expect(wide[g / 8] >> g % 8 & 1, 0))
			pack_high(pixels, ends[g], (uint16_t)(f->running_sum + vaddlvq_u16(total)), low + to_high);
		low = pack_low(pixels, ends[g], &before, low);
		for (unsigned i = 0; i < FLAT_GROUP; i += 16)
			total = vpadalq_u8(total, vld1q_u8(pixels + i));
	}
	f->running_sum += vaddlvq_u16(total);
	return (uint32_t)(low - f->ends[0] - FLAT_VECTOR);
}

void flat_empty_sums_neon(struct flat_queue *f)
{
	for (unsigned way = 0; way < 2; way++) {
		for (uint32_t i = 0; i < f->tables->n_slots; i++)
			f->sum_32[way][i] += f->sum_16[way][i];
		memset(f->sum_16[way], 0, f->tables->n_slots * sizeof *f->sum_16[way]);
	}
	f->n_pieces = 0;
}

/* All ones in the first n bytes of 16. */
static ALWAYS_INLINE uint8x16_t first_bytes(uint32_t n)
{
	static const uint8_t steps[32] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

	return vld1q_u8(steps + 16 - (n < 16 ? n : 16));
}

static ALWAYS_INLINE void add_narrow(uint16_t *sums, uint32_t slot, const uint8_t *low, uint32_t n)
{
	uint16_t *to = sums + slot;

	for (uint32_t i = 0; i < n; i += 16) {
		uint8x16_t d = vandq_u8(first_bytes(n - i), vsubq_u8(vld1q_u8(low + i), vld1q_u8(low + i - 1)));

		vst1q_u16(to + i, vaddw_u8(vld1q_u16(to + i), vget_low_u8(d)));
		vst1q_u16(to + i + 8, vaddw_high_u8(vld1q_u16(to + i + 8), d));
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
	uint64_t counts = counts_up_to(slots) << 8;

	for (; slots; slots >>= 8, counts >>= 8, to += 8) {
		const uint8_t *at = low + (counts & 0xff);
		uint8x8_t d = vtbl1_u8(vsub_u8(vld1_u8(at), vld1_u8(at - 1)), vcreate_u8(ranks[slots & 0xff]));

		vst1q_u16(to, vaddw_u8(vld1q_u16(to), d));
	}
}

/* The first n of the bits. */
static ALWAYS_INLINE uint64_t first_bits(uint64_t bits, uint32_t n)
{
	uint64_t rest = bits;

	for (; rest && n > 0; n--)
		rest &= rest - 1;
	return bits ^ rest;
}

#define LEVEL(name) name##_neon
#include "kernels/cpu/flat_bins_body.inc"
#endif
