/* background.c - radial profiles turned into zones. See background.h. Pure but for its memory. */
#include "bench/detector/background.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "bench/detector/poisson.h"

#define STEPS_PER_PIXEL 4 /* of the radial profile */
#define ZONES 512         /* neighbouring zones differ by less than what one pixel could tell */

/* Strong rings of hexagonal ice (Angstrom) and how bright they are beside the strongest, powder averaged. */
static const struct { double d, height; } ice_rings[] = {
	{ 3.897, 1.0 }, { 3.664, 0.6 }, { 3.438, 0.8 }, { 2.668, 0.25 }, { 2.249, 0.5 }, { 2.072, 0.4 }, { 1.948, 0.08 }, { 1.918, 0.35 },
	{ 1.883, 0.1 }, { 1.721, 0.1 }, { 1.524, 0.1 },
};

static double bell(double x, double sigma)
{
	return exp(-x * x / (2 * sigma * sigma));
}

/* A sample in water and some air, seen at q (1/Angstrom): the water ring at q = 2, its shoulder at 2.9, forward air scatter, and the nearly
 * flat incoherent part. Heights are relative: the mean is set later. */
static double water(double q)
{
	return 0.9 * exp(-q / 0.35) + 0.25 + bell(q - 2.0, q < 2 ? 0.32 : 0.42) + 0.35 * bell(q - 2.9, 0.45);
}

/* Lets light through (1) or not (0), with a penumbra: no real edge is sharp, and a sharp one would look like spots. */
static double beamstop(double radius_mm, double stop_mm, double pixel_mm)
{
	return stop_mm > 0 ? 0.5 + 0.5 * tanh((radius_mm - stop_mm) / (8 * pixel_mm)) : 1;
}

static double rings(const struct background_config *c, const struct crystal_beam *beam, double radius_px)
{
	double sum = 0, sigma_px = 5;

	for (size_t i = 0; c->ice_photons > 0 && i < sizeof ice_rings / sizeof *ice_rings; i++) {
		double sine = beam->wavelength_angstrom / (2 * ice_rings[i].d);

		if (sine < M_SQRT1_2)
			sum += c->ice_photons * ice_rings[i].height * bell(radius_px - beam->distance_mm * tan(2 * asin(sine)) / beam->pixel_mm, sigma_px);
	}
	for (unsigned i = 0; i < c->n_powder; i++) {
		double sine = beam->wavelength_angstrom / (2 * c->powder_d[i]);

		if (sine < M_SQRT1_2)
			sum += c->powder_photons * bell(radius_px - beam->distance_mm * tan(2 * asin(sine)) / beam->pixel_mm, sigma_px);
	}
	return sum;
}

static size_t step_of(const struct crystal_beam *beam, uint32_t x, uint32_t y)
{
	double dx = x + 0.5 - beam->centre_px[0], dy = y + 0.5 - beam->centre_px[1];

	return (size_t)(sqrt(dx * dx + dy * dy) * STEPS_PER_PIXEL);
}

static size_t steps_needed(const struct crystal_beam *beam)
{
	double dx = fmax(fabs(beam->centre_px[0]), fabs(beam->width - beam->centre_px[0]));
	double dy = fmax(fabs(beam->centre_px[1]), fabs(beam->height - beam->centre_px[1]));

	return (size_t)((hypot(dx, dy) + 2) * STEPS_PER_PIXEL);
}

/* Mean of a profile over the unmasked pixels. */
static double profile_mean(const double *profile, const struct crystal_beam *beam, const uint32_t *mask)
{
	double sum = 0;
	uint64_t n = 0;

	for (uint32_t y = 0; y < beam->height; y++)
		for (uint32_t x = 0; x < beam->width; x++)
			if (!mask[(size_t)y * beam->width + x]) {
				sum += profile[step_of(beam, x, y)];
				n++;
			}
	return n ? sum / (double)n : 0;
}

/* Expected counts at every step of the radius: water scaled to the wanted mean, then rings, all with the pixels' solid angle. */
static void profile_make(double *profile, size_t n, const struct background_config *c, const struct crystal_beam *beam, const uint32_t *mask)
{
	double mean;

	for (size_t i = 0; i < n; i++) {
		double mm = (i + 0.5) / STEPS_PER_PIXEL * beam->pixel_mm, two_theta = atan2(mm, beam->distance_mm);
		double q = 4 * M_PI * sin(two_theta / 2) / beam->wavelength_angstrom, solid = pow(cos(two_theta), 3);

		profile[i] = water(q) * solid * beamstop(mm, c->beamstop_mm, beam->pixel_mm);
	}
	mean = profile_mean(profile, beam, mask);
	for (size_t i = 0; i < n; i++) {
		double px = (i + 0.5) / STEPS_PER_PIXEL, mm = px * beam->pixel_mm;

		profile[i] *= mean > 0 ? c->mean / mean : 0;
		profile[i] += rings(c, beam, px) * beamstop(mm, c->beamstop_mm, beam->pixel_mm);
	}
}

/* Zones are equally spaced in the square root of the expectation, where the Poisson noise is the same everywhere. Zone 0 expects nothing. */
static void zones_make(struct background *b, uint16_t *zone_of_step, const double *profile, size_t n)
{
	double most = 0, step;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, profile[i]);
	step = sqrt(most) / (ZONES - 1);
	for (unsigned z = 0; z < ZONES; z++)
		b->mean[z] = z * step * (z * step);
	for (size_t i = 0; i < n; i++)
		zone_of_step[i] = step > 0 ? (uint16_t)(sqrt(profile[i]) / step + 0.5) : 0;
	b->n_zones = ZONES;
}

int background_open(struct background **out, const struct background_config *config, const struct crystal_beam *beam, const uint32_t *mask)
{
	size_t n = steps_needed(beam), pixels = (size_t)beam->width * beam->height;
	struct background *b = calloc(1, sizeof *b);
	double *profile = malloc(n * sizeof *profile);
	uint16_t *zone_of_step = malloc(n * sizeof *zone_of_step);
	int error = -ENOMEM;

	*out = NULL;
	if (!b || !profile || !zone_of_step)
		goto done;
	b->zone = malloc(pixels * sizeof *b->zone);
	b->mean = malloc(ZONES * sizeof *b->mean);
	if (!b->zone || !b->mean)
		goto done;
	profile_make(profile, n, config, beam, mask);
	zones_make(b, zone_of_step, profile, n);
	error = b->mean[ZONES - 1] <= POISSON_MEAN_MAX / 4 ? 0 : -EINVAL; /* / 4: frames vary in brightness */
	for (uint32_t y = 0; y < beam->height; y++)
		for (uint32_t x = 0; x < beam->width; x++) {
			size_t i = (size_t)y * beam->width + x;

			b->zone[i] = mask[i] ? 0 : zone_of_step[step_of(beam, x, y)];
		}
done:
	free(profile);
	free(zone_of_step);
	if (error)
		background_close(&b);
	else
		*out = b;
	return error;
}

void background_close(struct background **background)
{
	struct background *b = *background;

	if (!b)
		return;
	free(b->zone);
	free(b->mean);
	free(b);
	*background = NULL;
}
