/* rows.h - the inner loops of the CPU engine, one table per level of the machine. Private to kernels/cpu.
 *
 * A level is a table of functions over one row (or one block); rows_body.inc holds them once in plain C, each level
 * compiles that with its own flags and puts hand-written functions in place of those the compiler does badly.
 *
 * Rows of values, flags and column sums have ROW_PAD entries before and behind that read as "nothing there", so that
 * no window is clipped. Loops may read and write up to the padding. */
#ifndef KERNELS_CPU_ROWS_H
#define KERNELS_CPU_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/plan.h"

#define ROW_PAD 64u /* a cache line of flags; more than any window reaches */

/* What is known of a pixel of a cleaned row. */
#define FLAG_COUNTED 1u /* valid and below PLAN_BIG_PIXEL: counts in m, X and Y */
#define FLAG_VALID 2u

struct row_totals {
	uint64_t sum;
	uint32_t n_valid, max; /* max: 0 where nothing is valid */
};

/* Sums over the 2k+1 rows around one, per column. colY is exact: the squares of 13 pixels below 2^24 fit 53 bits. */
struct column_sums {
	uint8_t *n;
	uint32_t *x;
	double *y;
};

/* A plan's tests as necessary conditions that need no m, for the whole row at once. They only ever let too much pass;
 * the exact integers decide. With M = (2k+1)^2 and any m <= M:
 *   stands out:  M p - X > sqrt(NS2 X M / 2^16), because X/m + sqrt(NS2 X/m / 2^16) falls with m. A pixel from 2^24 on,
 *                of which the second test asks less, passes by itself: it is not in X, so M p - X >= 2^24, while a plan's
 *                bounds keep NS2 X M / 2^16 below 2^48;
 *   not flat:    Y > X^2 / M + X min(C[m] / m) / 2^16. */
struct row_tests {
	uint32_t k, threshold;
	float window_up, signal; /* M rounded up, NS2 M / 2^16 rounded down */
	double inverse, flat;    /* 1 / M and min C[m] / m / 2^16, both rounded down */
};

/* VALUE is uint16_t for u8 and u16 pixels, uint32_t for u32. Indexed by that: [0] 16 bit, [1] 32 bit. */
struct cpu_rows {
	/* Bit transposition as codec_bitunshuffle. */
	void (*unshuffle)(uint8_t *out, const uint8_t *in, size_t n, unsigned elem);
	/* Per enum pixel_type: invalid pixels become 0. pixels need no alignment. */
	void (*clean[PIXEL_TYPES])(const uint8_t *pixels, const uint8_t *mask, uint32_t width, uint32_t invalid_from,
				   void *values, uint8_t *flags, struct row_totals *totals);
	/* sums[i] = sum of the first i values, i <= width; the sum of all must be below 2^32. */
	void (*prefix[2])(const void *values, uint32_t width, uint32_t *sums);
	/* One row enters the column sums and one leaves. */
	void (*roll[2])(const struct column_sums *columns, uint32_t width, const void *in, const uint8_t *in_flags,
			const void *gone, const uint8_t *gone_flags);
	/* Bit x of candidates (bit x % 8 of byte x / 8): the pixel may stand out of its window. */
	void (*stands_out[2])(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
			      const void *values, uint8_t *candidates);
	/* Bit x of candidates: the pixel is valid and its window may not be flat. */
	void (*not_flat)(const struct row_tests *tests, const struct column_sums *columns, uint32_t width,
			 const uint8_t *flags, uint8_t *candidates);
};

struct flat_level;

struct cpu_level {
	const char *name;
	bool (*available)(void); /* on the machine that asks */
	const struct cpu_rows *rows;
	const struct flat_level *flat; /* NULL: it has no short way */
};

/* The level by that name, the best available for NULL; NULL where there is no such level or the machine lacks it. */
const struct cpu_level *cpu_level_find(const char *name);
/* Level i from the weakest, NULL past the last one this program was built with. */
const struct cpu_level *cpu_level_at(unsigned i);

extern const struct cpu_rows cpu_rows_scalar;
#ifdef __x86_64__
extern const struct cpu_rows cpu_rows_avx2;
void cpu_unshuffle_avx2(uint8_t *out, const uint8_t *in, size_t n, unsigned elem);
#endif
#ifdef __aarch64__
extern const struct cpu_rows cpu_rows_neon;
void cpu_unshuffle_neon(uint8_t *out, const uint8_t *in, size_t n, unsigned elem);
#endif

#endif
