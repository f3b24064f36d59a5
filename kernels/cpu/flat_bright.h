/* flat_bright.h - pixels of a chunk that are taken one by one, the same at every level of the CPU engine (kernels/cpu/flat.h). */
#ifndef KERNELS_CPU_FLAT_BRIGHT_H
#define KERNELS_CPU_FLAT_BRIGHT_H

#include "kernels/cpu/flat.h"

/* The bytes of a chunk's pixels, lowest first. */
struct bright_pixels {
	_Alignas(FLAT_VECTOR) uint8_t byte[4][FLAT_CHUNK];
};

static inline uint32_t bright_pixel(const struct bright_pixels *w, unsigned i, unsigned elem)
{
	uint32_t v = w->byte[0][i];

	if (elem > 1)
		v |= (uint32_t)w->byte[1][i] << 8;
	if (elem > 2)
		v |= (uint32_t)w->byte[2][i] << 16 | (uint32_t)w->byte[3][i] << 24;
	return v;
}

/* The table of bins is far away and little of it is read, but where a pixel is looked up, the one below it mostly is, too, a row later. */
static inline void bright_prefetch(const struct flat_queue *f, int64_t n)
{
	if (f->plan->n_bins > 0 && n + f->plan->shape.width < (int64_t)image_pixels(&f->plan->shape))
		__builtin_prefetch(f->plan->bin + n + f->plan->shape.width);
}

/* One valid pixel that is clipped. */
static inline void bright_take(struct flat_queue *f, int64_t n, uint32_t v)
{
	bright_prefetch(f, n);
	*flat_wide(f, n) = v;
	f->excess[flat_slot(f, n)] += v - f->clip;
	f->n_saturated += v > f->plan->saturation_value;
	f->declined |= v >= PLAN_BIG_PIXEL;
	if (v > f->max) {
		f->max = v;
		f->max_index = (uint32_t)n;
	}
}

/* The lowest plane that must be set, with all above it, in a pixel that its value refuses. */
static inline unsigned bright_refused_from(const struct plan *plan)
{
	return plan->invalid_from == pixel_max(plan->shape.type) ? 0 : 1;
}

static inline void bright_refuse_run(struct flat_queue *f, int64_t n, uint32_t count)
{
	f->n_nodata += count;
	f->refused[flat_slot(f, n)] += count;
}

/* 64 pixels, all of them refused. */
static inline void bright_refuse_word(struct flat_queue *f, int64_t n, uint64_t ends)
{
	unsigned from = 0;

	for (ends |= UINT64_C(1) << 63; ends; ends &= ends - 1) {
		unsigned to = (unsigned)__builtin_ctzll(ends);

		bright_refuse_run(f, n + to, to + 1 - from);
		from = to + 1;
	}
}

/* Allowed pixels that their values refuse, a bit each: out of the counts, run by run, for without a mask whole gaps between modules are such. */
static inline void bright_refuse(struct flat_queue *f, int64_t n, const uint64_t *refused, unsigned n_words)
{
	const uint64_t *ends = f->tables->run_ends + n / 64;

	for (unsigned word = 0; word < n_words; word++, n += 64) {
		uint64_t left = refused[word];

		if (left)
			bright_prefetch(f, n + __builtin_ctzll(left));
		if (left == ~UINT64_C(0)) {
			bright_refuse_word(f, n, ends[word]);
			continue;
		}
		while (left) {
			unsigned first = (unsigned)__builtin_ctzll(left);
			uint64_t end = ends[word] >> first, after = end ? (end & -end) << first << 1 : 0, run = left & (after - 1);

			bright_refuse_run(f, n + first, (uint32_t)__builtin_popcountll(run));
			left ^= run;
		}
	}
}

/* The first pixel of a stored chunk that is brighter than all before it, where the brightest is not clipped. */
static inline void bright_find(struct flat_queue *f, int64_t n)
{
	uint64_t at = (uint64_t)n & (f->ring_pixels - 1);

	for (unsigned i = 0; i < FLAT_CHUNK; i++) {
		bool valid = f->valid[(at + i) / 8] >> i % 8 & 1;

		if (valid && (f->max_index == UINT32_MAX || flat_clipped(f, n + i) > f->max)) {
			f->max = flat_clipped(f, n + i);
			f->max_index = (uint32_t)(n + i);
		}
	}
}

#endif
