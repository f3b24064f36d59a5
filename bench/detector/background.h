/* background.h - what lies under the spots: air scatter, the water ring, ice rings, powder rings, the shadow of the beam stop.
 *
 * For render.c. A background is a map from pixels to zones of equal expected counts. Read-only once made, so threads may share it. */
#ifndef BENCH_DETECTOR_BACKGROUND_H
#define BENCH_DETECTOR_BACKGROUND_H

#include <stdint.h>

#include "bench/detector/crystal.h"

#define BACKGROUND_RINGS_MAX 32

struct background_config {
	double mean;              /* photons per unmasked pixel: air, water and beam stop together, rings not counted */
	double beamstop_mm;       /* radius of the shadow; 0: none */
	double ice_photons;       /* photons per pixel on the crest of the strongest ice ring; 0: none */
	double powder_photons;    /* on the crest of every powder ring */
	unsigned n_powder;
	double powder_d[BACKGROUND_RINGS_MAX]; /* Angstrom */
};

struct background {
	uint16_t *zone;           /* per pixel */
	double *mean;             /* expected counts per zone */
	unsigned n_zones;
};

/* mask: one word per pixel, not 0: the pixel gets zone 0, which expects nothing. -ENOMEM, -EINVAL where a mean is out of range. */
int background_open(struct background **out, const struct background_config *config, const struct crystal_beam *beam, const uint32_t *mask);
void background_close(struct background **background);

/* Expected counts of a pixel by this background. */
static inline double background_at(const struct background *b, uint32_t width, uint32_t x, uint32_t y)
{
	return b->mean[b->zone[(uint64_t)y * width + x]];
}

#endif
