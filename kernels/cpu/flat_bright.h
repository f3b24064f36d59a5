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

/* One allowed pixel of FLAT_CLIP or more; false where its value refuses it. */
static inline bool bright_take(struct flat_queue *f, int64_t n, uint32_t v)
{
	uint32_t slot = flat_slot(f, n);

	if (v >= f->plan->invalid_from) {
		f->n_nodata++;
		f->refused[slot]++;
		return false;
	}
	*flat_wide(f, n) = v;
	f->excess[slot] += v - FLAT_CLIP;
	f->n_saturated += v > f->plan->saturation_value;
	f->declined |= v >= PLAN_BIG_PIXEL;
	if (v > f->max) {
		f->max = v;
		f->max_index = (uint32_t)n;
	}
	return true;
}

/* The first pixel of a stored chunk that is brighter than all before it, where the brightest is not clipped. */
static inline void bright_find(struct flat_queue *f, int64_t n)
{
	uint64_t at = (uint64_t)n & (f->ring_pixels - 1);

	for (unsigned i = 0; i < FLAT_CHUNK; i++) {
		bool valid = f->valid[(at + i) / 8] >> i % 8 & 1;

		if (valid && (f->max_index == UINT32_MAX || f->pixels[at + i] > f->max)) {
			f->max = f->pixels[at + i];
			f->max_index = (uint32_t)(n + i);
		}
	}
}

#endif
